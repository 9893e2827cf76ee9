#!/usr/bin/env python3
"""Accuracy of compiled models: largest and RMS error against the interpreter in double precision, at most twice ONNX Runtime's own.

Why: one artifact serves every batch and sequence size, in the tile remainders (1, 7, 127, 129) as in the middle. Every size runs in the JIT
and in one executable, at every CPU level of this machine; masks are ragged. ONNX Runtime is also what checks the interpreter.
"""
import numpy as np
import support
from compare import judge
from model_inputs import declared_inputs, file_name, make_inputs
from ort_case import open_session

LIMIT = 2.0
INTERPRETER_LIMIT = 1e-4  # of the RMS: what ONNX Runtime may be away from the interpreter in double precision


def parse_sizes(texts):
    return [tuple(int(part) for part in text.split("x")) for text in texts]


def run_all(setup, path, program, folder, names):
    """Yields (what, folder with its outputs) for the interpreter first, then for JIT and executable at every level."""
    inputs = [text for name in names for text in ("--input", f"{name}={folder / f'input_{file_name(name)}.npy'}")]
    if not (folder / "reference").exists():
        setup.run(setup.ingot, "run", path, *inputs, "--interpreter", "--double", "--output", folder / "reference.part", timeout=1800)
        (folder / "reference.part").rename(folder / "reference")
    yield "interpreter", folder / "reference"
    for level in support.levels():
        for what, command in (("jit", [setup.ingot, "run", path]), ("aot", [program, *support.side_file(program)])):
            out = folder / f"{what}-{level}"
            setup.run(*command, *inputs, "--cpu", level, "--output", out)
            yield f"{what} {level}", out


def check_model(setup, report, name, sizes=None, reuse=False):
    """Returns the largest ratios of errors, as (max, rms)."""
    path, program = setup.model(name), setup.executable(name)
    session = open_session(str(path), 2)
    declared = declared_inputs(session)
    symbols = [dim for dim in ("batch", "seq") if any(dim in shape for _, _, shape in declared)]
    worst = {"max": 0.0, "rms": 0.0}
    for size in sizes or (support.BERT_SIZES if "seq" in symbols else [(batch,) for batch in support.BATCHES]):
        folder = setup.work / "accuracy" / name / "x".join(map(str, size))
        if not (reuse and (folder / "reference").exists()):
            support.fresh(folder)
        inputs = make_inputs(declared, dict(zip(symbols, size)), seed=1)
        for key, array in inputs.items():
            np.save(folder / f"input_{file_name(key)}.npy", array)
        peers = dict(zip((value.name for value in session.get_outputs()), session.run(None, inputs)))
        references = {}
        for what, out in run_all(setup, path, program, folder, inputs):
            for output, peer in peers.items():
                got = np.load(out / f"{file_name(output)}.npy", allow_pickle=False)
                where = f"{name} at {'x'.join(map(str, size))}, {what}, {output}"
                if what == "interpreter":
                    references[output] = got
                    result = judge(peer, peer, got)
                    error = result["onnxruntime"]["max"] / (result["reference_rms"] or 1) if not result["problem"] else np.inf
                    passed = got.dtype == np.float64 and error <= INTERPRETER_LIMIT
                    report.check(passed, f"{where}: onnxruntime within {error:.1e} of it ({got.dtype})")
                    continue
                result = judge(got, peer, references[output], LIMIT)
                if result["problem"]:
                    report.check(False, f"{where}: {result['problem']}")
                    continue
                ratio = {kind: np.inf if value is None else value for kind, value in result["ratio"].items()}
                worst = {kind: max(worst[kind], ratio[kind]) for kind in worst}
                error, theirs = result["ingot"], result["onnxruntime"]
                report.check(
                    result["passed"],
                    f"{where}: max {error['max']:.2e} ({ratio['max']:.2f} of {theirs['max']:.2e}), "
                    f"rms {error['rms']:.2e} ({ratio['rms']:.2f} of {theirs['rms']:.2e})",
                )
    return worst["max"], worst["rms"]


def check(setup, report, models=(), sizes=None, reuse=False):
    figures = []
    for name in models or ("mlp", "bert_tiny", "bert_2x384"):
        largest = check_model(setup, report, name, parse_sizes(sizes) if sizes else None, reuse)
        figures.append(f"{name} {largest[0]:.2f}/{largest[1]:.2f}")
    return f"largest error ratios to onnxruntime (max/rms): {', '.join(figures)}; levels {', '.join(support.levels())}"


def add_options(parser):
    parser.add_argument("--models", nargs="+", choices=support.MODELS, default=[], help="default: mlp bert_tiny bert_2x384")
    parser.add_argument("--sizes", nargs="+", metavar="BATCHxSEQ", help="instead of all (1x1 ... 3x512); BATCH alone for an MLP")
    parser.add_argument("--reuse", action="store_true", help="take the interpreter's results of an earlier run where they exist")


if __name__ == "__main__":
    support.main(__doc__, check, add_options)
