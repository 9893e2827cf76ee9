"""Seeded inputs for an ONNX model: right shapes for given dims, integers in range, ragged masks. Shared by the scripts beside it.

Why: every comparison must feed both sides the same numbers, and random integers would index outside an embedding or mask a whole row.
"""

import re

import numpy as np

FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
INTEGERS = {f"tensor({name})": np.dtype(name).type for name in ("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")}


class InputError(Exception):
    """The command line does not fit the model; the message names the input and the remedy."""


def parse_pairs(texts):
    """["batch=3,seq=128", "x=1"] -> {"batch": 3, "seq": 128, "x": 1}; names may contain anything but '=' and ','."""
    pairs = {}
    for item in (item for text in texts for item in text.split(",") if item):
        name, equals, value = item.rpartition("=")
        if not equals or not value.isdigit():
            raise InputError(f"'{item}' is not NAME=NUMBER")
        pairs[name] = int(value)
    return pairs


def resolve_shape(name, shape, dims):
    """A session's shape (numbers, names or None) with every symbolic dim replaced."""
    missing = [dim or "?" for dim in shape if not isinstance(dim, int) and dim not in dims]
    if missing:
        raise InputError(f"input '{name}' has the symbolic dims {', '.join(missing)}: give each one, for example --dim {missing[0]}=1")
    return [dim if isinstance(dim, int) else dims[dim] for dim in shape]


def ragged_mask(rng, shape, dtype):
    """Ones up to a random length per row, first position always on; with several rows the first one is full, so both extremes occur."""
    lengths = rng.integers(1, shape[-1] + 1, shape[:-1]) if shape[-1] else np.zeros(shape[:-1], np.int64)
    if lengths.size > 1:
        lengths.flat[0] = shape[-1]
    return (np.arange(shape[-1]) < lengths[..., None]).astype(dtype)


def default_limit(name):
    """One more than the largest integer that an input of this name may hold when --max does not say."""
    return 2 if re.search(r"type|segment", name) else 50


def make_inputs(declared, dims, seed, limits=None):
    """`declared`: [(name, type, shape)] as ONNX Runtime reports them. Returns {name: array}."""
    limits = limits or {}
    unknown = set(limits) - {name for name, _, _ in declared}
    if unknown:
        raise InputError(f"--max names '{min(unknown)}', but the model's inputs are {', '.join(name for name, _, _ in declared)}")
    symbols = {dim for _, _, shape in declared for dim in shape if isinstance(dim, str)}
    if set(dims) - symbols:
        raise InputError(
            f"--dim names '{min(set(dims) - symbols)}', but the model's symbolic dims are: {', '.join(sorted(symbols)) or 'none'}"
        )
    rng = np.random.default_rng(seed)
    inputs = {}
    for name, kind, declared_shape in declared:
        shape = resolve_shape(name, declared_shape, dims)
        if kind in FLOATS:
            inputs[name] = rng.standard_normal(shape).astype(FLOATS[kind])
        elif kind == "tensor(bool)" or kind in INTEGERS and "mask" in name.lower():
            inputs[name] = ragged_mask(rng, shape, INTEGERS.get(kind, np.bool_))
        elif kind in INTEGERS:
            inputs[name] = rng.integers(0, limits.get(name, default_limit(name)), shape).astype(INTEGERS[kind])
        else:
            raise InputError(f"input '{name}' is a {kind}: no rule to make one")
    return inputs


def declared_inputs(session):
    return [(value.name, value.type, value.shape) for value in session.get_inputs()]


def file_name(value_name):
    """The name as part of a file name: what could be a path becomes '_'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", value_name)
