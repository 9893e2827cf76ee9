"""The package for a machine with a GPU, made, unpacked elsewhere and run on the stand-in with an empty environment.
usage: bundle_test.py ROOT BUILD

Looked at: its size, what its program needs of a system, that every part of `./check` ran and said that it is no
hardware, and that a wrong layout shows.
"""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import ptxas

ROOT, BUILD = Path(), Path()
LIMIT = 60 << 20
LIBRARIES = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
GLIBC = (2, 35)  # Ubuntu 22.04's


def output(*command, **options):
    return subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = Path(tempfile.mkdtemp(prefix="ingot-bundle-"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        made = output(ROOT / "tools" / "gpu" / "bundle", "--build", BUILD, "--out", cls.work, "--level", 1)
        if made.returncode:
            raise AssertionError(made.stdout)
        print(made.stdout)
        (cls.package,) = cls.work.glob("ingot-gpu-*.tar.xz")
        with tarfile.open(cls.package) as archive:
            archive.extractall(cls.work)
        (cls.folder,) = (path for path in cls.work.glob("ingot-gpu-*") if path.is_dir())

    def test_size(self):
        self.assertLess(self.package.stat().st_size, LIMIT)

    def test_needs_libc_alone(self):
        program = self.folder / "bin" / "ingot_gpu"
        needed = re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", program).stdout)
        self.assertLessEqual(set(needed), LIBRARIES)
        versions = re.findall(r"GLIBC_(\d+)\.(\d+)", output("objdump", "-T", program).stdout)
        self.assertLessEqual(max(tuple(map(int, version)) for version in versions), GLIBC)

    def test_check_emulated(self):
        done = output(self.folder / "check", "--emulated", "--jobs", 2, cwd=self.work, env={"TMPDIR": str(self.work)})
        self.assertEqual(done.returncode, 0, done.stdout)
        results = json.loads((self.work / "results" / "results.json").read_text())
        self.assertEqual(
            (list(results["parts"]), results["failed"], results["emulated"]),
            (["layouts", "ops", "models", "speed"], False, True),
        )
        for name, part in results["parts"].items():
            self.assertGreater(len(part["rows"]), 5, name)
            self.assertFalse([row for row in part["rows"] if row.get("result") is False], name)
        text = (self.work / "results" / "results.md").read_text()
        self.assertEqual(text.count("not run on hardware"), 1 + len(results["parts"]))
        self.assertFalse(re.search(r"\d (ms|TFLOP|GB/s)", text), "the emulator's times are no figures")

    def test_check_without_gpu(self):
        try:
            ctypes.CDLL("libcuda.so.1")
            self.skipTest("there is a driver here")
        except OSError:
            pass
        done = output(self.folder / "check", "--only", "layouts,models", "--out", self.work / "none", env={})
        self.assertEqual(done.returncode, 1)
        self.assertIn("not run on hardware", done.stdout)
        self.assertIn("no CUDA driver", done.stdout)

    def test_wrong_layout_shows(self):
        """Two registers of A the wrong way round, and matrices transposed that are not."""
        wrong = f"""
import sys
sys.path.insert(0, {str(self.folder / 'checks')!r})
import layouts
fragment, kernels = layouts.Mma.fragment_a, layouts.KERNELS
def swapped(self, a):
    right = fragment(self, a)
    right[0], right[self.per_register] = right[self.per_register], right[0]
    return right
layouts.Mma.fragment_a = swapped
for kernel in kernels:
    if isinstance(kernel, layouts.Ldmatrix):
        kernel.transposed = not kernel.transposed
layouts.main()
"""
        lib = self.folder / "lib"
        words = ["--emulator", lib / "libingot_gpu_emulator.so", "--twins", lib / "libingot_gpu_layout_twins.so"]
        done = output(sys.executable, "-B", "-c", wrong, *words)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertEqual({row["name"]: row["passed"] for row in rows if row["passed"]}, {}, done.stdout)
        self.assertEqual((len(rows), done.returncode), (12, 1))
        self.assertIn("lane", rows[0]["why"])

    def test_ptx_of_layouts(self):
        tool = ptxas.find_ptxas()
        if tool is None:
            self.skipTest("there is no ptxas here")
        (self.work / "layouts.ptx").write_text(
            output(sys.executable, "-B", self.folder / "checks" / "layouts.py", "--ptx").stdout
        )
        for architecture in ptxas.ARCHITECTURES:
            done = output(tool, f"-arch={architecture}", self.work / "layouts.ptx", "-o", os.devnull)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    ROOT, BUILD = Path(sys.argv[1]), Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])
