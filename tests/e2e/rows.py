#!/usr/bin/env python3
"""A table of every promise with its figure: what must hold, and the speed, memory and start-up figures that are aimed at.

Why: one command that says where the project stands. Figures against ONNX Runtime are ratios of processes that alternate in one run; run
this on a machine with nothing else to do. Exit status 1 when a row that must hold fails.
"""
import argparse
import json
import os
import statistics
import sys
import time

import accuracy
import artifact
import linking
import magika_example
import refusals
import scaling
import steady
import support
import threads

PEERS = support.ROOT / "tests" / "peers"


def best_levels():
    return ["--cpu", ",".join(reversed(support.levels()))]


def versus(setup, name, sizes, seconds=1.0, rounds=5):
    """Medians of Ingot and ONNX Runtime on one thread, alternating: (ratio, text)."""
    path, (library, _) = setup.model(name), setup.compile(setup.model(name), f"{name}.so", *best_levels())
    command = [sys.executable, PEERS / "bench_vs.py", path, "--ingot", setup.ingot, "--program", library, *support.dims_of(sizes)]
    options = ["--threads", 1, "--seconds", seconds, "--rounds", rounds, "--json"]
    result = setup.run_json(*command, *options, cwd=library.parent, timeout=900)
    ours, theirs = result["ingot"]["median_ms"], result["onnxruntime"]["median_ms"]
    return result["speedup_median"], f"{ours:.4g} ms, onnxruntime {theirs:.4g} ms: ratio {result['speedup_median']:.2f}"


def spawn(*arguments):
    """Runs a program without Python's machinery around it; returns what it used."""
    arguments = [str(argument) for argument in arguments]
    _, status, usage = os.wait4(os.posix_spawn(arguments[0], arguments, os.environ), 0)
    if status:
        raise support.Problem(f"{arguments[0]} ended with wait status {status}")
    return usage


def target(report, passed, text):
    report.check(passed, text)
    return text


def row_accuracy(setup, report, full):
    names = ["mlp", "bert_tiny", "bert_2x384"] + (["bert_6x384", "bert_12x768"] if full else [])
    return accuracy.check(setup, report, names)


def row_fixtures(setup, report, _):
    cases, figures = sorted((support.ROOT / "tests" / "models" / "fixtures").iterdir()), []
    for mode in ("interpreter", "jit", "aot"):
        done = setup.run(setup.ingot, "verify", *cases, f"--mode={mode}", status=None)
        last = done.stdout.strip().splitlines()[-1]
        figures.append(f"{mode}: {last}")
        report.check(done.returncode == 0 and " 0 skipped" in last, figures[-1])
    return "; ".join(figures)


def row_threads(setup, report, full):
    return threads.check(setup, report, "bert_12x768" if full else "bert_6x384")


def row_bert_speed(setup, report, _):
    ratio, text = versus(setup, "bert_12x768", (1, 128), seconds=4.0)
    return target(report, ratio >= 1.0, f"BERT 12x768, sequence 128, one thread: {text} (aim 1.0)")


def row_mlp_speed(setup, report, _):
    texts = []
    for batch, aim in ((64, 1.1), (1, 1.2)):
        ratio, text = versus(setup, "mlp", (batch,))
        texts.append(target(report, ratio >= aim, f"batch {batch}: {text} (aim {aim})"))
    return "MLP, " + "; ".join(texts)


def row_call(setup, report, _):
    driver = setup.driver("mlp_small", *best_levels())
    results = [setup.run_json(driver, "time", 1, "1") for _ in range(5)]
    median = statistics.median(result["median_ns"] for result in results)
    best = min(result["min_ns"] for result in results)
    return target(report, median <= 1000, f"64-32-10 MLP, batch 1, from C: median {median:.0f} ns, best {best:.0f} ns (aim 1000)")


def row_compile_time(setup, report, _):
    path = setup.model("bert_12x768")
    begin = time.perf_counter()
    _, facts = setup.compile(path, "bert_12x768.so")
    seconds = time.perf_counter() - begin
    parts = ", ".join(f"{key[:-3]} {facts[key] / 1e3:.2f}" for key in ("import_ms", "mlir_ms", "llvm_ms", "write_ms"))
    return target(report, seconds < 15, f"BERT 12x768 ahead of time: {seconds:.2f} s ({parts}; aim 15)")


def row_cache_start(setup, report, _):
    command = [setup.ingot, "run", setup.model("bert_12x768"), "--random=1", *support.dims_of((1, 1)), "--json"]
    setup.run(*command)
    results = [setup.run_json(*command) for _ in range(5)]
    if not all(result["from_cache"] for result in results):
        raise support.Problem("the second run did not come from the cache")
    start = statistics.median(result["load_ms"] + result["compile_ms"] for result in results) / 1e3
    return target(report, start < 0.3, f"BERT 12x768 in the JIT from the cache: ready after {start:.3f} s (aim 0.3)")


