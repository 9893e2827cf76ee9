#!/usr/bin/env python3
"""float16 and bfloat16 models from ONNX: interpreter, JIT and ahead of time, against the same networks in double precision.

A perceptron, a small convolutional network and an attention block, with weights, inputs and outputs of the narrow type and any batch. How
large an error may be is what the networks written in NumPy show when they round after every operation, a bias being one; ONNX Runtime, which runs float16,
shows that those networks are the models'.
"""
import ml_dtypes
import numpy as np
import onnx
import support
from onnx import TensorProto, helper

TYPES = {"f16": (TensorProto.FLOAT16, np.float16), "bf16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16)}
LIMIT = 1.5  # times the error of rounding after every operation


def erf(x):
    from math import erf as scalar

    return np.vectorize(scalar, otypes=[np.float64])(x)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def conv(x, w):
    """3 by 3, padded by one."""
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.einsum("knchw,ock->nohw", np.stack(shifted), w.reshape(*w.shape[:2], 9))


class Mlp:
    SHAPE, NODES = ["batch", 32], [
        ("Gemm", ["x", "w1", "b1"], "h1", {}), ("Relu", ["h1"], "h2", {}),
        ("Gemm", ["h2", "w2", "b2"], "h3", {}), ("Softmax", ["h3"], "y", {"axis": -1})]

    @staticmethod
    def weights(random):
        return {"w1": random((32, 64), 0.25), "b1": random((64,), 0.1), "w2": random((64, 10), 0.2), "b2": random((10,), 0.1)}

    @staticmethod
    def network(x, w, r):
        h = np.maximum(r(r(x @ w["w1"]) + w["b1"]), 0)
        return r(softmax(r(r(h @ w["w2"]) + w["b2"])))


class Convnet:
    SHAPE, NODES = ["batch", 3, 12, 10], [
        ("Conv", ["x", "w1", "b1"], "c1", {"pads": [1] * 4}),
        ("BatchNormalization", ["c1", "scale", "shift", "mean", "var"], "n1", {}), ("Relu", ["n1"], "r1", {}),
        ("MaxPool", ["r1"], "p1", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["p1", "w2", "b2"], "c2", {"pads": [1] * 4}), ("Sigmoid", ["c2"], "s2", {}), ("Mul", ["c2", "s2"], "m2", {}),
        ("GlobalAveragePool", ["m2"], "g", {}), ("Flatten", ["g"], "f", {}), ("Gemm", ["f", "w3", "b3"], "y", {})]

    @staticmethod
    def weights(random):
        return {"w1": random((8, 3, 3, 3), 0.2), "b1": random((8,), 0.1), "scale": 1 + random((8,), 0.1), "shift": random((8,), 0.1),
                "mean": random((8,), 0.1), "var": 1 + abs(random((8,), 0.2)), "w2": random((16, 8, 3, 3), 0.15), "b2": random((16,), 0.1),
                "w3": random((16, 5), 0.3), "b3": random((5,), 0.1)}

    @staticmethod
    def network(x, w, r):
        # Everything about the batch's statistics is constant: one multiplication and one addition.
        scale = w["scale"] / np.sqrt(w["var"] + 1e-5)
        shift = r(w["shift"] - w["mean"] * scale)
        h = r(r(conv(x, w["w1"])) + w["b1"][:, None, None])
        h = r(r(h * r(scale)[:, None, None]) + shift[:, None, None])
        n, c, height, width = h.shape
        h = np.maximum(h, 0).reshape(n, c, height // 2, 2, width // 2, 2).max((3, 5))
        h = r(r(conv(h, w["w2"])) + w["b2"][:, None, None])
        h = r(r(h * r(1 / (1 + np.exp(-h)))).mean((2, 3)))
        return r(r(h @ w["w3"]) + w["b3"])


class Attention:
    SHAPE, NODES = ["batch", "seq", 32], [
        ("LayerNormalization", ["x", "scale", "shift"], "n", {}),
        *[node for part in "qkv" for node in (
            ("MatMul", ["n", f"w{part}"], f"{part}1", {}), ("Reshape", [f"{part}1", "heads"], f"{part}2", {}),
            ("Transpose", [f"{part}2"], f"{part}3", {"perm": [0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]}))],
        ("MatMul", ["q3", "k3"], "s1", {}), ("Mul", ["s1", "factor"], "s2", {}), ("Softmax", ["s2"], "s3", {"axis": -1}),
        ("MatMul", ["s3", "v3"], "a1", {}), ("Transpose", ["a1"], "a2", {"perm": [0, 2, 1, 3]}), ("Reshape", ["a2", "joined"], "a3", {}),
        ("MatMul", ["a3", "wo"], "o1", {}), ("Add", ["o1", "x"], "o2", {}),
        ("MatMul", ["o2", "wf"], "f1", {}), ("Gelu", ["f1"], "f2", {}), ("MatMul", ["f2", "wg"], "f3", {}), ("Add", ["f3", "o2"], "y", {})]
    INTEGERS = {"heads": [0, 0, 4, 8], "joined": [0, 0, 32]}

    @staticmethod
    def weights(random):
        square = {f"w{part}": random((32, 32), 0.18) for part in "qkvo"}
        return {**square, "wf": random((32, 64), 0.18), "wg": random((64, 32), 0.12), "scale": 1 + random((32,), 0.1),
                "shift": random((32,), 0.1), "factor": np.array(0.375)}

    @staticmethod
    def network(x, w, r):
        centred = x - x.mean(-1, keepdims=True)
        n = r(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * w["scale"] + w["shift"])
        q, k, v = (r(n @ w[f"w{part}"]).reshape(*x.shape[:2], 4, 8).transpose(0, 2, 1, 3) for part in "qkv")
        s = r(softmax(r(r(q @ k.swapaxes(2, 3)) * w["factor"])))
        a = r(s @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        o = r(r(a @ w["wo"]) + x)
        f = r(o @ w["wf"])
        return r(r(r(f * (1 + erf(f / np.sqrt(2))) / 2) @ w["wg"]) + o)


SIZES = {Mlp: [(1, 32), (37, 32)], Convnet: [(1, 3, 12, 10), (16, 3, 12, 10)], Attention: [(1, 1, 32), (2, 9, 32)]}


def make(model, path, kind, numpy_type):
    """Writes the model; returns its weights, which are exact in its type, in double precision."""
    generator = np.random.default_rng(7)

    def random(shape, scale):
        return generator.normal(size=shape) * scale

    weights = {name: value.astype(numpy_type) for name, value in model.weights(random).items()}
    initializers = [helper.make_tensor(name, kind, value.shape, value.tobytes(), raw=True) for name, value in weights.items()]
    for name, values in getattr(model, "INTEGERS", {}).items():
        initializers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
    nodes = [helper.make_node(op, inputs, [output], **attributes) for op, inputs, output, attributes in model.NODES]
    x = helper.make_tensor_value_info("x", kind, model.SHAPE)
    y = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph(nodes, model.__name__.lower(), [x], [y], initializers)
    inferred = onnx.shape_inference.infer_shapes(
        helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 22)]), strict_mode=True)
    onnx.save(inferred, path)
    return {name: value.astype(np.float64) for name, value in weights.items()}


