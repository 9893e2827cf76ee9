"""Runs docs/examples/builder, then the program it compiled. usage: check_xor.py FOLDER (where the example was built)"""
import os
import subprocess
import sys

import npy


def main():
    folder = sys.argv[1]
    for name in ("xor", "xor.ingot", "y.npy"):
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    subprocess.run(["./make_xor"], cwd=folder, check=True, timeout=120)
    npy.write(os.path.join(folder, "x.npy"), (4, 2), [0, 0, 0, 1, 1, 0, 1, 1])
    subprocess.run(["./xor", "x.npy"], cwd=folder, check=True, timeout=60)
    shape, values = npy.read(os.path.join(folder, "y.npy"))
    assert (shape, values) == ((4, 1), [0, 1, 1, 0]), (shape, values)
    print("0^0, 0^1, 1^0, 1^1 =", values)


if __name__ == "__main__":
    main()
