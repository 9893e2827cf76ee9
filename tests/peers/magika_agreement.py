#!/usr/bin/env python3
"""Compares the magika program that Ingot compiled with the magika package itself, file by file: same label, scores within 1e-3.

Why: the proof that a real trained model survives compilation, feature extraction and decision rules included. Makes and gathers several
hundred files (sample_files.py), at least 300 of at least 30 types; the list with both answers is written beside them.
Needs the packages in tools/setup/requirements.txt. The last line is `N passed, N failed`.
"""
import argparse
import collections
import json
import subprocess
import sys
from pathlib import Path

from sample_files import sample_files

MIN_FILES, MIN_TYPES, MAX_DIFFERENCE = 300, 30, 1e-3
FILES_PER_PROCESS = 200


def ask_package(paths, mode):
    """[{label, raw_label, score}] by the package, or {error}."""
    import magika

    identifier = magika.Magika(prediction_mode=magika.PredictionMode(mode.replace("-", "_")))
    answers = []
    # One file at a time: in a batch ONNX Runtime's own scores of ill-conditioned files move by up to 5e-3.
    for result in map(identifier.identify_path, paths):
        if result.ok:
            answers.append({"label": str(result.output.label), "raw_label": str(result.dl.label), "score": float(result.score)})
        else:
            answers.append({"error": str(result.status)})
    return answers


def ask_program(program, paths, mode):
    answers = []
    for first in range(0, len(paths), FILES_PER_PROCESS):
        some = [str(path) for path in paths[first : first + FILES_PER_PROCESS]]
        done = subprocess.run([program, "--json", f"--mode={mode}", "--", *some], stdout=subprocess.PIPE, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"magika_agreement: error: {program} ended with status {done.returncode}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if [line["path"] for line in lines] != some:
            sys.exit(f"magika_agreement: error: {program} answered for {len(lines)} files instead of {len(some)}, or in another order")
        answers += lines
    return answers


def difference(expected, got):
    """What is wrong with `got`, or None."""
    if ("error" in expected) != ("error" in got):
        return f"package says {expected}, program says {got}"
    if "error" in expected:
        return None
    for key in ("label", "raw_label"):
        if expected[key] != got[key]:
            return f"{key}: package {expected[key]} ({expected['score']:.6f}), program {got[key]} ({got['score']:.6f})"
    if not abs(expected["score"] - got["score"]) <= MAX_DIFFERENCE:
        return f"score: package {expected['score']:.6f}, program {got['score']:.6f} ({expected['label']})"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the compiled magika program (docs/examples/magika)")
    parser.add_argument(
        "--work", type=Path, default=Path("build/magika_agreement"), help="folder for the files and the list (default %(default)s)"
    )
    parser.add_argument("--mode", choices=("high-confidence", "medium-confidence", "best-guess"), default="high-confidence")
    parser.add_argument("--generated-only", action="store_true", help="leave out the machine's own files")
    arguments = parser.parse_args()

    paths = sample_files(arguments.work, with_system=not arguments.generated_only)
    # A path that does not exist: both sides have to say so.
    paths.append(arguments.work / "edge" / "no_such_file")
    expected, got = ask_package(paths, arguments.mode), ask_program(arguments.program, paths, arguments.mode)
    problems, largest = [], 0.0
    with open(arguments.work / "list.jsonl", "w", encoding="utf-8") as out:
        for path, want, have in zip(paths, expected, got):
            problem = difference(want, have)
            if problem:
                problems.append(f"{path}: {problem}")
            if "score" in want and "score" in have:
                largest = max(largest, abs(want["score"] - have["score"]))
            print(json.dumps({"path": str(path), "package": want, "program": have, "agree": problem is None}), file=out)
    for problem in problems:
        print(f"FAIL {problem}")
    types = collections.Counter(want["label"] for want in expected if "label" in want)
    print(f"{len(paths)} files of {len(types)} types: " + ", ".join(f"{label} {count}" for label, count in types.most_common()))
    print(
        f"{sum(want.get('raw_label') not in (None, 'undefined') for want in expected)} files asked the model; largest score difference {largest:.2e}"
    )
    print(f"list: {arguments.work / 'list.jsonl'}")
    enough = len(paths) >= MIN_FILES and len(types) >= MIN_TYPES
    if not enough:
        print(f"FAIL too small a sample: at least {MIN_FILES} files of {MIN_TYPES} types are needed")
    print(f"{len(paths) - len(problems)} passed, {len(problems)} failed")
    sys.exit(1 if problems or not enough else 0)


if __name__ == "__main__":
    main()
