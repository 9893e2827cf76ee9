#!/usr/bin/env python3
"""Makes a chain of equal or of different blocks (matrix product, reduction, sum) with seeded random weights as an ONNX file.

Why: compile time should follow the number of blocks; a chain has nothing else in it. `--different` gives every block a width of its own,
so that no kernel is shared; wider ones take longer, so that chains of other lengths compare where --among spreads both over the same widths.
"""
import argparse

from onnx_graph import FLOAT, OnnxGraph

COLUMNS, WIDTH = 16, 24


def build(path, blocks, different, among, seed):
    graph = OnnxGraph("blocks", seed)
    x = graph.input("x", FLOAT, ["batch", COLUMNS])
    axis = graph.ints([-1])
    shared = graph.weight(COLUMNS, WIDTH)
    for block in range(blocks):
        weight = graph.weight(COLUMNS, WIDTH + block * max(1, among // blocks)) if different else shared
        x = graph.op("Add", x, graph.op("ReduceSum", graph.op("MatMul", x, weight), axis, keepdims=1))
    graph.output(x, "y", FLOAT, ["batch", COLUMNS])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--blocks", type=int, default=100, help="how many (default %(default)s)")
    parser.add_argument("--different", action="store_true", help="a width of its own for every block")
    parser.add_argument("--among", type=int, default=0, metavar="N", help="the widths of N different blocks, evenly")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    build(arguments.out, arguments.blocks, arguments.different, arguments.among, arguments.seed)


if __name__ == "__main__":
    main()
