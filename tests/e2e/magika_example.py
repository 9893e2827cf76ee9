#!/usr/bin/env python3
"""README's main job, whole: builds docs/examples/magika with its own CMake project and compares the program with the magika package.

Why: a real trained model on real input, as a user builds it. Needs the model (tools/scripts/fetch_magika.sh) and the magika package.
"""
import re
import sys

import support

MODEL = support.ROOT / "build" / "models" / "magika"


def check(setup, report):
    if not (MODEL / "model.onnx").exists():
        raise support.Problem(f"{MODEL}/model.onnx does not exist: run tools/scripts/fetch_magika.sh")
    source, build = support.ROOT / "docs" / "examples" / "magika", setup.work / "magika"
    setup.run("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DINGOT={setup.build}", f"-DMODEL={MODEL}")
    setup.run("cmake", "--build", build)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", setup.run("readelf", "-d", build / "magika").stdout)
    report.check(set(needed) <= {"libc.so.6", "libm.so.6"}, f"magika needs {' '.join(needed)}")
    script = support.ROOT / "tests" / "peers" / "magika_agreement.py"
    done = setup.run(sys.executable, script, build / "magika", "--work", setup.work / "agreement", status=None)
    for line in done.stdout.splitlines():
        report.note(line)
    lines = done.stdout.splitlines() or [done.stderr.strip()]
    report.check(done.returncode == 0, f"magika_agreement: {lines[-1]}")
    return lines[-1]


if __name__ == "__main__":
    support.main(__doc__, check)
