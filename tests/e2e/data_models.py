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
    inexact: tuple = ()  # outputs that ONNX Runtime itself has to about 2e-5 of the largest element

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

def counts_inputs(draw, length, rows, columns):
    frame = int(draw.integers(1, length + 1))
    return {"size": np.array(draw.integers(1, 40)), "signal": draw.normal(size=(2, length, 1)).astype(np.float32),
            "step": np.array(draw.integers(1, 9)), "frame": np.array(frame), "long": np.array(draw.integers(1, 2 * length)),
            "bands": np.array(draw.integers(1, 12)), "picture": draw.normal(size=(1, 2, rows, columns)).astype(np.float32),
            "scales": np.array([1, 1, *draw.uniform(0.4, 3, 2)], np.float32), "m": draw.integers(0, 2, (rows, columns)),
            "turns": np.array(draw.integers(-1, 9)), "go": np.array(draw.random() < 0.7), "most": np.array(draw.integers(0, 30))}


def loop(goes_on):
    """Counts in twos from `v`; what every turn gives is kept. `goes_on`: nodes that make `on` of `next`."""
    values = [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("on_in", BOOL, []),
              helper.make_tensor_value_info("v", INT64, [])]
    results = [helper.make_tensor_value_info("on", BOOL, []), helper.make_tensor_value_info("next", INT64, []),
               helper.make_tensor_value_info("row", INT64, [2])]
    twos = [helper.make_node("Add", ["v", "two"], ["next"]), helper.make_node("Mul", ["next", "pair"], ["row"])]
    return helper.make_graph([*twos, *goes_on], "body", values, results)


UNTIL = loop([helper.make_node("Less", ["next", "most"], ["on"])])
ALWAYS = loop([helper.make_node("Identity", ["on_in"], ["on"])])

# How many elements, frames and turns there are, and by how much to resize.
COUNTS = DataModel(
    inputs={"size": (INT64, []), "signal": (FLOAT, [2, "n", 1]), "step": (INT64, []), "frame": (INT64, []), "long": (INT64, []),
            "bands": (INT64, []), "picture": (FLOAT, [1, 2, "h", "w"]), "scales": (FLOAT, [4]), "m": (INT64, ["r", "c"]),
            "turns": (INT64, []), "go": (BOOL, []), "most": (INT64, [])},
    outputs={**{name: FLOAT for name in ("hann", "hamming", "blackman", "frames", "half_frames", "spectrum", "back", "mel", "linear", "cubic",
                                         "nearest")},
             **{name: INT64 for name in ("rows", "row_at", "row_inverse", "row_counts", "columns", "last", "all_rows", "last2", "all_rows2")}},
    nodes=[
        ("HannWindow", ["size"], ["hann"], {}), ("HammingWindow", ["size"], ["hamming"], {"periodic": 0}),
        ("BlackmanWindow", ["size"], ["blackman"], {}), ("HannWindow", ["frame"], ["window"], {}),
        ("STFT", ["signal", "step", "window", "frame"], ["frames"], {"onesided": 0}),
        ("STFT", ["signal", "step", "", "frame"], ["half_frames"], {"onesided": 1}),
        ("DFT", ["signal", "long"], ["spectrum"], {"axis": 1}), ("DFT", ["spectrum"], ["back"], {"axis": 1, "inverse": 1}),
        ("MelWeightMatrix", ["bands", "length", "rate", "low", "high"], ["mel"], {}),
        ("Resize", ["picture", "", "scales"], ["linear"], {"mode": "linear"}),
        ("Resize", ["picture", "", "scales"], ["cubic"], {"mode": "cubic", "exclude_outside": 1}),
        ("Resize", ["picture", "", "scales"], ["nearest"], {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
        ("Unique", ["m"], ["rows", "row_at", "row_inverse", "row_counts"], {"axis": 0}),
        ("Unique", ["m"], ["columns"], {"axis": 1, "sorted": 0}),
        ("Loop", ["turns", "go", "zero"], ["last", "all_rows"], {"body": ALWAYS}),
        ("Loop", ["turns", "go", "zero"], ["last2", "all_rows2"], {"body": UNTIL})],
    constants={"zero": np.int64(0), "two": np.int64(2), "pair": np.array([1, -1]), "length": np.int64(64), "rate": np.int64(8000),
               "low": np.float32(100), "high": np.float32(3900)},
    sizes=[(9, 3, 4), (1, 1, 1), (40, 6, 2), (100, 17, 5)],
    inputs_of=counts_inputs,
    inexact=("frames", "half_frames", "spectrum", "back"))

def lists_inputs(draw, n):
    return {"x": draw.normal(size=(n, 7)).astype(np.float32), "parts": draw.permutation(np.array([1, 2, n])), "go": np.array(draw.random() < 0.5),
            "y": draw.normal(size=(n + 3, 2)).astype(np.float32)}


def branch(name, nodes):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_sequence_value_info(f"{name}_list", FLOAT, None)])


