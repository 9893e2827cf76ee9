"""Runs ONNX's own node tests through `ingot verify` and compares the failures with the ones known to lie in the test data.

usage: conformance.py INGOT [--mode MODE] [--data DIR]

The data comes with Debian's libonnx-testdata. A case that fails and is not listed here fails this test; so does a listed case that passes.
"""
import argparse
import glob
import json
import os
import subprocess
import sys

# Faults of the data: four inputs whose shape is not the one the model declares, and one output that was truncated instead of rounded.
FAULTY = {
    "test_cast_FLOAT_to_BFLOAT16",
    "test_castlike_BFLOAT16_to_FLOAT",
    "test_castlike_BFLOAT16_to_FLOAT_expanded",
    "test_castlike_FLOAT_to_BFLOAT16",
    "test_castlike_FLOAT_to_BFLOAT16_expanded",
}
# Cases that must run: fewer means that the importer lost something.
AT_LEAST = 515


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ingot")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--data", default="/usr/share/libonnx-testdata/data/node")
    args = parser.parse_args()
    cases = sorted(glob.glob(os.path.join(args.data, "test_*")))
    if not cases:
        sys.exit(f"conformance: no test cases in {args.data}; install Debian's libonnx-testdata")
    run = subprocess.run([args.ingot, "verify", "--mode", args.mode, "--jobs", "2", "--json", *cases], capture_output=True, text=True)
    totals = json.loads([line for line in run.stdout.splitlines() if line.startswith("{")][-1])
    failed = {os.path.basename(failure["case"]) for failure in totals["failures"]}
    print({key: totals[key] for key in ("mode", "passed", "failed", "skipped", "steps")})
    unexpected, vanished = sorted(failed - FAULTY), sorted(FAULTY - failed)
    for name in unexpected:
        print("FAILED", name)
    for name in vanished:
        print("PASSED although listed as faulty:", name)
    if totals["passed"] < AT_LEAST:
        print(f"only {totals['passed']} cases passed; {AT_LEAST} did before")
    sys.exit(1 if unexpected or vanished or totals["passed"] < AT_LEAST else 0)


if __name__ == "__main__":
    main()
