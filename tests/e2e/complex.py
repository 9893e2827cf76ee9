#!/usr/bin/env python3
"""Complex64 in ONNX models, which move such numbers: interpreter, JIT and ahead of time against NumPy, and files of them in every place."""
import numpy as np
import onnx
import support
from onnx import TensorProto, helper, numpy_helper


def model(path, nodes, outputs, initializers=()):
    inputs = [helper.make_tensor_value_info("x", TensorProto.COMPLEX64, ["n", 3]), helper.make_tensor_value_info("keep", TensorProto.BOOL, ["n", 1])]
    values = [helper.make_tensor_value_info(name, TensorProto.COMPLEX64, None) for name in outputs]
    graph = helper.make_graph(nodes, "complex", inputs, values, initializers)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)]), path)


def numbers(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


def run_all(setup, path, inputs):
    """The model's outputs in every mode."""
    program = setup.work / "program"
    setup.run(setup.ingot, "compile", path, "-o", program)
    arguments = []
    for name, array in inputs.items():
        np.save(setup.work / f"{name}.npy", array)
        arguments += ["--input", f"{name}={setup.work / name}.npy"]
    for mode, command in {"interpreter": [setup.ingot, "run", path, "--interpreter"], "jit": [setup.ingot, "run", path], "aot": [program]}.items():
        out = support.fresh(setup.work / "out")
        setup.run(*command, *arguments, "--output", out)
        yield mode, {file.stem: np.load(file) for file in out.iterdir()}


def check_movement(setup, report):
    rng = np.random.default_rng(3)
    raw, fields = numbers(rng, 2, 3), numbers(rng, 3)
    in_fields = TensorProto(name="fields", data_type=TensorProto.COMPLEX64, dims=[3], float_data=fields.view(np.float32))
    nodes = [
        helper.make_node("Transpose", ["x"], ["turned"], perm=[1, 0]),
        helper.make_node("Concat", ["x", "raw"], ["joined"], axis=0),
        helper.make_node("Where", ["keep", "x", "fields"], ["chosen"]),
        helper.make_node("Gather", ["x", "picks"], ["picked"], axis=1),
        helper.make_node("Reshape", ["x", "flat"], ["row"]),
        helper.make_node("Pad", ["x", "pads", "zero"], ["padded"]),
        helper.make_node("Identity", ["raw"], ["weights"]),
    ]
    initializers = [
        numpy_helper.from_array(raw, "raw"), in_fields, numpy_helper.from_array(np.array([2, 0, -1]), "picks"),
        numpy_helper.from_array(np.array([-1]), "flat"), numpy_helper.from_array(np.array([1, 0, 0, 2]), "pads"),
        numpy_helper.from_array(np.array(2 - 3j, np.complex64), "zero"),
    ]
    path = setup.work / "movement.onnx"
    model(path, nodes, ["turned", "joined", "chosen", "picked", "row", "padded", "weights"], initializers)
    for n in (1, 2, 19):
        x, keep = numbers(rng, n, 3), rng.random((n, 1)) < 0.5
        wanted = {"turned": x.T, "joined": np.concatenate([x, raw]), "chosen": np.where(keep, x, fields), "picked": x[:, [2, 0, -1]], "row": x.reshape(-1),
                  "padded": np.pad(x, [(1, 0), (0, 2)], constant_values=2 - 3j), "weights": raw}
        for mode, got in run_all(setup, path, {"x": x, "keep": keep}):
            for name, value in wanted.items():
                same = got[name].dtype == np.complex64 and np.array_equal(got[name], value)
                report.check(same, f"{name}, n = {n}, {mode}")


def check_refusals(setup, report):
    path = setup.work / "refused.onnx"
    model(path, [helper.make_node("Exp", ["x"], ["y"])], ["y"])
    done = setup.run(setup.ingot, "compile", path, "-o", setup.work / "refused", status=1)
    report.check("take its parts with real and imag" in done.stderr, "an op that takes no complex numbers says so")
    short = TensorProto(name="raw", data_type=TensorProto.COMPLEX64, dims=[3], float_data=[1.0, 2.0, 3.0])
    model(path, [helper.make_node("Identity", ["raw"], ["y"])], ["y"], [short])
    done = setup.run(setup.ingot, "compile", path, "-o", setup.work / "refused", status=1)
    report.check("has 3 elements in float_data, but its dims need 6" in done.stderr, "half a number is refused")


def check(setup, report):
    check_movement(setup, report)
    check_refusals(setup, report)
    return "complex64: moved as NumPy moves it, in files of every kind"


if __name__ == "__main__":
    support.main(__doc__, check)
