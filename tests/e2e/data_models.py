"""Models whose results are as large as their data says, and inputs for them: what data_sizes.py runs."""
import dataclasses
import typing

import numpy as np
import onnx
from onnx import TensorProto, helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@dataclasses.dataclass
class DataModel:
    inputs: dict  # name: (element type, dims)
    outputs: dict  # name: element type
    nodes: list  # op, inputs, outputs, attributes
    constants: dict
    sizes: list  # arguments of inputs_of
    inputs_of: typing.Callable  # of a random generator and sizes

    def make(self, name):
        nodes = [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in self.nodes]
        graph = helper.make_graph(
            nodes, name, [helper.make_tensor_value_info(name, *type_) for name, type_ in self.inputs.items()],
            [helper.make_tensor_value_info(name, kind, None) for name, kind in self.outputs.items()],
            [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in self.constants.items()])
        return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])


def picked_inputs(draw, n, rows, columns, boxes):
    corners = draw.uniform(0, 10, (2, boxes, 2)).astype(np.float32)
    return {"x": draw.normal(size=n).astype(np.float32), "m": draw.integers(-3, 4, (rows, columns)), "keep": draw.random(n) < 0.4,
            "end": np.array(draw.integers(0, 40)), "shape": np.array([columns, -1]), "first": draw.integers(-n, n, 1),
            "boxes": np.concatenate([corners, corners + draw.uniform(0.5, 6, (2, boxes, 2)).astype(np.float32)], 2),
            "scores": draw.random((2, 3, boxes)).astype(np.float32)}


# NonZero, Unique, Compress, NonMaxSuppression, and Range, Reshape, Expand and Slice by operands that are data.
PICKED = DataModel(
    inputs={"x": (FLOAT, ["n"]), "m": (INT64, ["r", "c"]), "keep": (BOOL, ["n"]), "end": (INT64, []), "shape": (INT64, [2]),
            "first": (INT64, [1]), "boxes": (FLOAT, ["b", "k", 4]), "scores": (FLOAT, ["b2", "classes", "k2"])},
    outputs={"nonzero": INT64, "unique": INT64, "at": INT64, "inverse": INT64, "counts": INT64, "unsorted": INT64, "kept": FLOAT,
             "range": INT64, "reshaped": INT64, "expanded": INT64, "cut": FLOAT, "boxes_kept": INT64, "sum_of_kept": FLOAT},
    nodes=[
        ("Neg", ["one"], ["last"], {}), ("Abs", ["shape"], ["shape2"], {}),
        ("NonZero", ["m"], ["nonzero"], {}), ("Unique", ["m"], ["unique", "at", "inverse", "counts"], {}),
        ("Unique", ["m"], ["unsorted"], {"sorted": 0}), ("Compress", ["x", "keep"], ["kept"], {"axis": 0}),
        ("Range", ["zero", "end", "two"], ["range"], {}), ("Reshape", ["m", "shape"], ["reshaped"], {}),
        ("Expand", ["end", "shape2"], ["expanded"], {}),
        ("Slice", ["x", "first", "last"], ["cut"], {}),
        ("NonMaxSuppression", ["boxes", "scores", "most", "overlap"], ["boxes_kept"], {}),
        ("ReduceSum", ["kept"], ["sum_of_kept"], {"keepdims": 0})],
    constants={"zero": np.int64(0), "two": np.int64(2), "one": np.array([1]), "most": np.array([3]), "overlap": np.array([0.4], np.float32)},
    sizes=[(5, 2, 3, 6), (1, 1, 1, 1), (100, 7, 9, 40), (1000, 31, 8, 17)],
    inputs_of=picked_inputs)


def axes_inputs(draw, a, b, c):
    def some(rank, count):
        return draw.permutation(rank)[:count] - rank * draw.integers(0, 2, count)
    return {"x": draw.normal(size=(a, b, c)).astype(np.float32), "two": some(3, 2), "any": some(3, draw.integers(0, 4)),
            "axis": np.array(draw.integers(-3, 3)), "new": some(5, 2), "thin": draw.normal(size=(1, a, 1, b)).astype(np.float32),
            "gone": draw.permutation(np.array([0, -2])), "starts": draw.integers(-9, 9, 2), "ends": draw.integers(-9, 9, 2),
            "steps": draw.choice([-3, -2, -1, 1, 2, 3], 2)}


# Axes, and steps of either sign, that are data.
AXES = DataModel(
    inputs={"x": (FLOAT, ["a", "b", "c"]), "two": (INT64, [2]), "any": (INT64, ["k"]), "axis": (INT64, []), "new": (INT64, [2]),
            "thin": (FLOAT, [1, "a", "d", "b"]), "gone": (INT64, [2]), "starts": (INT64, [2]), "ends": (INT64, [2]), "steps": (INT64, [2])},
    outputs={name: FLOAT for name in ("kept", "removed", "mean", "log_sum", "most", "all_or", "none_or", "sums", "sums_after", "more", "less",
                                      "part", "part_stepped", "stepped", "stepped_known")},
    nodes=[
        ("ReduceSum", ["x", "two"], ["kept"], {}), ("ReduceSum", ["x", "two"], ["removed"], {"keepdims": 0}),
        ("ReduceMean", ["x", "two"], ["mean"], {}), ("ReduceLogSumExp", ["x", "two"], ["log_sum"], {"keepdims": 0}),
        ("ReduceMax", ["x", "two"], ["most"], {"keepdims": 0}), ("ReduceSum", ["x", "any"], ["all_or"], {}),
        ("ReduceL2", ["x", "any"], ["none_or"], {"noop_with_empty_axes": 1}),
        ("CumSum", ["x", "axis"], ["sums"], {}), ("CumSum", ["x", "axis"], ["sums_after"], {"exclusive": 1, "reverse": 1}),
        ("Unsqueeze", ["x", "new"], ["more"], {}), ("Squeeze", ["thin", "gone"], ["less"], {}),
        ("Slice", ["x", "starts", "ends", "two"], ["part"], {}), ("Slice", ["x", "starts", "ends", "two", "steps"], ["part_stepped"], {}),
        ("Slice", ["x", "starts", "ends", "", "steps"], ["stepped"], {}),
        ("Slice", ["x", "starts", "ends", "two", "jumps"], ["stepped_known"], {})],
    constants={"jumps": np.array([2, -3])},
    sizes=[(2, 3, 4), (1, 1, 1), (5, 1, 7), (9, 13, 7)],
    inputs_of=axes_inputs)

MODELS = {"picked": PICKED, "axes": AXES}
