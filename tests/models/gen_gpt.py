#!/usr/bin/env python3
"""Makes one step of a GPT-2-shaped decoder with seeded random weights as an ONNX file: one token per sequence, and the keys and values of `past` earlier ones.

Why: generating text is this step over and over. Keys and values come as inputs and leave with one row more, as exporters write it.
"""
import argparse

import numpy as np
from onnx_graph import FLOAT, INT64, OnnxGraph

PRESETS = {  # layers, hidden, heads, vocabulary, positions
    "tiny": (2, 32, 4, 50, 50),
    "gpt2": (12, 768, 12, 50257, 1024),
}


def build(path, layers, hidden, heads, vocabulary, positions, seed):
    graph = OnnxGraph(f"gpt_step_{layers}x{hidden}", seed)
    op, ints, scalar = graph.op, graph.ints, graph.scalar
    depth = hidden // heads
    ids = graph.input("input_ids", INT64, ["batch", 1])
    places = graph.input("position_ids", INT64, ["batch", 1])

    def norm(x):
        scale = graph.constant(graph.rng.uniform(0.7, 1.3, hidden).astype(np.float32), "norm_scale")
        return op("LayerNormalization", x, scale, graph.weight(hidden, prefix="norm_bias"), axis=-1, epsilon=1e-5)

    def linear(x, fan_in, fan_out):
        return op("Add", op("MatMul", x, graph.weight(fan_in, fan_out, std=fan_in**-0.5)), graph.weight(fan_out, prefix="bias"))

    def split(x):
        return op("Transpose", op("Reshape", x, ints([0, 0, heads, depth])), perm=[0, 2, 1, 3])

    def gelu(x):
        cube = op("Mul", op("Mul", x, x), x)
        inner = op("Mul", op("Add", x, op("Mul", cube, scalar(0.044715))), scalar(0.7978845608028654))
        return op("Mul", op("Mul", x, scalar(0.5)), op("Add", op("Tanh", inner), scalar(1.0)))

    embedding = graph.weight(vocabulary, hidden, std=1.0, prefix="embedding")
    x = op("Add", op("Gather", embedding, ids), op("Gather", graph.weight(positions, hidden, prefix="positions"), places))
    kept = []
    for layer in range(layers):
        y = norm(x)
        query, key, value = (split(linear(y, hidden, hidden)) for _ in range(3))
        rows = []
        for name, new in (("key", key), ("value", value)):
            past = graph.input(f"past_{name}_{layer}", FLOAT, ["batch", heads, "past", depth])
            rows.append(op("Concat", past, new, axis=2))
            kept.append((rows[-1], f"{name}_{layer}"))
        scores = op("Mul", op("MatMul", query, op("Transpose", rows[0], perm=[0, 1, 3, 2])), scalar(depth**-0.5))
        mixed = op("MatMul", op("Softmax", scores, axis=-1), rows[1])
        x = op("Add", x, linear(op("Reshape", op("Transpose", mixed, perm=[0, 2, 1, 3]), ints([0, 0, hidden])), hidden, hidden))
        x = op("Add", x, linear(gelu(linear(norm(x), hidden, 4 * hidden)), 4 * hidden, hidden))
    graph.output(op("MatMul", norm(x), graph.weight(hidden, vocabulary, std=hidden**-0.5)), "logits", FLOAT, ["batch", 1, vocabulary])
    for value, name in kept:
        graph.output(value, name, FLOAT, ["batch", heads, "past + 1", depth])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    build(arguments.out, *PRESETS[arguments.preset], arguments.seed)


if __name__ == "__main__":
    main()
