#!/usr/bin/env python3
"""Compile time follows the number of blocks of a model, and compiling holds no second copy of weights that go to a file.

Why: a large model is many blocks and many weights; whatever is quadratic in the first or copies the second shows only there. CPU time is
what counts, not the clock, and the smaller of two runs: other work on the machine must not fail this. `--figures` makes the table of
docs/performance.md (minutes).
"""
import os
import subprocess
import threading

import support

GROWTH = 4  # blocks of the larger chain over those of the smaller
LIMIT = 1.8  # times the growth: quadratic time would give GROWTH times it


def chain(setup, blocks, *options):
    name = "_".join([f"blocks_{blocks}", *(option.lstrip("-") for option in options)])
    support.MODELS[name] = ("gen_blocks.py", ["--blocks", str(blocks), *options])
    return setup.model(name)


def cpu_seconds(command):
    """CPU seconds of a command, and its peak of memory that is no file's, in bytes."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak, done = 0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.005):
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    peak = max([peak, *(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))])
            except (FileNotFoundError, ProcessLookupError):
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    done.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise support.Problem(f"'{' '.join(map(str, command))}' ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, peak


def compile_seconds(setup, model, *options, runs=2):
    out = setup.work / ("scale.mlir" if any("compile-to" in option for option in options) else "scale.o")
    return min(cpu_seconds([setup.ingot, "compile", model, "-o", out, *options])[0] for _ in range(runs))


def check_growth(setup, report):
    figures = []
    for what, blocks, options, stop in (
        ("equal blocks to an object", 1000, [], []),
        ("different blocks up to phase vector", 100, ["--different"], ["--compile-to=vector"]),
        ("different blocks to an object", 20, ["--different"], []),
    ):
        small, large = (compile_seconds(setup, chain(setup, count, *options), *stop) for count in (blocks, GROWTH * blocks))
        ratio = large / small
        figures.append(f"{what}: {ratio / GROWTH:.2f}")
        report.check(ratio <= LIMIT * GROWTH, f"{blocks} and {GROWTH * blocks} {what}: {small:.2f} and {large:.2f} s of CPU, {ratio:.1f} times")
    return f"time over blocks: {', '.join(figures)}"


def check_memory(setup, report, name, *generator):
    """Weights that go to a file: half of them in memory would already be a copy of a part."""
    support.MODELS[name] = generator
    out = setup.work / "memory.o"
    _, peak = cpu_seconds([setup.ingot, "compile", setup.model(name), "-o", out, "--name", "memory", "--weights=file"])
    weights = (setup.work / "memory.weights").stat().st_size
    text = f"{name}: weights {weights / 1e6:.0f} MB, peak without mapped files {peak / 1e6:.0f} MB"
    report.check(0 < peak < weights / 2, text)
    return text


def check(setup, report, figures=False):
    if not figures:
        return f"{check_growth(setup, report)}; {check_memory(setup, report, 'perceptron', 'gen_mlp.py', ['--sizes', '4096,4096,4096,4096,64'])}"
    rows = []
    for options, counts in (([], (100, 1000, 4000)), (["--different", "--among", "1000"], (100, 300, 1000))):
        for count in counts:
            model = chain(setup, count, *options)
            plan, all_of_it = (compile_seconds(setup, model, *stop, runs=1) for stop in (["--compile-to=fuse"], []))
            rows.append(f"| {'different' if options else 'equal'} | {count} | {plan:.2f} s | {all_of_it:.2f} s |")
    memory = check_memory(setup, report, "llama_32_layers", "gen_llama.py", ["--preset", "32-layers"])
    return "\n".join(["| blocks | number | up to phase fuse | to an object |", "|---|---|---|---|", *rows, memory])


if __name__ == "__main__":
    support.main(__doc__, check, lambda parser: parser.add_argument("--figures", action="store_true", help="the table (minutes)"))
