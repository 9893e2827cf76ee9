#!/usr/bin/env python3
"""Judges one output: Ingot's and ONNX Runtime's errors against the same double-precision reference.

Why: "close enough" needs a yardstick that does not depend on the network. Ingot's largest and RMS error may each be at most twice ONNX
Runtime's own; below 1e-7 of the output's RMS an error counts as none, since single precision cannot tell. Exit status 1 if Ingot is worse.
"""
import argparse
import json
import sys

import numpy as np

FLOOR = 1e-7  # relative to the RMS of the reference


def errors_of(output, reference):
    difference = np.abs(output.astype(np.float64) - reference)
    return {"max": float(difference.max(initial=0.0)), "rms": float(np.sqrt(np.mean(difference**2))) if difference.size else 0.0}


def judge(ours, peer, reference, limit=2.0):
    """Returns the figures and verdict; `problem` says why when shapes or values make a comparison senseless."""
    reference = reference.astype(np.float64)
    scale = float(np.sqrt(np.mean(reference**2))) if reference.size else 0.0
    result = {"shape": list(ours.shape), "dtype": str(ours.dtype), "reference_rms": scale, "limit": limit, "passed": False, "problem": None}
    for name, array in (("ingot", ours), ("onnxruntime", peer)):
        if array.shape != reference.shape:
            result["problem"] = f"{name} has shape {list(array.shape)}, the reference {list(reference.shape)}"
            return result
        if not np.array_equal(np.isfinite(array), np.isfinite(reference)):
            result["problem"] = f"{name} is not finite where the reference is (or the reverse)"
            return result
    finite = np.isfinite(reference)
    mine, theirs = errors_of(ours[finite], reference[finite]), errors_of(peer[finite], reference[finite])
    result.update(ingot=mine, onnxruntime=theirs, ratio={}, passed=True)
    for kind in ("max", "rms"):
        floor = FLOOR * scale
        result["ratio"][kind] = mine[kind] / theirs[kind] if theirs[kind] > 0 else (0.0 if mine[kind] <= floor else None)
        result["passed"] &= mine[kind] <= max(limit * theirs[kind], floor)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours", metavar="INGOT.npy")
    parser.add_argument("peer", metavar="ORT.npy")
    parser.add_argument("reference", metavar="REFERENCE.npy", help="the interpreter's output in double precision")
    parser.add_argument("--limit", type=float, default=2.0, help="largest allowed ratio of errors (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    arguments = parser.parse_args()
    ours, peer, reference = (np.load(path, allow_pickle=False) for path in (arguments.ours, arguments.peer, arguments.reference))
    result = judge(ours, peer, reference, arguments.limit)
    if arguments.json:
        print(json.dumps(result))
    elif result["problem"]:
        print(f"FAIL {arguments.ours}: {result['problem']}")
    else:
        for kind in ("max", "rms"):
            ratio = result["ratio"][kind]
            shown = "inf" if ratio is None else f"{ratio:.2f}"
            print(f"{kind} error: ingot {result['ingot'][kind]:.3e}, onnxruntime {result['onnxruntime'][kind]:.3e}, ratio {shown}")
        print(f"{'pass' if result['passed'] else 'FAIL'} (limit {arguments.limit}, rms of the output {result['reference_rms']:.3e})")
    sys.exit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
