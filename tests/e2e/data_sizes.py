#!/usr/bin/env python3
"""Results as large as their data says, from ONNX: interpreter, JIT and an executable that needs libc alone, against ONNX Runtime.

NonZero, Unique, Compress, NonMaxSuppression, and Range, Reshape, Expand and Slice by operands that are data; any sizes, several inputs per size.
"""
import numpy as np
import onnx
import onnxruntime
import support
from onnx import TensorProto, helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
INPUTS = {"x": (FLOAT, ["n"]), "m": (INT64, ["r", "c"]), "keep": (BOOL, ["n"]), "end": (INT64, []), "shape": (INT64, [2]),
          "first": (INT64, [1]), "boxes": (FLOAT, ["b", "k", 4]), "scores": (FLOAT, ["b2", "classes", "k2"])}
OUTPUTS = {"nonzero": INT64, "unique": INT64, "at": INT64, "inverse": INT64, "counts": INT64, "unsorted": INT64, "kept": FLOAT, "range": INT64,
           "reshaped": INT64, "expanded": INT64, "cut": FLOAT, "boxes_kept": INT64, "sum_of_kept": FLOAT}
NODES = [
    ("Neg", ["one"], ["last"], {}), ("Abs", ["shape"], ["shape2"], {}),
    ("NonZero", ["m"], ["nonzero"], {}), ("Unique", ["m"], ["unique", "at", "inverse", "counts"], {}),
    ("Unique", ["m"], ["unsorted"], {"sorted": 0}), ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
    ("Range", ["zero", "end", "two"], ["range"], {}), ("Reshape", ["m", "shape"], ["reshaped"], {}),
    ("Expand", ["end", "shape2"], ["expanded"], {}),
    ("Slice", ["x", "first", "last"], ["cut"], {}),
    ("NonMaxSuppression", ["boxes", "scores", "most", "overlap"], ["boxes_kept"], {}),
    ("ReduceSum", ["kept"], ["sum_of_kept"], {"keepdims": 0})]
CONSTANTS = {"zero": np.int64(0), "two": np.int64(2), "one": np.array([1]), "most": np.array([3]), "overlap": np.array([0.4], np.float32)}


def make(path):
    nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in NODES]
    graph = helper.make_graph(
        nodes, "data_sizes", [helper.make_tensor_value_info(name, *type_) for name, type_ in INPUTS.items()],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in OUTPUTS.items()],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in CONSTANTS.items()])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)


def inputs_of(n, rows, columns, boxes, seed):
    draw = np.random.default_rng(seed)
    corners = draw.uniform(0, 10, (2, boxes, 2)).astype(np.float32)
    return {"x": draw.normal(size=n).astype(np.float32), "m": draw.integers(-3, 4, (rows, columns)), "keep": draw.random(n) < 0.4,
            "end": np.array(draw.integers(0, 40)), "shape": np.array([columns, -1]), "first": draw.integers(-n, n, 1),
            "boxes": np.concatenate([corners, corners + draw.uniform(0.5, 6, (2, boxes, 2)).astype(np.float32)], 2),
            "scores": draw.random((2, 3, boxes)).astype(np.float32)}


def check(setup, report):
    model, program = setup.work / "data_sizes.onnx", setup.work / "data_sizes"
    make(model)
    peer = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    setup.run(setup.ingot, "compile", model, "-o", program)
    libraries = setup.run("ldd", program).stdout
    report.check("libstdc++" not in libraries and "libc.so" in libraries, "the executable needs libc alone")
    runs = 0
    for sizes in [(5, 2, 3, 6), (1, 1, 1, 1), (100, 7, 9, 40), (1000, 31, 8, 17)]:
        for seed in (1, 2):
            given = inputs_of(*sizes, seed)
            wanted = dict(zip(OUTPUTS, peer.run(list(OUTPUTS), given), strict=True))
            files = []
            for name, value in given.items():
                np.save(setup.work / f"{name}.npy", value)
                files += ["--input", f"{name}={setup.work / name}.npy"]
            commands = {"interpreter": (setup.ingot, "run", model, "--interpreter"), "jit": (setup.ingot, "run", model), "executable": (program,)}
            for mode, command in commands.items():
                out = support.fresh(setup.work / f"out_{mode}")
                setup.run(*command, *files, "--output", out)
                wrong = [name for name, value in wanted.items() if not same(np.load(out / f"{name}.npy"), value)]
                report.check(not wrong, f"{mode}, sizes {sizes}, seed {seed}: {'outputs differ: ' + ', '.join(wrong) if wrong else len(wanted)}")
                runs += 1
    picked = setup.work / "picked.onnx"
    graph = helper.make_graph([helper.make_node("NonZero", ["m"], ["y"])], "picked", [helper.make_tensor_value_info("m", INT64, ["r", "c"])],
                              [helper.make_tensor_value_info("y", INT64, None)])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), picked)
    for command in (("run", picked, "--random", 1), ("run", picked, "--random", 1, "--interpreter"), ("bench", picked, "--seconds", 0.05)):
        done = setup.run(setup.ingot, *command, "--dim", "r=2", "--dim", "c=2", status=None)
        report.check(done.returncode == 0, f"ingot {command[0]} asks for the sizes that inputs have alone: {done.stderr.strip()[-200:]}")
    return f"{runs} runs of one model on 4 sizes, twice each"


def same(got, wanted):
    close = np.array_equal if wanted.dtype == np.int64 else np.allclose
    return got.shape == wanted.shape and got.dtype == wanted.dtype and close(got, wanted)


if __name__ == "__main__":
    support.main(__doc__, check)
