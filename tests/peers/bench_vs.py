#!/usr/bin/env python3
"""Compares Ingot with ONNX Runtime on one model: processes of both alternate in one run, and the result is a ratio.

Why: on a shared machine absolute times drift by the minute; alternating A B A B puts the drift on both sides. Separate processes keep one
side's threads, caches and libraries away from the other. A ratio above 1 means that Ingot is faster.
"""
import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

EXAMPLES = """examples:
  bench_vs.py bert.onnx --ingot build/release/bin/ingot --dim batch=1 --dim seq=128
  bench_vs.py mlp.onnx --dim batch=1 --command './mlp --random 1 --dim batch=1 --threads 1 --repeat 100000 --json --output out'"""


def last_json(command):
    """Runs `command`; returns the JSON object on its last line of output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        sys.exit(f"bench_vs: error: '{shlex.join(command)}' ended with status {done.returncode} and {len(lines)} lines of output")
    try:
        figures = json.loads(lines[-1])
        if "min_ns" in figures:  # an executable made by Ingot, run with --repeat N --json
            return {key: float(figures[f"{key}_ns"]) / 1e6 for key in ("median", "min")}
        return {key: float(figures[f"{key}_ms"]) for key in ("median", "min")}
    except (ValueError, KeyError, TypeError):
        sys.exit(
            f"bench_vs: error: the last line of '{shlex.join(command)}' is no JSON object with min_ms and median_ms: {lines[-1][:200]}"
        )


def summary(rounds):
    return {
        "median_ms": statistics.median(r["median"] for r in rounds),
        "min_ms": min(r["min"] for r in rounds),
        "spread": max(r["median"] for r in rounds) / min(r["median"] for r in rounds),  # how restless the machine was
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL.onnx", help="what ONNX Runtime runs")
    ours = parser.add_mutually_exclusive_group(required=True)
    ours.add_argument("--ingot", metavar="INGOT", help="the ingot command: runs `INGOT bench ...` with the same dims, threads and seconds")
    ours.add_argument(
        "--command",
        metavar="'PROGRAM ...'",
        help="any program whose last line of output is a JSON object with min_ms and median_ms, or an executable made by Ingot",
    )
    parser.add_argument(
        "--program", metavar="PROGRAM.so", help="what `ingot bench` runs instead of MODEL.onnx (a program compiled ahead of time)"
    )
    parser.add_argument("--dim", "--dims", action="append", default=[], metavar="NAME=N[,NAME=N...]", help="sizes of the symbolic dims")
    parser.add_argument("--max", action="append", default=[], metavar="NAME=N", help="for ONNX Runtime: integers of input NAME are below N")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="per process (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="alternations (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, progress on standard error")
    arguments = parser.parse_args()

    shared = ["--threads", str(arguments.threads), "--seconds", str(arguments.seconds), "--json"]
    for pair in (pair for text in arguments.dim for pair in text.split(",")):
        shared += ["--dim", pair]
    if arguments.command:
        ingot_command = shlex.split(arguments.command)
    else:
        ingot_command = [arguments.ingot, "bench", arguments.program or arguments.model, *shared]
    limits = [text for limit in arguments.max for text in ("--max", limit)]
    peer_command = [sys.executable, str(Path(__file__).with_name("bench_ort.py")), arguments.model, *shared, *limits]

    talk = sys.stderr if arguments.json else sys.stdout
    ingot_rounds, peer_rounds = [], []
    for number in range(1, arguments.rounds + 1):
        ingot_rounds.append(last_json(ingot_command))
        peer_rounds.append(last_json(peer_command))
        print(f"round {number}: ingot {ingot_rounds[-1]['median']:.4f} ms, onnxruntime {peer_rounds[-1]['median']:.4f} ms", file=talk)
    ingot, peer = summary(ingot_rounds), summary(peer_rounds)
    result = {
        "ingot": ingot,
        "onnxruntime": peer,
        "speedup_median": peer["median_ms"] / ingot["median_ms"],
        "speedup_min": peer["min_ms"] / ingot["min_ms"],
        "threads": arguments.threads,
        "rounds": arguments.rounds,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"median: ingot {ingot['median_ms']:.4f} ms, onnxruntime {peer['median_ms']:.4f} ms: ratio {result['speedup_median']:.3f}")
        print(f"min:    ingot {ingot['min_ms']:.4f} ms, onnxruntime {peer['min_ms']:.4f} ms: ratio {result['speedup_min']:.3f}")


if __name__ == "__main__":
    main()
