#!/usr/bin/env python3
"""Makes a ResNet-50-shaped image classifier with seeded random weights as an ONNX file (He et al., "Deep Residual Learning for Image Recognition", 2016).

Why: its convolutions are those that most image models are made of. As exporters of trained models write it, each normalization is already in
the weights before it; --norms keeps them as nodes.
"""
import argparse

import numpy as np
from onnx_graph import FLOAT, OnnxGraph

PRESETS = {  # blocks of each stage, channels of the first
    "tiny": ([1, 2, 1, 1], 4),
    "resnet50": ([3, 4, 6, 3], 64),
}
EXPANSION = 4


def build(path, stages, width, classes, norms, seed):
    graph = OnnxGraph(f"resnet_{sum(stages) * 3 + 2}", seed)
    op, rng = graph.op, graph.rng

    def conv(x, channels, filters, kernel, stride=1, scale=1.0):
        weight = graph.weight(filters, channels, kernel, kernel, std=scale * (2 / (channels * kernel**2)) ** 0.5)
        place = {"strides": [stride, stride], "pads": [kernel // 2] * 4, "kernel_shape": [kernel, kernel]}
        if not norms:
            return op("Conv", x, weight, graph.weight(filters, prefix="bias"), **place)
        vectors = [rng.uniform(0.7, 1.3, filters), rng.normal(0, 0.02, filters), rng.normal(0, 0.02, filters), rng.uniform(0.7, 1.3, filters)]
        return op("BatchNormalization", op("Conv", x, weight, **place), *(graph.constant(v.astype(np.float32), "norm") for v in vectors))

    def block(x, channels, middle, stride):
        filters = EXPANSION * middle
        y = op("Relu", conv(x, channels, middle, 1))
        y = op("Relu", conv(y, middle, middle, 3, stride))
        y = conv(y, middle, filters, 1, scale=0.3)
        return op("Relu", op("Add", y, x if channels == filters else conv(x, channels, filters, 1, stride)))

    image = graph.input("image", FLOAT, ["batch", 3, "height", "width"])
    x = op("Relu", conv(image, 3, width, 7, 2))
    x = op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = width
    for stage, blocks in enumerate(stages):
        middle = width << stage
        for i in range(blocks):
            x = block(x, channels, middle, 2 if i == 0 and stage > 0 else 1)
            channels = EXPANSION * middle
    features = op("Flatten", op("GlobalAveragePool", x))
    logits = op("Gemm", features, graph.weight(channels, classes, std=channels**-0.5), graph.weight(classes, prefix="bias"))
    graph.output(logits, "logits", FLOAT, ["batch", classes])
    graph.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--preset", choices=PRESETS, default="resnet50")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--norms", action="store_true", help="keep normalizations as nodes")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    stages, width = PRESETS[args.preset]
    build(args.out, stages, width, args.classes, args.norms, args.seed)


if __name__ == "__main__":
    main()
