#!/usr/bin/env python3
"""Makes a Llama-shaped decoder (RMS norms, rotary positions, grouped-query attention, SwiGLU) with seeded random weights as an ONNX file of plain operators.

Why: the shape of today's language models, spelled as exporters spell it (keys and values are repeated by Expand, positions come from Range), for any
batch and sequence size. It reads a whole prompt and gives the probabilities of what follows each token.
"""
import argparse

import numpy as np
from onnx_graph import FLOAT, INT64, OnnxGraph
from onnx import TensorProto

PRESETS = {  # layers, hidden, heads, heads of keys and values, ffn, vocabulary
    "tiny": (2, 32, 4, 2, 48, 50),
    "32-layers": (32, 1024, 16, 4, 2816, 8000),
}
MASKED = -3.0e38  # close to the lowest float: adding a score to it must not overflow


def build(path, layers, hidden, heads, kv_heads, ffn, vocabulary, seed):
    graph = OnnxGraph(f"llama_{layers}x{hidden}", seed)
    op, ints, scalar = graph.op, graph.ints, graph.scalar
    ids = graph.input("input_ids", INT64, ["batch", "seq"])
    depth = hidden // heads

    def norm(x):
        scale = graph.constant(graph.rng.uniform(0.7, 1.3, hidden).astype(np.float32), "norm_scale")
        mean = op("ReduceMean", op("Mul", x, x), axes=[-1], keepdims=1)
        return op("Mul", op("Div", x, op("Sqrt", op("Add", mean, scalar(1e-5)))), scale)

    def linear(x, fan_in, fan_out):
        return op("MatMul", x, graph.weight(fan_in, fan_out, std=fan_in**-0.5))

    shape = op("Shape", ids)
    length = op("Squeeze", op("Slice", shape, ints([1]), ints([2])), ints([0]))
    zero, step = graph.constant(np.array(0, np.int64)), graph.constant(np.array(1, np.int64))
    positions = op("Range", zero, length, step)
    rows, columns = op("Unsqueeze", positions, ints([1])), op("Unsqueeze", positions, ints([0]))
    bias = op("Where", op("Greater", columns, rows), scalar(MASKED), scalar(0.0))
    frequencies = graph.constant((10000.0 ** (-np.arange(0, depth, 2) / depth)).astype(np.float32)[None])
    angles = op("MatMul", op("Cast", rows, to=TensorProto.FLOAT), frequencies)
    angles = op("Concat", angles, angles, axis=-1)
    cosine, sine = op("Cos", angles), op("Sin", angles)
    half, whole, last = ints([depth // 2]), ints([depth]), ints([-1])

    def rotated(x):
        low, high = op("Slice", x, ints([0]), half, last), op("Slice", x, half, whole, last)
        return op("Add", op("Mul", x, cosine), op("Mul", op("Concat", op("Neg", high), low, axis=-1), sine))

    def project(x, count):
        return op("Transpose", op("Reshape", linear(x, hidden, count * depth), ints([0, 0, count, depth])), perm=[0, 2, 1, 3])

    repeats = op("Concat", op("Slice", shape, ints([0]), ints([1])), ints([kv_heads, heads // kv_heads]), op("Slice", shape, ints([1]), ints([2])), whole, axis=0)

    def repeated(x):
        return op("Reshape", op("Expand", op("Unsqueeze", x, ints([2])), repeats), ints([0, heads, -1, depth]))

    x = op("Gather", graph.weight(vocabulary, hidden, std=1.0, prefix="embedding"), ids)
    for _ in range(layers):
        y = norm(x)
        query, key, value = rotated(project(y, heads)), repeated(rotated(project(y, kv_heads))), repeated(project(y, kv_heads))
        scores = op("Mul", op("MatMul", query, op("Transpose", key, perm=[0, 1, 3, 2])), scalar(depth**-0.5))
        mixed = op("MatMul", op("Softmax", op("Add", scores, bias), axis=-1), value)
        mixed = op("Reshape", op("Transpose", mixed, perm=[0, 2, 1, 3]), ints([0, 0, hidden]))
        x = op("Add", x, linear(mixed, hidden, hidden))
        y = norm(x)
        gate = linear(y, hidden, ffn)
        x = op("Add", x, linear(op("Mul", op("Mul", gate, op("Sigmoid", gate)), linear(y, hidden, ffn)), ffn, hidden))
    graph.output(op("Softmax", linear(norm(x), hidden, vocabulary), axis=-1), "probabilities", FLOAT, ["batch", "seq", vocabulary])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="default %(default)s")
    parser.add_argument("--layers", type=int, help="another number of layers than the preset's")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    layers, *rest = PRESETS[arguments.preset]
    build(arguments.out, arguments.layers or layers, *rest, arguments.seed)


if __name__ == "__main__":
    main()
