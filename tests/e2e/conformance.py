"""Runs ONNX's own node tests through `ingot verify` and compares the failures with the ones known to lie in the test data.

usage: conformance.py INGOT [--mode MODE] [--device DEVICE] [--data DIR] [--constants] [--reasons]

The data comes with Debian's libonnx-testdata. A case that fails and is not listed here fails this test; so does a listed case that passes.
--constants runs the cases whose shapes, axes and counts are inputs of the graph again, with those made constants (conformance_constants.py).
--reasons lists what was skipped and why.
"""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from conformance_constants import write_variants

# Two divide by a size before it is rounded, against the text of the operator; ONNX Runtime and PyTorch have it as the text.
FAULTY_RESIZE = {"test_resize_downsample_scales_cubic_align_corners", "test_resize_downsample_scales_linear_align_corners"}
# Faults of the data: four inputs whose shape is not the one the model declares, one output that was truncated instead of rounded, and an
# epsilon that the outputs were computed with but the model lacks.
FAULTY = {
    "test_adam_multiple",
    "test_cast_FLOAT_to_BFLOAT16",
    "test_castlike_BFLOAT16_to_FLOAT",
    "test_castlike_BFLOAT16_to_FLOAT_expanded",
    "test_castlike_FLOAT_to_BFLOAT16",
    "test_castlike_FLOAT_to_BFLOAT16_expanded",
} | FAULTY_RESIZE  # fmt: skip
# The interpreter keeps doubles between ops, so -2.5 / (5 / 255) is -127.5 exactly, which f32 is not, and rounds the other way.
BETWEEN_ROUNDINGS = {"test_dynamicquantizelinear", "test_dynamicquantizelinear_expanded"}
# One declares a size of 0, which stands for an unknown one, and then needs it to be 0.
FAULTY_CONSTANTS = {"test_split_zero_size_splits"} | FAULTY_RESIZE
# Cases that must run: fewer means that the importer lost something.
AT_LEAST, AT_LEAST_CONSTANTS = 882, 100


def verify(arguments, cases):
    device = ["--device", arguments.device] if arguments.device else []
    run = subprocess.run([arguments.ingot, "verify", "--mode", arguments.mode, *device, "--jobs", "2", "--json", *cases], capture_output=True, text=True)
    return json.loads([line for line in run.stdout.splitlines() if line.startswith("{")][-1])


def print_reasons(skips):
    cases = collections.defaultdict(list)
    for skip in skips:
        reason = re.sub(r"^'[^']*': ", "", skip["reason"])
        cases[re.sub(r"\b(node|input|tensor) '[^']*'", r"\1", reason)].append(os.path.basename(skip["case"])[5:])
    for reason, names in sorted(cases.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(names):4} {reason}: {' '.join(names)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ingot")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--device", default="")
    parser.add_argument("--data", default="/usr/share/libonnx-testdata/data/node")
    parser.add_argument("--constants", action="store_true")
    parser.add_argument("--reasons", action="store_true")
    arguments = parser.parse_args()
    cases = sorted(glob.glob(os.path.join(arguments.data, "test_*")))
    if not cases:
        sys.exit(f"conformance: no test cases in {arguments.data}; install Debian's libonnx-testdata")
    with tempfile.TemporaryDirectory() as folder:
        totals = verify(arguments, write_variants(cases, folder) if arguments.constants else cases)
    known = FAULTY_CONSTANTS if arguments.constants else FAULTY | (BETWEEN_ROUNDINGS if arguments.mode == "interpreter" else set())
    at_least = AT_LEAST_CONSTANTS if arguments.constants else AT_LEAST
    failed = {os.path.basename(failure["case"]) for failure in totals["failures"]}
    print({key: totals[key] for key in ("mode", "passed", "failed", "skipped", "steps")})
    if arguments.reasons:
        print_reasons(totals["skips"])
    unexpected, vanished = sorted(failed - known), sorted(known - failed)
    for name in unexpected:
        print("FAILED", name)
    for name in vanished:
        print("PASSED although listed as faulty:", name)
    if totals["passed"] < at_least:
        print(f"only {totals['passed']} cases passed; {at_least} did before")
    sys.exit(1 if unexpected or vanished or totals["passed"] < at_least else 0)


if __name__ == "__main__":
    main()
