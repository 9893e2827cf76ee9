#!/usr/bin/env python3
"""Writes a comparison case: seeded inputs as .npy files and what ONNX Runtime makes of them in single precision.

Why: Ingot's output and its interpreter's are judged against ONNX Runtime's own error on the same inputs (compare.py).
Writes DIR/input_NAME.npy and DIR/ort_NAME.npy; prints one line per file.
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from model_inputs import InputError, declared_inputs, file_name, make_inputs, parse_pairs


def open_session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--dim", "--dims", action="append", default=[], metavar="NAME=N[,NAME=N...]", help="sizes of the symbolic dims")
    parser.add_argument("--max", action="append", default=[], metavar="NAME=N", help="integers of input NAME are below N (default 50)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args()
    try:
        session = open_session(arguments.model, arguments.threads)
        inputs = make_inputs(declared_inputs(session), parse_pairs(arguments.dim), arguments.seed, parse_pairs(arguments.max))
    except InputError as error:
        sys.exit(f"ort_case: error: {error}")
    outputs = dict(zip((value.name for value in session.get_outputs()), session.run(None, inputs)))
    arguments.output.mkdir(parents=True, exist_ok=True)
    for prefix, arrays in (("input", inputs), ("ort", outputs)):
        for name, array in arrays.items():
            path = arguments.output / f"{prefix}_{file_name(name)}.npy"
            np.save(path, np.ascontiguousarray(array))
            print(f"{path}: {array.dtype} {list(array.shape)}")


if __name__ == "__main__":
    main()
