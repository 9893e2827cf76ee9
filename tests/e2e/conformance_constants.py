"""Variants of ONNX's node tests in which operands that are shapes, axes or counts are constants, as they are in real models.

ONNX's tests feed them as inputs of the graph. Here such an input becomes an initializer with the case's own data, which an
importer can see. Files are changed as bytes: a message of protobuf continues with whatever is appended to it.
"""
import glob
import os
import re

_REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
# Which operands of an op say something about shapes.
OPERANDS = {
    **{"Reduce" + name: (1,) for name in _REDUCTIONS},
    **{name: (0,) for name in ("BlackmanWindow", "ConstantOfShape", "HammingWindow", "HannWindow")},
    **{name: (1,) for name in ("AffineGrid", "CenterCropPad", "Compress", "CumProd", "CumSum", "Expand", "OneHot", "Reshape", "Split", "Squeeze", "Tile", "TopK",
                               "Unsqueeze", "Upsample")},
    "Col2Im": (1, 2), "DFT": (1, 2), "Dropout": (1, 2), "MaxUnpool": (2,), "MelWeightMatrix": (0, 1, 2, 3, 4), "Pad": (1, 3), "Range": (0, 1, 2),
    "Resize": (1, 2, 3), "Slice": (1, 2, 3, 4), "STFT": (1, 3),
}  # fmt: skip


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _fields(data):
    """(number, payload) of every length-delimited field of a message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            _, at = _varint(data, at)
        elif wire == 2:
            size, at = _varint(data, at)
            yield key >> 3, data[at:at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[wire]


def _field(number, payload):
    head, size = bytes([number << 3 | 2]), len(payload)
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + payload


def _texts(message, number):
    return [payload.decode() for key, payload in _fields(message) if key == number]


def _constant_inputs(model):
    """Indices and names of the graph's inputs that become constants, and how many inputs it has."""
    graph = b"".join(payload for key, payload in _fields(model) if key == 7)
    inputs = [_texts(payload, 1)[0] for key, payload in _fields(graph) if key == 11]
    wanted = set()
    for key, node in _fields(graph):
        if key != 1:
            continue
        names = [payload.decode() for number, payload in _fields(node) if number == 1]
        places = OPERANDS.get("".join(_texts(node, 4)), ())
        wanted.update(names[i] for i in places if i < len(names))
    return [(i, name) for i, name in enumerate(inputs) if name in wanted], len(inputs)


def write_variants(cases, folder):
    """Writes a variant of every case that has such inputs; the new folders."""
    written = []
    for case in cases:
        with open(os.path.join(case, "model.onnx"), "rb") as file:
            model = file.read()
        constants, count = _constant_inputs(model)
        data_sets = sorted(glob.glob(os.path.join(case, "test_data_set_*")))
        if not constants or not data_sets:
            continue
        there = os.path.join(folder, os.path.basename(case))
        data = os.path.join(there, "test_data_set_0")
        os.makedirs(data)
        for i, name in constants:
            with open(os.path.join(data_sets[0], f"input_{i}.pb"), "rb") as file:
                tensor = file.read() + _field(8, name.encode())
            model += _field(7, _field(5, tensor))
        with open(os.path.join(there, "model.onnx"), "wb") as file:
            file.write(model)
        kept = [i for i in range(count) if i not in dict(constants)]
        for new, old in enumerate(kept):
            os.symlink(os.path.join(data_sets[0], f"input_{old}.pb"), os.path.join(data, f"input_{new}.pb"))
        for path in glob.glob(os.path.join(data_sets[0], "output_*.pb")):
            os.symlink(path, os.path.join(data, os.path.basename(path)))
        written.append(there)
    return written
