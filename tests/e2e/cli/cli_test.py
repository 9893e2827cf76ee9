#!/usr/bin/env python3
"""Drives the command `ingot` as a user does: every subcommand, its results, and every way of giving it bad input.

Why a script: exit status, the two output streams, files left behind and pipes are what users see. Standard library only.
"""
import argparse
import array
import json
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

INGOT = ""
FIXTURES = Path()
CODES = {"f4": "f", "f8": "d", "i8": "q"}


def write_npy(path, dtype, shape, values):
    header = f"{{'descr': '<{dtype}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    Path(path).write_bytes(data + array.array(CODES[dtype], values).tobytes())


def read_npy(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<H", data, 8)
    header = data[10 : 10 + length].decode()
    dtype = re.search(r"'descr': '<(\w+)'", header).group(1)
    shape = tuple(int(n) for n in re.search(r"'shape': \(([^)]*)\)", header).group(1).replace(",", " ").split())
    return dtype, shape, list(array.array(CODES[dtype], data[10 + length :]))


class CliTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="ingot-cli-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.work, self.scratch = self.root / "work", self.root / "scratch"
        self.work.mkdir()
        self.scratch.mkdir()
        self.env = dict(os.environ, INGOT_CACHE_DIR=str(self.root / "cache"), TMPDIR=str(self.scratch))
        self.mlp = str(FIXTURES / "mlp" / "model.onnx")

    def run_ingot(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 300, **options}
        return subprocess.run([INGOT, *map(str, arguments)], cwd=self.work, env=self.env, check=False, **options)

    def succeed(self, *arguments):
        """Standard output of a run that has to succeed and to leave no temporary files."""
        done = self.run_ingot(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(list(self.scratch.iterdir()), [])
        self.assertFalse([p for p in self.work.rglob("*") if ".tmp" in p.name])
        return done.stdout.decode()

    def succeed_json(self, *arguments):
        lines = self.succeed(*arguments, "--json").splitlines()
        return json.loads(lines[-1])

    def files(self):
        return {p.relative_to(self.work): p.read_bytes() if p.is_file() else None for p in self.work.rglob("*")}

    def fail_ingot(self, needles, *arguments):
        """A run that has to end with status 1 and one message that holds all `needles`, and change no file."""
        before = self.files()
        done = self.run_ingot(*arguments)
        message = done.stderr.decode()
        self.assertEqual(done.returncode, 1, f"{arguments}: {message}")
        self.assertEqual(done.stdout, b"", arguments)
        self.assertRegex(message, r"\Aingot: [^A-Z\n][^\n]*\n\Z", arguments)
        for needle in needles:
            self.assertIn(needle, message, arguments)
        self.assertEqual(self.files(), before, arguments)
        self.assertEqual(list(self.scratch.iterdir()), [], arguments)
        return message

    def write_x(self, name="x.npy", batch=3, columns=16, dtype="f4"):
        write_npy(self.work / name, dtype, (batch, columns), [math.sin(i) if dtype != "i8" else i for i in range(batch * columns)])
        return name

    def assert_close(self, actual, expected, tolerance=1e-5):
        self.assertEqual(len(actual), len(expected))
        for a, e in zip(actual, expected):
            self.assertLessEqual(abs(a - e), tolerance * max(1, abs(e)))


class Help(CliTest):
    def test_help_teaches(self):
        top = self.succeed("--help")
        for command in ("compile", "run", "bench", "inspect", "verify"):
            self.assertIn(command, top)
            text = self.succeed(command, "--help")
            self.assertIn("examples:", text)
            self.assertIn(f"ingot {command} ", text)
        self.assertRegex(self.succeed("--version"), r"\Aingot \d+\.\d+\.\d+\n\Z")

    def test_wrong_command_lines(self):
        self.fail_ingot(["subcommand", "ingot --help"])
        self.fail_ingot(["'convert'", "compile, run"], "convert", self.mlp)
        self.fail_ingot(["--fast", "ingot run --help"], "run", self.mlp, "--fast")
        self.fail_ingot(["model", "ingot run --help"], "run")
        self.fail_ingot(["--output"], "compile", self.mlp)
        self.fail_ingot(["--threads"], "run", self.mlp, "--threads", "many")
        self.fail_ingot(["--emit"], "compile", self.mlp, "-o", "mlp", "--emit=jpeg")
        self.fail_ingot(["--mode"], "verify", FIXTURES, "--mode=gpu")
        self.fail_ingot(["--precision"], "compile", self.mlp, "-o", "mlp", "--precision=fast")
        self.fail_ingot(["--weights"], "compile", self.mlp, "-o", "mlp", "--weights=cloud")

    def test_pipes(self):
        reader, writer = os.pipe()
        os.close(reader)  # nobody reads: no message, no signal
        done = self.run_ingot("inspect", self.mlp, stdout=writer)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        with open("/dev/full", "wb") as full:
            done = self.run_ingot("inspect", self.mlp, stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output", done.stderr)


class Inspect(CliTest):
    def test_json(self):
        facts = self.succeed_json("inspect", self.mlp)
        self.assertEqual(facts["inputs"], [{"name": "x", "dtype": "f32", "dims": ["batch", 16]}])
        self.assertEqual(facts["outputs"], [{"name": "probs", "dtype": "f32", "dims": ["batch", 10]}])
        self.assertEqual(list(facts["symbols"]), ["batch"])
        self.assertEqual((facts["parameters"], facts["parameter_bytes"]), (874, 4 * 874))
        self.assertEqual((facts["ops"]["matmul"], facts["onnx_ops"]["Gemm"]), (2, 2))
        self.assertEqual(facts["operations"], "1664 * batch")
        self.assertEqual(facts["unsupported"], [])

    def test_text_and_strict(self):
        text = self.succeed("inspect", self.mlp, "--strict")
        for line in ("  x  f32[batch, 16]", "  probs  f32[batch, 10]", "parameters: 874"):
            self.assertIn(line + "\n", text)

    def test_bind(self):
        facts = self.succeed_json("inspect", self.mlp, "--bind", "batch=4")
        self.assertEqual((facts["inputs"][0]["dims"], facts["symbols"]), ([4, 16], {}))
        self.fail_ingot(["--bind", "batch"], "inspect", self.mlp, "--bind", "batch")
        self.fail_ingot(["--bind batch=-1"], "inspect", self.mlp, "--bind", "batch=-1")

    def test_unsupported(self):
        # The same model with an op that nobody knows; names have equal lengths, so the file stays well formed.
        (self.work / "odd.onnx").write_bytes(Path(self.mlp).read_bytes().replace(b"Relu", b"Rxlu"))
        facts = self.succeed_json("inspect", "odd.onnx")
        self.assertEqual([part["op"] for part in facts["unsupported"]], ["Rxlu"])
        self.assertEqual(facts["inputs"][0]["dims"], ["batch", 16])
        self.assertIn("NOT SUPPORTED", self.succeed("inspect", "odd.onnx"))
        strict = self.run_ingot("inspect", "odd.onnx", "--strict")
        self.assertEqual(strict.returncode, 1)
        self.assertIn(b"--strict", strict.stderr)
        self.fail_ingot(["Rxlu", "node_Rxlu_6"], "compile", "odd.onnx", "-o", "odd")
        self.fail_ingot(["Rxlu"], "run", "odd.onnx", "--random=1", "--dim", "batch=1")

    def test_program(self):
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        facts = self.succeed_json("inspect", "mlp.so")
        self.assertEqual((facts["format"], facts["inputs"][0]["dims"]), ("program", ["batch", 16]))
        self.assertGreater(facts["steps"], 0)


class Run(CliTest):
    def test_every_way_gives_the_same_numbers(self):
        self.write_x()
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        self.succeed("run", self.mlp, "--input", "x=x.npy", "--interpreter", "--double", "--output", "exact")
        exact = read_npy(self.work / "exact" / "probs.npy")
        self.assertEqual(exact[:2], ("f8", (3, 10)))
        for number in range(3):
            self.assertAlmostEqual(sum(exact[2][10 * number : 10 * number + 10]), 1, places=6)
        ways = {"interpreter": [self.mlp, "--interpreter"], "jit": [self.mlp], "cached": [self.mlp], "fresh": [self.mlp, "--no-cache"]}
        ways.update({"one": [self.mlp, "--threads", 1], "aot": ["mlp.so"], "v3": [self.mlp, "--cpu", "x86-64-v3"]})
        for name, arguments in ways.items():
            with self.subTest(way=name):
                self.succeed("run", *arguments, "--input", "x=x.npy", "--output", name)
                dtype, shape, values = read_npy(self.work / name / "probs.npy")
                self.assertEqual((dtype, shape), ("f4", (3, 10)))
                self.assert_close(values, exact[2])

    def test_cache(self):
        first = self.succeed_json("run", self.mlp, "--random=1", "--dim", "batch=2")
        again = self.succeed_json("run", self.mlp, "--random=1", "--dim", "batch=2")
        fresh = self.succeed_json("run", self.mlp, "--random=1", "--dim", "batch=2", "--no-cache")
        self.assertEqual([r["from_cache"] for r in (first, again, fresh)], [False, True, False])
        self.assertEqual(first["outputs"], again["outputs"])
        self.assertEqual((self.root / "cache").stat().st_mode & 0o777, 0o700)

    def test_summaries(self):
        text = self.succeed("run", self.mlp, "--random=1", "--dim", "batch=2", "--interpreter")
        self.assertRegex(text, r"\Aprobs  f32\[2, 10\]  min \S+  max \S+  mean 0\.1  \[.*, \.\.\.\]\n\Z")
        facts = self.succeed_json("run", self.mlp, "--random=1", "--dim", "batch=2", "--interpreter", "--output", "out")
        self.assertEqual(facts["sizes"], {"batch": 2})
        self.assertEqual(facts["outputs"][0]["dims"], [2, 10])
        self.assertEqual(facts["outputs"][0]["file"], "out/probs.npy")

    def test_seeds(self):
        runs = [self.succeed("run", self.mlp, f"--random={seed}", "--dim", "batch=2", "--interpreter") for seed in (1, 1, 2)]
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_several_inputs_of_which_some_are_random(self):
        bert = FIXTURES / "bert_plain" / "model.onnx"
        write_npy(self.work / "ids.npy", "i8", (2, 5), [1] * 10)
        facts = self.succeed_json("run", bert, "--input", "input_ids=ids.npy", "--random=3", "--interpreter")
        self.assertEqual(facts["sizes"], {"batch": 2, "seq": 5})
        self.fail_ingot(["seq", "5", "7"], "run", bert, "--input", "input_ids=ids.npy", "--random=3", "--dim", "seq=7", "--interpreter")

    def test_weights_beside_a_program_in_another_directory(self):
        (self.work / "sub").mkdir()
        self.succeed("compile", self.mlp, "-o", "sub/mlp.so", "--weights=file")
        self.succeed("run", "sub/mlp.so", "--random=1", "--dim", "batch=2")
        (self.work / "sub" / "mlp.weights").unlink()
        self.fail_ingot(["mlp.weights"], "run", "sub/mlp.so", "--random=1", "--dim", "batch=2")


class Compile(CliTest):
    def test_kinds(self):
        magic = {"mlp.o": b"\x7fELF", "mlp.a": b"!<arch>", "mlp.so": b"\x7fELF", "mlp": b"\x7fELF"}
        for output in (*magic, "mlp.mlir", "mlp.ll", "mlp.s"):
            with self.subTest(output=output):
                facts = self.succeed_json("compile", self.mlp, "-o", output)
                self.assertEqual((facts["output"], facts["name"], facts["files"][0]), (output, "mlp", output))
                self.assertTrue((self.work / output).read_bytes().startswith(magic.get(output, b"")))
                self.assertEqual({str(p) for p in self.files()}, set(facts["files"]))
                for path in self.work.iterdir():
                    path.unlink()
        self.succeed("compile", self.mlp, "-o", "strange.name", "--emit=object", "--name=mlp")
        self.assertIn("ingot_program_mlp", (self.work / "strange.name.h").read_text())

    def test_executable_runs(self):
        self.write_x()
        self.succeed("compile", self.mlp, "-o", "mlp")
        done = subprocess.run([self.work / "mlp", "--input", "x=x.npy", "--output", "out"], cwd=self.work, check=False, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.succeed("run", self.mlp, "--input", "x=x.npy", "--interpreter", "--output", "exact")
        self.assert_close(read_npy(self.work / "out" / "probs.npy")[2], read_npy(self.work / "exact" / "probs.npy")[2])

    def test_twice_gives_the_same_bytes(self):
        for name in ("one", "two"):
            (self.work / name).mkdir()
            self.succeed("compile", self.mlp, "-o", f"{name}/mlp.o")
        self.assertEqual((self.work / "one/mlp.o").read_bytes(), (self.work / "two/mlp.o").read_bytes())

    def test_levels_and_statistics(self):
        facts = self.succeed_json("compile", self.mlp, "-o", "mlp.so", "--cpu=x86-64-v3,x86-64-v4", "--target=x86_64-linux-gnu")
        self.assertEqual(sorted(facts["cpu"]), ["x86-64-v3", "x86-64-v4"])
        self.assertGreater(facts["kernels"], 0)
        self.assertGreater(facts["weights_bytes"], 4 * 800)
        self.assertEqual(self.succeed_json("inspect", "mlp.so")["cpu"], ["x86-64-v4", "x86-64-v3"])

    def test_phases(self):
        for phase in ("import", "simplify", "fuse", "vector"):
            self.assertIn("func", self.succeed("compile", self.mlp, "-o", "-", f"--compile-to={phase}"))
        self.succeed("compile", self.mlp, "-o", "after", "--compile-to=fuse")
        self.assertIn("func", (self.work / "after").read_text())
        self.succeed("compile", self.mlp, "-o", "mlp.o", "--dump-phases=phases")
        self.assertGreaterEqual(len(list((self.work / "phases").iterdir())), 4)

    def test_bad_options(self):
        compile_mlp = ("compile", self.mlp, "-o")
        self.fail_ingot(["'riscv64-linux-gnu'", "x86_64-linux-gnu"], *compile_mlp, "mlp.o", "--target=riscv64-linux-gnu")
        self.fail_ingot(["'x86-64-v9'", "x86-64-v3"], *compile_mlp, "mlp.o", "--cpu=x86-64-v9")
        self.fail_ingot(["'melt'", "fuse"], *compile_mlp, "mlp.o", "--compile-to=melt")
        self.fail_ingot(["fuse", "--emit=mlir"], *compile_mlp, "mlp.o", "--compile-to=fuse")
        self.fail_ingot(["object"], *compile_mlp, "mlp.mlir", "--compile-to=object")
        self.fail_ingot(["'3d'", "identifier"], *compile_mlp, "mlp.o", "--name=3d")
        self.fail_ingot(["'mlp.exe'", "--emit"], *compile_mlp, "mlp.exe")
        self.fail_ingot(["standard output"], *compile_mlp, "-", "--json")
        self.fail_ingot(["-o -"], *compile_mlp, "-", "--emit=object")
        self.fail_ingot(["phases"], *compile_mlp, "mlp.o", "--dump-phases=/dev/null/phases")

    def test_unwritable_outputs(self):
        (self.work / "plain").write_text("a file")
        self.fail_ingot(["'missing'"], "compile", self.mlp, "-o", "missing/mlp.o")
        self.fail_ingot(["'plain'"], "compile", self.mlp, "-o", "plain/mlp.o")
        self.fail_ingot(["directory"], "compile", self.mlp, "-o", self.work)
        shutil.copy(self.mlp, self.work / "mlp.onnx")
        self.fail_ingot(["model itself"], "compile", "mlp.onnx", "-o", "mlp.onnx", "--emit=object")
        (self.work / "mlp.o").mkdir()
        self.fail_ingot(["mlp.o", "directory"], "compile", self.mlp, "-o", "mlp.o")
        # Of several files none is left when the place of one is taken.
        (self.work / "headed.o.h").mkdir()
        self.fail_ingot(["headed.o.h", "directory"], "compile", self.mlp, "-o", "headed.o", "--weights=file", "--name=headed")
        (self.work / "heavy.weights").mkdir()
        self.fail_ingot(["heavy.weights", "directory"], "compile", self.mlp, "-o", "heavy.o", "--weights=file", "--name=heavy")


class Library(CliTest):
    def test_onednn(self):
        arguments = ["--random", 1, "--dim", "batch=5", "--json"]
        plain = self.succeed_json("run", self.mlp, *arguments, "--output", "plain")
        library = self.succeed_json("run", self.mlp, *arguments, "--output", "library", "--library=onednn")
        self.assertFalse(library["from_cache"], "a program with library kernels is another one")
        self.assertEqual(plain["sizes"], library["sizes"])
        name = next((self.work / "plain").iterdir()).name
        ours, theirs = (read_npy(self.work / folder / name)[2] for folder in ("plain", "library"))
        self.assertTrue(ours)
        for x, y in zip(ours, theirs):
            self.assertAlmostEqual(x, y, delta=1e-5)
        profile = self.succeed_json("bench", self.mlp, "--library=onednn", "--dim", "batch=4", "--profile", "--seconds", "0.1")["profile"]
        self.assertEqual(sum(row["origin"] == "library" for row in profile), 2)

    def test_steps_are_counted(self):
        steps = self.succeed_json("verify", FIXTURES / "mlp", "--mode=jit", "--library=onednn")["steps"]
        self.assertGreater(steps["library"], 0)
        self.assertGreater(steps["generated"], 0)
        self.assertEqual(self.succeed_json("verify", FIXTURES / "mlp", "--mode=jit")["steps"]["library"], 0)

    def test_only_for_what_is_compiled_here(self):
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        self.fail_ingot(["--library", "compiled"], "run", "mlp.so", "--random", 1, "--library=onednn")
        self.fail_ingot(["--library", "--mode=jit"], "verify", FIXTURES / "mlp", "--mode=aot", "--library=onednn")


class Bench(CliTest):
    FIGURES = "compile_ms load_ms first_ms min_ms median_ms p10_ms p90_ms peak_rss_mb weights_mb gflops".split()

    def test_figures(self):
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        for model in (self.mlp, "mlp.so"):
            figures = self.succeed_json("bench", model, "--dim", "batch=8", "--seconds", "0.1", "--threads", 1)
            for key in self.FIGURES:
                self.assertGreaterEqual(figures[key], 0, key)
            self.assertLessEqual(figures["min_ms"], figures["p10_ms"])
            self.assertLessEqual(figures["p10_ms"], figures["median_ms"])
            self.assertLessEqual(figures["median_ms"], figures["p90_ms"])
            self.assertEqual(figures["threads"], 1)
            self.assertGreater(figures["gflops"], 0)
        self.assertRegex(self.succeed("bench", self.mlp, "--dim", "batch=8", "--seconds", "0.1"), r"median +\d+\.\d+ ms")

    def test_trace_and_profile(self):
        figures = self.succeed_json("bench", self.mlp, "--dim", "batch=8", "--seconds", "0.1", "--trace", "trace.json", "--profile")
        events = json.loads((self.work / "trace.json").read_text())["traceEvents"]
        self.assertEqual(len(events), len(figures["profile"]))
        self.assertTrue(all(event["ph"] == "X" and event["dur"] >= 0 for event in events))
        self.assertTrue(any("Gemm" in event["name"] for event in events))
        self.assertAlmostEqual(sum(row["share"] for row in figures["profile"]), 1, places=3)
        self.assertIn("share", self.succeed("bench", self.mlp, "--dim", "batch=8", "--seconds", "0.1", "--profile"))

    def test_bad_input(self):
        self.fail_ingot(["'batch'", "--dim batch=N"], "bench", self.mlp, "--seconds", "0.1")
        self.fail_ingot(["missing/trace.json"], "bench", self.mlp, "--dim", "batch=1", "--seconds", "0", "--json", "--trace", "missing/trace.json")


class Verify(CliTest):
    def copy_case(self, name="mlp"):
        shutil.copytree(FIXTURES / "mlp", self.work / name)
        return self.work / name

    def test_fixtures(self):
        for mode in ("interpreter", "jit", "aot"):
            with self.subTest(mode=mode):
                counts = self.succeed_json("verify", FIXTURES, f"--mode={mode}")
                self.assertEqual((counts["failed"], counts["skipped"]), (0, 0))
                self.assertGreaterEqual(counts["passed"], 7)
                self.assertGreater(counts["steps"]["reference" if mode == "interpreter" else "generated"], 0)
                self.assertEqual(list(self.work.iterdir()), [])

    def test_lines(self):
        lines = self.succeed("verify", FIXTURES / "mlp", "--verbose").splitlines()
        self.assertEqual(lines[0], f"passed {FIXTURES / 'mlp'}")
        self.assertRegex(lines[-2], r"\Asteps run: 0 generated, 0 library, 0 host, \d+ reference")
        self.assertEqual(lines[-1], "1 passed, 0 failed, 0 skipped")

    def test_failures_have_reasons(self):
        wrong = self.copy_case("wrong") / "test_data_set_1" / "output_0.pb"
        wrong.write_bytes(wrong.read_bytes()[:-2] + b"\x00\x41")
        (self.copy_case("short") / "test_data_set_0" / "input_0.pb").write_bytes(b"\x08\x02\x10\x01")
        (self.copy_case("broken") / "model.onnx").write_bytes(b"\x08\x07\x12")
        shutil.rmtree(self.copy_case("empty") / "test_data_set_0")
        for number in (1, 2):
            shutil.rmtree(self.work / "empty" / f"test_data_set_{number}")
        odd = self.copy_case("odd") / "model.onnx"
        odd.write_bytes(odd.read_bytes().replace(b"Relu", b"Rxlu"))
        for mode in ("interpreter", "jit", "aot"):
            done = self.run_ingot("verify", self.work, f"--mode={mode}", "--verbose", "--jobs", 2)
            lines = done.stdout.decode().splitlines()
            self.assertEqual(done.returncode, 1)
            self.assertEqual(lines[-1], "0 passed, 4 failed, 1 skipped")
            self.assertEqual([line.split(": ")[0].split("/")[-1] for line in lines[:5]], ["broken", "empty", "odd", "short", "wrong"])
            self.assertIn("test_data_set_1: output 'probs' 1 of 30 elements differ", lines[4])
            self.assertRegex(lines[2], r"\Askipped .*Rxlu")

    def test_tolerances(self):
        case = self.copy_case()
        self.assertEqual(self.succeed_json("verify", case, "--rtol", "1e-2")["passed"], 1)
        self.assertEqual(self.run_ingot("verify", case, "--rtol", "0", "--atol", "0").returncode, 1)

    def test_bad_paths(self):
        self.fail_ingot(["'nowhere'"], "verify", "nowhere")
        self.fail_ingot(["model.onnx"], "verify", self.work)


class BadInput(CliTest):
    def test_models(self):
        whole = Path(self.mlp).read_bytes()
        (self.work / "empty.onnx").write_bytes(b"")
        (self.work / "cut.onnx").write_bytes(whole[: len(whole) // 2])
        (self.work / "random.onnx").write_bytes(bytes((i * 7919 + i // 3) % 256 for i in range(5000)))
        (self.work / "random").write_bytes(bytes((i * 7919 + 5) % 256 for i in range(5000)))
        (self.work / "text.ingot").write_text("nodes { this is no graph")
        (self.work / "fake.so").write_text("not an object")
        (self.work / "cut.so").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
        (self.work / "folder.onnx").mkdir()
        names = [p.name for p in self.work.iterdir()] + ["missing.onnx", "missing.so"]
        for name in names:
            self.fail_ingot([name], "inspect", name)
            self.fail_ingot([name], "compile", name, "-o", "out.o")
            self.fail_ingot([name], "run", name, "--random=1", "--dim", "batch=1")
            self.fail_ingot([name], "bench", name, "--dim", "batch=1")
        for length in range(0, len(whole), 97):
            (self.work / "cut.onnx").write_bytes(whole[:length])
            self.fail_ingot(["cut.onnx"], "inspect", "cut.onnx")

    def test_inputs(self):
        self.write_x()
        self.write_x("wide.npy", columns=17)
        self.write_x("double.npy", dtype="f8")
        self.write_x("whole.npy", dtype="i8")
        write_npy(self.work / "flat.npy", "f4", (16,), [0.0] * 16)
        (self.work / "cut.npy").write_bytes((self.work / "x.npy").read_bytes()[:-1])
        (self.work / "random.npy").write_bytes(b"\x93NUMPX" + bytes(200))
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        for model in ([self.mlp, "--interpreter"], [self.mlp], ["mlp.so"]):
            run = ("run", *model, "--output", "out", "--input")
            self.fail_ingot(["'y'", "'x'"], *run, "y=x.npy")
            self.fail_ingot(["'x'", "17"], *run, "x=wide.npy")
            self.fail_ingot(["'x'", "f64", "double.npy"], *run, "x=double.npy")
            self.fail_ingot(["'x'", "i64"], *run, "x=whole.npy")
            self.fail_ingot(["'x'", "f32[16]"], *run, "x=flat.npy")
            self.fail_ingot(["'x'", "cut.npy"], *run, "x=cut.npy")
            self.fail_ingot(["'x'", "random.npy"], *run, "x=random.npy")
            self.fail_ingot(["'x'", "missing.npy"], *run, "x=missing.npy")
            self.fail_ingot(["'x'", "twice"], *run, "x=x.npy", "--input", "x=x.npy")
            self.fail_ingot(["x.npy", "NAME=VALUE"], *run, "x.npy")
            self.fail_ingot(["batch", "3", "5"], *run, "x=x.npy", "--dim", "batch=5")
            self.fail_ingot(["'x'", "--random"], *run[:-1])

    def test_dims(self):
        run = ("run", self.mlp, "--interpreter", "--random=1", "--dim")
        self.fail_ingot(["batch"], *run[:-1])
        self.fail_ingot(["'rows'", "'batch'"], *run, "rows=1")
        self.fail_ingot(["batch"], *run, "batch")
        self.fail_ingot(["batch=x"], *run, "batch=x")
        self.fail_ingot(["batch=-1"], *run, "batch=-1")
        self.fail_ingot(["batch"], *run, "batch=99999999999999999999")
        self.fail_ingot(["'batch'", "99999999999"], *run, "batch=99999999999")
        self.fail_ingot(["batch=2", "once"], *run, "batch=1", "--dim", "batch=2")
        self.fail_ingot([], *run, "batch=2147483648")  # more memory than there is reason for

    def test_outputs(self):
        self.write_x()
        (self.work / "plain").write_text("a file")
        run = ("run", self.mlp, "--interpreter", "--input", "x=x.npy", "--output")
        self.fail_ingot(["plain"], *run, "plain")
        self.fail_ingot(["missing/out"], *run, "missing/out")
        (self.work / "out" / "probs.npy").mkdir(parents=True)
        self.fail_ingot(["probs.npy"], *run, "out")
        self.write_x("probs.npy")
        self.fail_ingot(["probs.npy", "--output"], "run", self.mlp, "--interpreter", "--input", "x=probs.npy", "--output", ".")

    def test_contradictions(self):
        self.succeed("compile", self.mlp, "-o", "mlp.so")
        self.succeed("compile", self.mlp, "-o", "mlp.o")
        self.succeed("compile", self.mlp, "-o", "mlp")
        self.fail_ingot(["--double", "--interpreter"], "run", self.mlp, "--random=1", "--dim", "batch=1", "--double")
        self.fail_ingot(["--interpreter", "mlp.so"], "run", "mlp.so", "--random=1", "--dim", "batch=1", "--interpreter")
        self.fail_ingot(["mlp.so", "model"], "compile", "mlp.so", "-o", "again.so")
        self.fail_ingot(["--bind"], "run", "mlp.so", "--random=1", "--dim", "batch=1", "--bind", "batch=1")
        self.fail_ingot(["'x86-64-v9'"], "run", "mlp.so", "--random=1", "--dim", "batch=1", "--cpu=x86-64-v9")
        self.fail_ingot(["'x86-64-v9'"], "run", self.mlp, "--random=1", "--dim", "batch=1", "--cpu=x86-64-v9")
        self.fail_ingot(["mlp.o", "linked"], "run", "mlp.o", "--random=1", "--dim", "batch=1")
        self.fail_ingot(["'mlp'", "executables"], "run", "mlp", "--random=1", "--dim", "batch=1")
        whole = (self.work / "mlp.so").read_bytes()
        (self.work / "mlp.so").write_bytes(whole[: len(whole) // 2])
        self.fail_ingot(["mlp.so", "truncated"], "run", "mlp.so", "--random=1", "--dim", "batch=1")


def main(tests="__main__"):
    global INGOT, FIXTURES
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ingot", required=True, help="the command to test")
    parser.add_argument("--fixtures", required=True, type=Path, help="tests/models/fixtures")
    options, rest = parser.parse_known_args()
    INGOT, FIXTURES = os.path.abspath(options.ingot), options.fixtures.resolve()
    unittest.main(tests, argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
