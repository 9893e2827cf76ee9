#!/usr/bin/env python3
"""8-bit floats, int4 and uint4 in ONNX models: interpreter, JIT and ahead of time, bit by bit against ml_dtypes and ONNX's reference.

Casts of every pattern and of a sweep over float32, saturating and not; quantized weights; and ONNX's own node cases for these types, which
Debian's test data is too old for: the onnx package makes them.
"""
import warnings

import ml_dtypes
import numpy as np
import onnx
import support
from onnx import TensorProto, helper

F8 = {TensorProto.FLOAT8E4M3FN: (ml_dtypes.float8_e4m3fn, 448.0), TensorProto.FLOAT8E5M2: (ml_dtypes.float8_e5m2, 57344.0)}
INT4 = {TensorProto.INT4: (ml_dtypes.int4, -8, 7), TensorProto.UINT4: (ml_dtypes.uint4, 0, 15)}


def sweep():
    """Every sign, exponent and the first bits of the fraction, each with what lies just below, on and above the middle of the next."""
    low = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    return ((np.arange(1 << 16, dtype=np.uint32)[:, None] << 16) | low).reshape(-1).view(np.float32)


def cast_model(path, source, target, **attributes):
    node = helper.make_node("Cast", ["x"], ["y"], to=target, **attributes)
    graph = helper.make_graph([node], "cast", [helper.make_tensor_value_info("x", source, ["n"])], [helper.make_tensor_value_info("y", target, ["n"])])
    onnx.save(helper.make_model(graph, ir_version=11, opset_imports=[helper.make_opsetid("", 23)]), path)


def run_all(setup, path, x):
    """The model's y in every mode, as bytes: one for each element."""
    np.save(setup.work / "x.npy", x)
    program = setup.work / "program"
    setup.run(setup.ingot, "compile", path, "-o", program)
    for mode, command in {"interpreter": [setup.ingot, "run", path, "--interpreter"], "jit": [setup.ingot, "run", path], "aot": [program]}.items():
        out = support.fresh(setup.work / "out")
        setup.run(*command, "--input", f"x={setup.work / 'x.npy'}", "--output", out)
        yield mode, np.load(out / "y.npy")


def same(got, wanted):
    """The same bits; a NaN is a NaN."""
    got = got.view(wanted.dtype)
    nan = np.isnan(wanted.astype(np.float32))
    whole = np.dtype(f"u{wanted.dtype.itemsize}")
    return got.shape == wanted.shape and bool(np.all((got.view(whole) == wanted.view(whole)) | (nan & np.isnan(got.astype(np.float32)))))


def check_floats(setup, report):
    path, x = setup.work / "cast.onnx", sweep()
    for target, (numpy_type, largest) in F8.items():
        name = np.dtype(numpy_type).name
        with np.errstate(all="ignore"):
            plain = x.astype(numpy_type)
            clipped = np.where(np.isnan(x), x, np.clip(x, -largest, largest)).astype(np.float32).astype(numpy_type)
        for saturate, wanted in {1: clipped, 0: plain}.items():
            cast_model(path, TensorProto.FLOAT, target, saturate=saturate)
            for mode, got in run_all(setup, path, x):
                report.check(same(got, wanted), f"float32 to {name}, saturate={saturate}, {mode}: {len(x)} numbers")
        patterns = np.arange(256, dtype=np.uint8).view(numpy_type)
        for source, numpy_source in {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16}.items():
            cast_model(path, target, source)
            for mode, got in run_all(setup, path, patterns.view(np.uint8)):
                report.check(same(got, patterns.astype(numpy_source)), f"{name} to {np.dtype(numpy_source).name}, {mode}: 256 patterns")


