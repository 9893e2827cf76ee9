#!/usr/bin/env python3
"""Makes a multi-layer perceptron (Gemm and Relu, soft-max at the end) with seeded random weights as an ONNX file.

Why: the smallest real network; the project's first end-to-end tests and its latency figures use it.
"""
import argparse

from onnx_graph import FLOAT, OnnxGraph


def build(path, sizes, batch, seed):
    graph = OnnxGraph("mlp", seed)
    x = graph.input("x", FLOAT, [batch, sizes[0]])
    for layer, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        x = graph.op("Gemm", x, graph.weight(fan_in, fan_out, std=(2 / fan_in) ** 0.5), graph.weight(fan_out, std=0.01, prefix="bias"))
        if layer < len(sizes) - 2:
            x = graph.op("Relu", x)
    graph.output(graph.op("Softmax", x, axis=-1), "probs", FLOAT, [batch, sizes[-1]])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--sizes", default="784,512,512,10", help="layer sizes, input first (default %(default)s)")
    parser.add_argument("--batch", type=int, default=0, help="a fixed batch size; 0 (default) makes it symbolic, named 'batch'")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    build(arguments.out, [int(size) for size in arguments.sizes.split(",")], arguments.batch or "batch", arguments.seed)


if __name__ == "__main__":
    main()