def row_first_run(setup, report, _):
    library, _ = setup.compile(setup.model("bert_12x768"), "bert_12x768.so", *best_levels())
    command = [setup.ingot, "bench", library, *support.dims_of((1, 128)), "--threads", 1, "--seconds", 2, "--json"]
    results = [setup.run_json(*command, cwd=library.parent) for _ in range(4)][1:]  # the first fills the page cache
    ratio = statistics.median(result["first_ms"] / result["median_ms"] for result in results)
    first, warm = (statistics.median(result[key] for result in results) for key in ("first_ms", "median_ms"))
    return target(report, ratio <= 1.3, f"BERT 12x768, sequence 128: first run {first:.1f} ms, warm {warm:.1f} ms: {ratio:.2f} (aim 1.3)")


def row_memory(setup, report, _):
    program, facts = setup.compile(setup.model("bert_12x768"), "bert_12x768", *best_levels())
    arguments = ["--random", 1, *support.dims_of((1, 128)), "--threads", 1, "--repeat", 2, "--output", setup.work / "memory"]
    usage = spawn(program, *arguments, *support.side_file(program))
    peak, weights = usage.ru_maxrss * 1024, facts["weights_bytes"]
    text = f"BERT 12x768, sequence 128: peak {peak / 1e6:.0f} MB, weights {weights / 1e6:.0f} MB: {peak / weights:.3f} (aim 1.15)"
    return target(report, peak <= 1.15 * weights, text)


def row_startup(setup, report, _):
    program, out = setup.executable("mlp"), setup.work / "startup"
    times = []
    for _ in range(101):
        begin = time.perf_counter()
        spawn(program, "--random", 1, "--dim", "batch=1", "--threads", 1, "--output", out)
        times.append(1e3 * (time.perf_counter() - begin))
    times = times[1:]
    median = statistics.median(times)
    text = f"MLP executable, from exec to exit with its output written: median {median:.2f} ms, best {min(times):.2f} ms (aim 5)"
    return target(report, median < 5, text)


ROWS = {  # name: (must hold, function of setup, report and full)
    "accuracy": (True, row_accuracy),
    "fixtures": (True, row_fixtures),
    "artifact": (True, lambda setup, report, _: artifact.check(setup, report)),
    "threads": (True, row_threads),
    "steady": (True, lambda setup, report, _: steady.check(setup, report)),
    "scaling": (True, lambda setup, report, full: scaling.check(setup, report, "bert_6x384" if full else "bert_2x384")),
    "linking": (True, lambda setup, report, _: linking.check(setup, report)),
    "refusals": (True, lambda setup, report, _: refusals.check(setup, report)),
    "magika": (True, lambda setup, report, _: magika_example.check(setup, report)),
    "bert_speed": (False, row_bert_speed),
    "mlp_speed": (False, row_mlp_speed),
    "call": (False, row_call),
    "compile_time": (False, row_compile_time),
    "cache_start": (False, row_cache_start),
    "first_run": (False, row_first_run),
    "memory": (False, row_memory),
    "startup": (False, row_startup),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    support.add_arguments(parser)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, help=f"some of: {' '.join(ROWS)}")
    parser.add_argument("--full", action="store_true", help="the large models too, where a row has them (many minutes)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead of the table")
    arguments = parser.parse_args()
    results = []
    try:
        setup = support.open_setup(arguments)
    except support.Problem as problem:
        sys.exit(f"error: {problem}")
    for name in arguments.only or ROWS:
        must, function = ROWS[name]
        print(f"-- {name}", file=sys.stderr, flush=True)
        report = support.Report(sys.stderr)
        try:
            figure, passed = function(setup, report, arguments.full), not report.failures
        except support.Problem as problem:
            figure, passed = str(problem), False
        results.append({"row": name, "must": must, "passed": passed, "figure": figure, "failures": report.failures})
    if arguments.json:
        print(json.dumps({"rows": results}))
    else:
        print("| | row | | figure |\n|---|---|---|---|")
        for result in results:
            verdict = "pass" if result["passed"] else "FAIL" if result["must"] else "below"
            print(f"| {'MUST' if result['must'] else 'TARGET'} | {result['row']} | {verdict} | {result['figure'].splitlines()[0]} |")
    sys.exit(1 if any(result["must"] and not result["passed"] for result in results) else 0)


if __name__ == "__main__":
    main()
