#!/usr/bin/env python3
"""Makes or checks the committed fixtures: small models as ONNX test cases whose outputs ONNX Runtime computed.

Why: importers and kernels are tested against numbers that Ingot had no part in, on machines that have neither PyTorch nor ONNX Runtime.
  make_fixtures.py            remakes the plain models and the test data of all (needs onnxruntime)
  make_fixtures.py --torch    also exports the torch_* models anew (needs torch and onnxscript)
  make_fixtures.py --check    changes nothing: models valid, outputs as ONNX Runtime computes them now, README.md's table current
"""
import argparse
import collections
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).parent.parent / "peers"))
import gen_bert
import gen_gpt
import gen_llama
import gen_lstm
import gen_mlp
import gen_resnet
from model_inputs import declared_inputs, make_inputs
from ort_case import open_session

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
README = HERE / "README.md"
MARKS = "<!-- made by make_fixtures.py -->", "<!-- end -->"

BERT_SIZES = [{"batch": 1, "seq": 1}, {"batch": 3, "seq": 7}, {"batch": 1, "seq": 16}, {"batch": 3, "seq": 16}]
STEP_SIZES = [{"batch": 1, "past": 0}, {"batch": 2, "past": 5}, {"batch": 1, "past": 40}]
IMAGE_SIZES = [{"batch": 1, "height": 33, "width": 40}, {"batch": 2, "height": 64, "width": 64}]
LSTM_SIZES = [{"steps": 1, "batch": 1}, {"steps": 7, "batch": 3}, {"steps": 20, "batch": 10}]
MLP_SIZES = [{"batch": 1}, {"batch": 3}, {"batch": 17}]
PLAIN = {
    "mlp": (lambda path: gen_mlp.build(path, [16, 32, 10], "batch", seed=1), MLP_SIZES),
    "bert_plain": (lambda path: gen_bert.build(path, *gen_bert.PRESETS["tiny"], batch="batch", seq="seq", seed=2), BERT_SIZES),
    "llama_plain": (lambda path: gen_llama.build(path, *gen_llama.PRESETS["tiny"], seed=4), BERT_SIZES),
    "resnet": (lambda path: gen_resnet.build(path, *gen_resnet.PRESETS["tiny"], classes=10, norms=True, seed=6), IMAGE_SIZES),
    "lstm": (lambda path: gen_lstm.build(path, 10, 12, seed=7), LSTM_SIZES),
    "gpt_step": (lambda path: gen_gpt.build(path, *gen_gpt.PRESETS["tiny"], seed=5), STEP_SIZES),
}
TORCH = {  # kind, newer exporter?
    "torch_explicit_legacy": ("explicit", False),
    "torch_explicit_dynamo": ("explicit", True),
    "torch_sdpa_legacy": ("sdpa", False),
    "torch_sdpa_dynamo": ("sdpa", True),
    "torch_layer_dynamo": ("layer", True),  # the legacy exporter freezes this layer's sequence length: there is no dynamic legacy one
}


def write_data(case, sizes):
    """test_data_set_0, 1, ...: one per entry of `sizes`."""
    for old in case.glob("test_data_set_*"):
        shutil.rmtree(old)
    session = open_session(str(case / "model.onnx"), threads=1)
    for number, dims in enumerate(sizes):
        folder = case / f"test_data_set_{number}"
        folder.mkdir()
        inputs = make_inputs(declared_inputs(session), dims, seed=number)
        outputs = dict(zip((value.name for value in session.get_outputs()), session.run(None, inputs)))
        for prefix, arrays in (("input", inputs), ("output", outputs)):
            for index, (name, array) in enumerate(arrays.items()):
                (folder / f"{prefix}_{index}.pb").write_bytes(numpy_helper.from_array(array, name).SerializeToString())


def read_tensors(folder, prefix):
    paths = sorted(folder.glob(f"{prefix}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
    tensors = [onnx.load_tensor(path) for path in paths]
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}


def check_case(case):
    """Returns how many data sets were compared; raises where one differs."""
    onnx.checker.check_model(case / "model.onnx", full_check=True)
    session = open_session(str(case / "model.onnx"), threads=1)
    folders = sorted(case.glob("test_data_set_*"))
    for folder in folders:
        expected = read_tensors(folder, "output")
        for name, array in zip(expected, session.run(list(expected), read_tensors(folder, "input"))):
            np.testing.assert_allclose(array, expected[name], rtol=1e-4, atol=1e-5, err_msg=f"{folder}: {name}")
    return len(folders)


def describe(case):
    """A row of README's table."""
    model = onnx.load(case / "model.onnx")
    counts = collections.Counter(node.op_type for node in model.graph.node)
    shapes = []
    for folder in sorted(case.glob("test_data_set_*")):
        shapes.append("x".join(str(size) for size in next(iter(read_tensors(folder, "input").values())).shape))
    opset = next(entry.version for entry in model.opset_import if entry.domain == "")
    producer = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    ops = ", ".join(f"{op} {count}" for op, count in sorted(counts.items()))
    kilobytes = (case / "model.onnx").stat().st_size / 1000
    return f"| `{case.name}` | {producer} | {opset} | {kilobytes:.0f} | {', '.join(shapes)} | {ops} |"


def table(cases):
    head = "| fixture | producer | opset | kB | shapes of the first input | operators |\n|---|---|---|---|---|---|\n"
    return head + "".join(describe(case) + "\n" for case in cases)


def with_table(text, new):
    begin, end = (text.index(mark) for mark in MARKS)
    return text[: begin + len(MARKS[0])] + "\n" + new + text[end:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", action="store_true", help="export the torch_* models anew")
    parser.add_argument("--check", action="store_true", help="check what is there, change nothing")
    arguments = parser.parse_args()
    cases = [FIXTURES / name for name in (*PLAIN, *TORCH)]
    if arguments.check:
        print(f"{sum(check_case(case) for case in cases)} data sets of {len(cases)} fixtures agree with onnxruntime")
        if with_table(README.read_text(), table(cases)) != README.read_text():
            sys.exit("make_fixtures: error: tests/models/README.md is out of date: run make_fixtures.py")
        return
    for name, (build, sizes) in PLAIN.items():
        build(FIXTURES / name / "model.onnx")
        write_data(FIXTURES / name, sizes)
    for name, (kind, dynamo) in TORCH.items():
        if arguments.torch:
            import export_torch_bert

            export_torch_bert.export(kind, dynamo, FIXTURES / name / "model.onnx", seed=3)
        write_data(FIXTURES / name, BERT_SIZES)
    README.write_text(with_table(README.read_text(), table(cases)))
    print(table(cases), end="")


if __name__ == "__main__":
    main()
