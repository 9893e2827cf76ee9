#!/usr/bin/env python3
"""Compares two versions of Ingot and ONNX Runtime on the models that must not become slower: three programs in turn, one and two threads.

Why: whether a change kept its speed is a question about two commits on one machine in one hour. Each row is a ratio to ONNX Runtime, above 1 where
Ingot is faster. Models are made beside the programs in --work, which can be used again.

  tests/peers/before_after.py --before OLD/build/release/bin/ingot --after build/release/bin/ingot --work build/before_after
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "models"
CASES = {  # name: (generator and its arguments, dims)
    "mlp_64": (["gen_mlp.py"], ["batch=64"]),
    "minilm": (["gen_bert.py", "--preset", "minilm"], ["batch=1", "seq=128"]),
    "bert_base": (["gen_bert.py", "--preset", "bert-base"], ["batch=1", "seq=128"]),
    "resnet50": (["gen_resnet.py"], ["batch=1", "height=224", "width=224"]),
    "lstm": (["gen_lstm.py"], ["steps=100", "batch=1"]),
    "gpt2_step": (["gen_gpt.py", "--preset", "gpt2"], ["batch=1", "past=128"]),
}


def run(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"before_after: error: '{' '.join(map(str, command))}' ended with status {done.returncode}")
    return done.stdout


def median_ms(command, **options):
    return float(json.loads(run(command, **options).strip().splitlines()[-1])["median_ms"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, metavar="INGOT")
    parser.add_argument("--after", type=Path, required=True, metavar="INGOT")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each program in each round; default %(default)s")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    print("| model | threads | before, ms | after, ms | ONNX Runtime, ms | before/ORT | after/ORT | after/before |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.only:
        generator, dims = CASES[name]
        model = work / f"{name}.onnx"
        if not model.exists():
            run([sys.executable, MODELS / generator[0], model, *generator[1:]])
        programs = {}
        for version in ("before", "after"):
            programs[version] = work / f"{name}_{version}.so"
            run([getattr(arguments, version).resolve(), "compile", model, "-o", programs[version], "--name", f"{name}_{version}", "--cpu", "native"])
        sizes = [option for dim in dims for option in ("--dim", dim)]
        for threads in (1, 2):
            limits = ["--threads", threads, "--seconds", arguments.seconds]
            times = {"before": [], "after": [], "peer": []}
            for _ in range(arguments.rounds):
                for version in ("before", "after"):
                    ingot = getattr(arguments, version).resolve()
                    times[version].append(median_ms([ingot, "bench", programs[version], *sizes, *limits, "--json"], cwd=work))
                times["peer"].append(median_ms([sys.executable, ROOT / "tests/peers/bench_ort.py", model, *sizes, *limits, "--json"]))
            before, after, peer = (statistics.median(times[key]) for key in ("before", "after", "peer"))
            print(
                f"| {name} | {threads} | {before:.4g} | {after:.4g} | {peer:.4g} | {peer / before:.2f} | {peer / after:.2f} | {before / after:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
