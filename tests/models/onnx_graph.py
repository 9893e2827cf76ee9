"""A small ONNX graph builder for the model generators beside it: fresh names, seeded random weights, and a save that keeps large weights outside.

Why: the generators should read like the network they make. Needs numpy and onnx.
"""

import os
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
OPSET = 17
INLINE_LIMIT_BYTES = 1 << 20  # models with more weights than this keep them in MODEL.onnx.data beside the model


class OnnxGraph:
    def __init__(self, name, seed=0):
        self.name = name
        self.rng = np.random.default_rng(seed)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.parameters = 0
        self._names = 0

    def _unique(self, prefix):
        self._names += 1
        return f"{prefix}_{self._names}"

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, value, name, dtype, shape):
        """Gives `value` the name `name` and makes it an output of the graph."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=self._unique("node_Identity")))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def constant(self, array, prefix="constant"):
        array = np.ascontiguousarray(array)
        name = self._unique(prefix)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape, std=0.02, mean=0.0, prefix="weight"):
        self.parameters += int(np.prod(shape))
        values = self.rng.standard_normal(shape, dtype=np.float32) * np.float32(std) + np.float32(mean)
        return self.constant(values, prefix)

    def scalar(self, value):
        return self.constant(np.array(value, np.float32), "scalar")

    def ints(self, values):
        return self.constant(np.array(values, np.int64), "ints")

    def op(self, op_type, *inputs, **attributes):
        """Adds a node with one output and returns the output's name."""
        out = self._unique(op_type)
        self.nodes.append(helper.make_node(op_type, list(inputs), [out], name=self._unique(f"node_{op_type}"), **attributes))
        return out

    def save(self, path):
        """Writes and checks the model; says what it wrote."""
        path = Path(path)
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ingot-test-models")
        model.ir_version = 8
        path.parent.mkdir(parents=True, exist_ok=True)
        data = path.with_name(path.name + ".data")
        data.unlink(missing_ok=True)  # onnx appends to an existing file
        if 4 * self.parameters > INLINE_LIMIT_BYTES:
            onnx.save_model(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=data.name, size_threshold=1024)
        else:
            onnx.save_model(model, path)
        onnx.checker.check_model(os.fspath(path))
        outside = f" + {data.stat().st_size / 1e6:.1f} MB in {data.name}" if data.exists() else ""
        print(
            f"{path}: {self.name}, {len(self.nodes)} nodes, {self.parameters / 1e6:.3f} M parameters, {path.stat().st_size} bytes{outside}"
        )
