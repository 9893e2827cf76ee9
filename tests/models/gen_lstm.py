#!/usr/bin/env python3
"""Makes one LSTM layer with seeded random weights as an ONNX file: its input, and what each step gives.

Why: recurrent models are products of few rows, one behind the other, where fusion and start-up costs show.
"""
import argparse

from onnx_graph import FLOAT, OnnxGraph


def build(path, width, hidden, seed):
    graph = OnnxGraph(f"lstm_{width}x{hidden}", seed)
    x = graph.input("x", FLOAT, ["steps", "batch", width])
    kernel, recurrent = graph.weight(1, 4 * hidden, width, std=width**-0.5), graph.weight(1, 4 * hidden, hidden, std=hidden**-0.5)
    y = graph.op("LSTM", x, kernel, recurrent, graph.weight(1, 8 * hidden, prefix="bias"), hidden_size=hidden)
    graph.output(graph.op("Squeeze", y, graph.ints([1])), "y", FLOAT, ["steps", "batch", hidden])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    build(args.out, args.width, args.hidden, args.seed)


if __name__ == "__main__":
    main()
