#!/usr/bin/env python3
"""Results as large as their data says, from ONNX: interpreter, JIT and an executable that needs libc alone, against ONNX Runtime.

The models are those of data_models.py; any sizes, several inputs per size.
"""
import numpy as np
import onnx
import onnxruntime
import support
from data_models import MODELS
from onnx import TensorProto, helper


def check(setup, report):
    runs = sum(compare(setup, report, name, model) for name, model in MODELS.items())
    picked = setup.work / "picked.onnx"
    graph = helper.make_graph([helper.make_node("NonZero", ["m"], ["y"])], "picked",
                              [helper.make_tensor_value_info("m", TensorProto.INT64, ["r", "c"])],
                              [helper.make_tensor_value_info("y", TensorProto.INT64, None)])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), picked)
    for command in (("run", picked, "--random", 1), ("run", picked, "--random", 1, "--interpreter"), ("bench", picked, "--seconds", 0.05)):
        done = setup.run(setup.ingot, *command, "--dim", "r=2", "--dim", "c=2", status=None)
        report.check(done.returncode == 0, f"ingot {command[0]} asks for the sizes that inputs have alone: {done.stderr.strip()[-200:]}")
    return f"{runs} runs of {len(MODELS)} models, every set of sizes twice"


def compare(setup, report, name, model):
    """Runs a model in every mode; returns how often."""
    path, program = setup.work / f"{name}.onnx", setup.work / name
    onnx.save(model.make(name), path)
    peer = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    setup.run(setup.ingot, "compile", path, "-o", program)
    libraries = setup.run("ldd", program).stdout
    report.check("libstdc++" not in libraries and "libc.so" in libraries, f"{name}: the executable needs libc alone")
    runs = 0
    for sizes in model.sizes:
        for seed in (1, 2):
            given = model.inputs_of(np.random.default_rng(seed), *sizes)
            wanted = dict(zip(model.outputs, peer.run(list(model.outputs), given), strict=True))
            files = []
            for operand, value in given.items():
                np.save(setup.work / f"{operand}.npy", value)
                files += ["--input", f"{operand}={setup.work / operand}.npy"]
            commands = {"interpreter": (setup.ingot, "run", path, "--interpreter"), "jit": (setup.ingot, "run", path), "executable": (program,)}
            for mode, command in commands.items():
                out = support.fresh(setup.work / f"out_{mode}")
                setup.run(*command, *files, "--output", out)
                wrong = [output for output, value in wanted.items() if not same(np.load(out / f"{output}.npy"), value, output in model.inexact)]
                outcome = "outputs differ: " + ", ".join(wrong) if wrong else len(wanted)
                report.check(not wrong, f"{name}, {mode}, sizes {sizes}, seed {seed}: {outcome}")
                runs += 1
    return runs


def same(got, wanted, is_inexact):
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return False
    if wanted.dtype == np.int64:
        return np.array_equal(got, wanted)
    scale = 5 * np.abs(wanted).max(initial=1) if is_inexact else 1
    return np.allclose(got, wanted, rtol=1e-5, atol=1e-5 * scale)


if __name__ == "__main__":
    support.main(__doc__, check)