EVERY = helper.make_graph([helper.make_node("Mul", ["a", "b"], ["ab"]), helper.make_node("ReduceSum", ["ab"], ["sum"], keepdims=0)], "every",
                          [helper.make_tensor_value_info(name, FLOAT, None) for name in ("a", "b")],
                          [helper.make_tensor_value_info("sum", FLOAT, None)])
GROW = helper.make_graph(
    [helper.make_node("SequenceAt", ["columns", "i"], ["column"]), helper.make_node("SequenceInsert", ["v", "column", "zero"], ["next"]),
     helper.make_node("Identity", ["on_in"], ["on"])], "grow",
    [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("on_in", BOOL, []),
     helper.make_tensor_sequence_value_info("v", FLOAT, None)],
    [helper.make_tensor_value_info("on", BOOL, []), helper.make_tensor_sequence_value_info("next", FLOAT, None)])

# Sequences, which only the importer knows.
LISTS = DataModel(
    inputs={"x": (FLOAT, ["n", 7]), "parts": (INT64, [3]), "go": (BOOL, []), "y": (FLOAT, ["m", 2])},
    outputs={"stacked": FLOAT, "third": FLOAT, "rest": FLOAT, "length": INT64, "part": FLOAT, "sums": FLOAT, "picked": FLOAT, "grown": FLOAT},
    nodes=[
        ("SplitToSequence", ["x"], ["columns"], {"axis": 1, "keepdims": 0}),
        ("ConcatFromSequence", ["columns"], ["stacked"], {"axis": 0, "new_axis": 1}),
        ("SplitToSequence", ["x", "three"], ["threes"], {"axis": 1}), ("SequenceAt", ["threes", "last"], ["third"], {}),
        ("SequenceErase", ["threes", "zero"], ["fewer"], {}), ("SequenceInsert", ["fewer", "x", "last"], ["more"], {}),
        ("ConcatFromSequence", ["more"], ["rest"], {"axis": 1}), ("SequenceLength", ["more"], ["length"], {}),
        ("SplitToSequence", ["y", "parts"], ["pieces"], {"axis": 0}), ("SequenceAt", ["pieces", "one"], ["part"], {}),
        ("SequenceAt", ["columns", "one"], ["x_column"], {}),
        ("SequenceMap", ["columns", "x_column"], ["column_sums"], {"body": EVERY}),
        ("ConcatFromSequence", ["column_sums"], ["sums"], {"axis": 0, "new_axis": 1}),
        ("If", ["go"], ["chosen"], {"then_branch": branch("yes", [helper.make_node("SequenceErase", ["columns", "zero"], ["yes_list"])]),
                                    "else_branch": branch("no", [helper.make_node("SequenceErase", ["columns", "last"], ["no_list"])])}),
        ("ConcatFromSequence", ["chosen"], ["picked"], {"axis": 0}),
        ("SequenceEmpty", [], ["empty"], {}), ("Loop", ["three", "", "empty"], ["longer"], {"body": GROW}),
        ("ConcatFromSequence", ["longer"], ["grown"], {"axis": 0})],
    constants={"zero": np.int64(0), "one": np.int64(1), "three": np.int64(3), "last": np.int64(-1)},
    sizes=[(1,), (4,), (33,)],
    inputs_of=lists_inputs)

MODELS = {"picked": PICKED, "axes": AXES, "counts": COUNTS, "lists": LISTS}