def errors(got, exact):
    """Largest error and RMS error, as parts of the exact result's RMS."""
    difference, size = got.astype(np.float64) - exact, np.sqrt((exact**2).mean())
    return np.abs(difference).max() / size, np.sqrt((difference**2).mean()) / size


def check_model(setup, report, model, name):
    kind, numpy_type = TYPES[name]
    path, program = setup.work / f"{model.__name__.lower()}_{name}.onnx", setup.work / f"{model.__name__.lower()}_{name}"
    weights = make(model, path, kind, numpy_type)
    setup.run(setup.ingot, "compile", path, "-o", program)
    epsilon, worst = float(ml_dtypes.finfo(numpy_type).eps), 0.0
    for size in SIZES[model]:
        x = np.random.default_rng(size[0]).normal(size=size).astype(numpy_type)
        wide = x.astype(np.float64)
        exact = model.network(wide, weights, lambda value: value)
        rounded = model.network(wide, weights, lambda value: value.astype(numpy_type).astype(np.float64))
        # One rounding of the result is allowed, whatever luck the network that rounds everywhere had.
        limits = [LIMIT * max(error, epsilon / 2) for error in errors(rounded, exact)]
        where = f"{path.stem} at {'x'.join(map(str, size))}"
        if name == "f16":
            import onnxruntime

            onnxruntime.set_default_logger_severity(3)
            theirs = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
            report.check(errors(theirs, exact)[1] <= 2 * limits[1], f"{where}: ONNX Runtime's RMS error {errors(theirs, exact)[1]:.2e}")
        np.save(setup.work / "x.npy", x.view(np.uint16) if name == "bf16" else x)
        given = ["--input", f"x={setup.work / 'x.npy'}"]
        for mode, command in {"interpreter": [setup.ingot, "run", path, "--interpreter"], "jit": [setup.ingot, "run", path], "aot": [program]}.items():
            out = support.fresh(setup.work / "out")
            setup.run(*command, *given, "--output", out)
            got = np.load(out / "y.npy").view(numpy_type)
            largest, rms = errors(got, exact) if got.shape == exact.shape else (np.inf, np.inf)
            worst = max(worst, largest / limits[0], rms / limits[1])
            report.check(largest <= limits[0] and rms <= limits[1],
                         f"{where}, {mode}: largest error {largest:.2e} (limit {limits[0]:.2e}), rms {rms:.2e} ({limits[1]:.2e})")
    return worst


def check(setup, report):
    worst = {name: max(check_model(setup, report, model, name) for model in SIZES) for name in TYPES}
    return "half precision, part of the accepted error: " + ", ".join(f"{name} {value:.2f}" for name, value in worst.items())


if __name__ == "__main__":
    support.main(__doc__, check)