def check_integers(setup, report):
    path = setup.work / "cast.onnx"
    for kind, (numpy_type, low, high) in INT4.items():
        name, values = np.dtype(numpy_type).name, np.array([*range(low, high + 1), low], np.int8)
        cast_model(path, kind, TensorProto.FLOAT)
        for mode, got in run_all(setup, path, values if low < 0 else values.astype(np.uint8)):
            report.check(same(got, values.astype(np.float32)), f"{name} to float32, {mode}")
        x = np.arange(-300, 301, dtype=np.int32)
        cast_model(path, TensorProto.INT32, kind)
        for mode, got in run_all(setup, path, x):
            wanted = x.astype(numpy_type).astype(np.int8)
            report.check(np.array_equal(got.astype(np.int8), wanted), f"int32 to {name}, {mode}: low bits")


def check_weights(setup, report):
    """A product with weights of 4 bits, a scale for each block of 16 of them, as quantizers write it."""
    generator = np.random.default_rng(3)
    w, scale = generator.integers(-8, 8, (64, 24)), generator.uniform(0.01, 0.1, (4, 24)).astype(np.float32)
    path, x = setup.work / "weights.onnx", generator.normal(size=(5, 64)).astype(np.float32)
    nodes = [helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=0, block_size=16), helper.make_node("MatMul", ["x", "d"], ["y"])]
    weights = helper.make_tensor("w", TensorProto.INT4, w.shape, w.reshape(-1).tolist())
    graph = helper.make_graph(
        nodes, "weights", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 24])], [weights, onnx.numpy_helper.from_array(scale, "s")])
    onnx.save(helper.make_model(graph, ir_version=11, opset_imports=[helper.make_opsetid("", 21)]), path)
    wanted = x.astype(np.float64) @ (w * np.repeat(scale, 16, 0))
    for mode, got in run_all(setup, path, x):
        report.check(np.allclose(got, wanted, rtol=1e-5, atol=1e-5), f"int4 weights in blocks, {mode}: error {np.abs(got - wanted).max():.1e}")


def node_cases(folder):
    """ONNX's own cases that have one of the types, as files. A case with another 8-bit or 4-bit type besides is left out."""
    from onnx.backend.test.case.node import collect_testcases

    ours, folders = {*F8, *INT4}, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    for case in cases:
        if case.model is None:
            continue
        values = [*case.model.graph.input, *case.model.graph.output]
        kinds = {value.type.tensor_type.elem_type for value in values}
        if not kinds & ours or any(kind > TensorProto.BFLOAT16 and kind not in ours for kind in kinds):
            continue
        data = folder / case.name / "test_data_set_0"
        data.mkdir(parents=True)
        onnx.save(case.model, folder / case.name / "model.onnx")
        inputs, outputs = case.data_sets[0]
        for what, arrays, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for i, (array, info) in enumerate(zip(arrays, infos)):
                tensor = array if isinstance(array, TensorProto) else onnx.numpy_helper.from_array(np.asarray(array), info.name)
                tensor.name = info.name
                (data / f"{what}_{i}.pb").write_bytes(tensor.SerializeToString())
        folders.append(folder / case.name)
    return folders


def check_cases(setup, report):
    cases, counts = node_cases(support.fresh(setup.work / "cases")), []
    for mode in ("interpreter", "jit"):
        totals = setup.run_json(setup.ingot, "verify", "--mode", mode, "--jobs", "2", "--json", *cases, status=None)
        wrong = [f"{case['case'].split('/')[-1]}: {case['reason']}" for case in totals["failures"] + totals["skips"]]
        report.check(len(cases) >= 70 and not wrong, f"ONNX's node cases, {mode}: {totals['passed']} of {len(cases)}" + "".join(f"\n      {w}" for w in wrong))
        counts.append(totals["passed"])
    return counts[-1]


def check(setup, report):
    check_floats(setup, report)
    check_integers(setup, report)
    check_weights(setup, report)
    return f"low bits: every conversion has ml_dtypes' bits, {check_cases(setup, report)} of ONNX's node cases pass"


if __name__ == "__main__":
    support.main(__doc__, check)
