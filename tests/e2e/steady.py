#!/usr/bin/env python3
"""A repeated run allocates nothing, and on one thread makes no system call.

Why: a model inside a server or an audio callback must not wait for the allocator or the kernel. A C program linked with the compiled
object runs every size twice and then once more; a preloaded library counts the allocations of that, and strace sees what happens between
two marks.
"""
import re

import support

MODELS = (
    ("mlp", [(batch,) for batch in support.BATCHES]),
    ("bert_tiny", support.BERT_SIZES),
)


def check_allocations(setup, report, driver, name, sizes, threads):
    counter = setup.work / "programs" / "count_allocations.so"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fno-builtin"]
    setup.run("cc", *flags, "-o", counter, support.HERE / "count_allocations.c")
    done = setup.run("env", f"LD_PRELOAD={counter}", driver, "allocations", threads, *sizes)
    counts = dict(line.split() for line in done.stdout.splitlines())
    report.check(list(counts) == sizes, f"{name} on {threads} threads: ran at {' '.join(counts)}")
    report.check(not any(map(int, counts.values())), f"{name} on {threads} threads: allocations per size {' '.join(counts.values())}")


def check_system_calls(setup, report, driver, name, sizes):
    trace = setup.work / f"{name}.strace"
    setup.run("strace", "-f", "-o", trace, driver, "quiet", 1, *sizes)
    found = re.search(r"INGOT BEGIN[^\n]*\n(.*?)[^\n]*INGOT END", trace.read_text(), re.DOTALL)
    if not found:
        raise support.Problem(f"{trace} has no marks")
    calls = [line.split(maxsplit=1)[1] for line in found[1].splitlines()]
    report.check(not calls, f"{name} on one thread: {len(calls)} system calls {' '.join(calls[:3])}")


def check(setup, report):
    for name, sizes in MODELS:
        driver, texts = setup.driver(name), [",".join(map(str, size)) for size in sizes]
        for threads in (1, 2):
            check_allocations(setup, report, driver, name, texts, threads)
        check_system_calls(setup, report, driver, name, texts)
    return "no allocation, no system call in repeated runs" if not report.failures else "; ".join(report.failures)


if __name__ == "__main__":
    support.main(__doc__, check)
