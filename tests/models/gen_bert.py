#!/usr/bin/env python3
"""Makes a BERT-shaped encoder (post-norm, exact GELU, attention mask) with seeded random weights as an ONNX file of plain operators.

Why: one graph for every batch and sequence size, with norm scales and shifts that are not trivial, so that a dropped or doubled factor shows.
Attention is spelled out (MatMul, Div, Add, Softmax, MatMul) and GELU is spelled with Erf, as most published models have them.
"""
import argparse

import numpy as np
from onnx_graph import FLOAT, INT64, OnnxGraph

PRESETS = {  # layers, hidden, heads, ffn, vocabulary, positions
    "tiny": (2, 16, 2, 32, 50, 64),
    "minilm": (6, 384, 12, 1536, 30522, 512),
    "bert-base": (12, 768, 12, 3072, 30522, 512),
}
MASKED = -3.0e38  # close to the lowest float: adding a score to it must not overflow


def build(path, layers, hidden, heads, ffn, vocabulary, positions, batch, seq, seed):
    graph = OnnxGraph(f"bert_{layers}x{hidden}", seed)
    op, ints, scalar = graph.op, graph.ints, graph.scalar
    ids, mask, types = (graph.input(name, INT64, [batch, seq]) for name in ("input_ids", "attention_mask", "token_type_ids"))

    def norm(x):
        scale = graph.constant(graph.rng.uniform(0.7, 1.3, hidden).astype(np.float32), "norm_scale")
        shift = graph.weight(hidden, std=0.1, prefix="norm_shift")
        return op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-12)

    def linear(x, fan_in, fan_out):
        weight = graph.weight(fan_in, fan_out, std=fan_in**-0.5)  # keeps attention scores near unit variance at every size
        return op("Add", op("MatMul", x, weight), graph.weight(fan_out, std=0.01, prefix="bias"))

    words = op("Gather", graph.weight(vocabulary, hidden, prefix="word_embedding"), ids)
    embedded = op("Add", words, op("Gather", graph.weight(2, hidden, prefix="type_embedding"), types))
    length = op("Slice", op("Shape", ids), ints([1]), ints([2]))
    embedded = op("Add", embedded, op("Slice", graph.weight(positions, hidden, prefix="position_embedding"), ints([0]), length, ints([0])))
    x = norm(embedded)

    allowed = op("Cast", op("Unsqueeze", mask, ints([1, 2])), to=FLOAT)
    bias = op("Mul", op("Sub", scalar(1.0), allowed), scalar(MASKED))
    split, merge = ints([0, 0, heads, hidden // heads]), ints([0, 0, hidden])
    scale, root2, half, one = scalar((hidden // heads) ** 0.5), scalar(2**0.5), scalar(0.5), scalar(1.0)

    def project(x, perm):
        return op("Transpose", op("Reshape", linear(x, hidden, hidden), split), perm=perm)

    for _ in range(layers):
        query, key, value = project(x, [0, 2, 1, 3]), project(x, [0, 2, 3, 1]), project(x, [0, 2, 1, 3])
        probabilities = op("Softmax", op("Add", op("Div", op("MatMul", query, key), scale), bias), axis=-1)
        mixed = op("Reshape", op("Transpose", op("MatMul", probabilities, value), perm=[0, 2, 1, 3]), merge)
        x = norm(op("Add", linear(mixed, hidden, hidden), x))
        h = linear(x, hidden, ffn)
        h = op("Mul", op("Mul", h, op("Add", op("Erf", op("Div", h, root2)), one)), half)
        x = norm(op("Add", linear(h, ffn, hidden), x))
    graph.output(x, "last_hidden_state", FLOAT, [batch, seq, hidden])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--preset", choices=PRESETS, default="bert-base", help="sizes to start from (default %(default)s)")
    for name in ("layers", "hidden", "heads", "ffn", "vocabulary", "positions"):
        parser.add_argument(f"--{name}", type=int, help="instead of the preset's")
    parser.add_argument("--batch", type=int, default=0, help="a fixed size; 0 (default) makes it symbolic, named 'batch'")
    parser.add_argument("--seq", type=int, default=0, help="a fixed size; 0 (default) makes it symbolic, named 'seq'")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    names = ("layers", "hidden", "heads", "ffn", "vocabulary", "positions")
    sizes = {name: getattr(arguments, name) or preset for name, preset in zip(names, PRESETS[arguments.preset])}
    if sizes["hidden"] % sizes["heads"]:
        parser.error(f"--hidden {sizes['hidden']} is not a multiple of --heads {sizes['heads']}")
    build(arguments.out, **sizes, batch=arguments.batch or "batch", seq=arguments.seq or "seq", seed=arguments.seed)


if __name__ == "__main__":
    main()
