"""Compares docs/examples/aot with the reference interpreter, and reads what the program needs.

usage: check_mlp.py FOLDER INGOT MODEL.onnx READELF (FOLDER: where the example was built)
"""
import os
import re
import subprocess
import sys

import npy


def run(*command, **options):
    return subprocess.run(command, check=True, timeout=120, stdout=subprocess.PIPE, text=True, **options).stdout


def main():
    folder, ingot, model, readelf = sys.argv[1:]
    printed = [[float(word) for word in line.split()] for line in run("./mlp", cwd=folder).splitlines()]
    # The same input as in main.c.
    rows = [[0.0] * 16, [1.0, -1.0, 1.0, -1.0] + [0.0] * 12, [0.5, 0.25] + [0.0] * 14]
    npy.write(os.path.join(folder, "x.npy"), (3, 16), sum(rows, []))
    run(ingot, "run", model, "--interpreter", "--input", "x=" + os.path.join(folder, "x.npy"), "--output", os.path.join(folder, "expected"))
    shape, expected = npy.read(os.path.join(folder, "expected", "probs.npy"))
    assert shape == (3, 10) and [len(row) for row in printed] == [10, 10, 10], (shape, printed)
    worst = max(abs(a - b) for a, b in zip(sum(printed, []), expected))
    assert worst < 2e-6, f"largest difference {worst}"
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", run(readelf, "-d", os.path.join(folder, "mlp"))))
    assert needed <= {"libc.so.6", "libm.so.6"}, needed
    print(f"30 values, largest difference {worst:.1e}; needs {', '.join(sorted(needed))}")


if __name__ == "__main__":
    main()
