#!/usr/bin/env python3
"""What `ingot compile` writes: one kernel per distinct region, the same bytes every time and on any number of threads, nothing needed but libc and libm, little code.

Why: repeated layers must not repeat code, a build must be reproducible, and a program must run on a machine that has nothing of Ingot.
"""
import re

import support

ALLOWED = r"(libc|libm)\.so\.6|ld-linux-x86-64\.so\.2"
THREADS = (1, 2, 4)
LOADED_LIMIT = 100_000  # bytes, without weights


def check_kernels(setup, report):
    counts = {}
    for name in ("bert_2x64", "bert_12x64"):
        counts[name] = setup.compile(setup.model(name), f"{name}.o")[1]
    two, twelve = (counts[name]["kernels"] for name in ("bert_2x64", "bert_12x64"))
    report.check(two == twelve, f"kernels of a BERT with 2 layers: {two}, with 12 layers: {twelve}")
    steps = [counts[name]["steps"] for name in ("bert_2x64", "bert_12x64")]
    report.check(steps[1] > 4 * steps[0], f"steps of a BERT with 2 layers: {steps[0]}, with 12 layers: {steps[1]}")
    return f"kernels {two} = {twelve}"


def check_bytes(setup, report, names):
    for name in names:
        folders = [support.fresh(setup.work / "bytes" / f"{threads}") for threads in THREADS]
        for threads, folder in zip(THREADS, folders):
            # Both levels and a side file: everything that is written. The same output path in another directory.
            options = ["--weights=file", "--cpu", "x86-64-v4,x86-64-v3", "--threads", threads]
            setup.run(setup.ingot, "compile", setup.model(name), "-o", "same.o", *options, cwd=folder)
        files = sorted(path.name for path in folders[0].iterdir())
        for file in files:
            same = len({(folder / file).read_bytes() for folder in folders}) == 1
            report.check(same, f"{name} compiled on {' and '.join(map(str, THREADS))} threads: {file} has the same bytes")
        report.check({"same.o", "same.o.h", "same.weights"} <= set(files), f"{name}: files {' '.join(files)}")


def loaded_bytes(setup, program):
    """Bytes of the sections that are in memory when the program runs; those that are not have address 0."""
    rows = re.findall(r"^(\.\S+)\s+(\d+)\s+(\d+)$", setup.run("size", "-A", "-d", program).stdout, re.MULTILINE)
    return sum(int(size) for _, size, address in rows if int(address))


def check_executables(setup, report, names):
    figures = []
    for name in names:
        program, facts = setup.compile(setup.model(name), name, "--cpu", "x86-64-v3", "--weights=embed")
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", setup.run("readelf", "-d", program).stdout)
        report.check(needed and all(re.fullmatch(ALLOWED, library) for library in needed), f"{name} needs {' '.join(needed)}")
        loaded = loaded_bytes(setup, program) - facts["weights_bytes"]
        figures.append(f"{name} {loaded / 1000:.1f} kB")
        if name == "mlp":
            report.check(0 < loaded < LOADED_LIMIT, f"{name} loads {loaded} bytes without weights (limit {LOADED_LIMIT})")
        else:
            report.note(f"{name} loads {loaded} bytes without weights")
    return f"loaded without weights: {', '.join(figures)}"


def check(setup, report):
    kernels = check_kernels(setup, report)
    check_bytes(setup, report, ("mlp", "bert_tiny"))
    return f"{kernels}; {check_executables(setup, report, ('mlp', 'bert_tiny'))}"


if __name__ == "__main__":
    support.main(__doc__, check)
