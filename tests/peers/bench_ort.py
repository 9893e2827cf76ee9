#!/usr/bin/env python3
"""Times ONNX Runtime on a model with seeded inputs: the peer's side of docs/performance.md.

Why: figures are ratios taken in one run against a peer with all its optimisations on (bench_vs.py alternates this with `ingot bench`).
With --json the last line is one object whose keys are those of `ingot bench --json` where they make sense here.
"""
import argparse
import json
import resource
import sys
import time

import numpy as np
from model_inputs import InputError, declared_inputs, make_inputs, parse_pairs
from onnxruntime import OrtValue
from ort_case import open_session

MINIMUM_RUNS = 5


def milliseconds(action):
    begin = time.perf_counter()
    result = action()
    return result, 1e3 * (time.perf_counter() - begin)


def measure(run, seconds):
    """Times of single runs, in ms: at least MINIMUM_RUNS, for about `seconds`; the first tenth of them is warm-up and dropped."""
    times, deadline = [], time.perf_counter() + seconds
    while len(times) < MINIMUM_RUNS or time.perf_counter() < deadline:
        times.append(milliseconds(run)[1])
    return np.array(times[len(times) // 10 :])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--dim", "--dims", action="append", default=[], metavar="NAME=N[,NAME=N...]", help="sizes of the symbolic dims")
    parser.add_argument("--max", action="append", default=[], metavar="NAME=N", help="integers of input NAME are below N (default 50)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    session, load_ms = milliseconds(lambda: open_session(arguments.model, arguments.threads))
    try:
        inputs = make_inputs(declared_inputs(session), parse_pairs(arguments.dim), arguments.seed, parse_pairs(arguments.max))
    except InputError as error:
        sys.exit(f"bench_ort: error: {error}")
    # Bound once: neither side pays for converting arguments on every run.
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_ortvalue_input(name, OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array)))
    for value in session.get_outputs():
        binding.bind_output(value.name)
    run = lambda: session.run_with_iobinding(binding)
    _, first_ms = milliseconds(run)
    times = measure(run, arguments.seconds)
    result = {
        "load_ms": load_ms,
        "first_ms": first_ms,
        "min_ms": float(times.min()),
        "median_ms": float(np.median(times)),
        "p10_ms": float(np.percentile(times, 10)),
        "p90_ms": float(np.percentile(times, 90)),
        "runs": len(times),
        "threads": arguments.threads,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"min {result['min_ms']:.4f} ms, median {result['median_ms']:.4f} ms over {len(times)} runs, load {load_ms:.1f} ms")


if __name__ == "__main__":
    main()
