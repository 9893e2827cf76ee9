"""Whole models on the GPU: ONNX test cases compiled there, against ONNX Runtime's outputs; and programs that were
compiled ahead of time on another machine, against what they give on the CPU.
"""

import array
import concurrent.futures
import json
import math
import os
import re
import struct
import tempfile
import time

import processes

CODES = {"f4": "f", "f8": "d", "i8": "q", "i4": "i"}


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<H", data, 8)
    code = re.search(r"'descr': '[<|](\w+)'", data[10 : 10 + length].decode()).group(1)
    return array.array(CODES[code], data[10 + length :])


def difference(folder, other):
    """What differs between the .npy files of two folders; "" for nothing."""
    names = sorted(os.listdir(folder))
    if not names or names != sorted(os.listdir(other)):
        return "other outputs"
    for name in names:
        a, b = (read_npy(os.path.join(place, name)) for place in (folder, other))
        largest = max((abs(x) for x in b if math.isfinite(x)), default=0)
        for at, (x, y) in enumerate(zip(a, b)):
            # In this form NaN is a difference, too.
            if not (x == y or abs(x - y) <= 1e-3 * max(abs(y), 1e-2 * largest)):
                return f"{name}: element {at} is {x:.6g} instead of {y:.6g}"
        if len(a) != len(b):
            return f"{name}: {len(a)} elements instead of {len(b)}"
    return ""


def check_case(ingot, case, device, seconds):
    """ "" where an ONNX test case passes."""
    command = [
        ingot,
        "verify",
        case,
        "--mode=jit",
        f"--device={device}",
        "--jobs=1",
        "--timeout",
        min(seconds, 120),
        "--json",
    ]
    _, text, trouble = processes.run(command, seconds)
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        return trouble or "no result"
    totals = json.loads(lines[-1])
    return "; ".join(found["reason"] for found in totals["failures"] + totals["skips"]) or (
        "" if totals["passed"] else "no test case"
    )


def check_program(ingot, program, sizes, device, seconds):
    """ "" where a program gives on the device what it gives on the CPU."""
    with tempfile.TemporaryDirectory() as work:
        outputs = {"cpu": os.path.join(work, "expected"), device: os.path.join(work, "actual")}
        for name, output in outputs.items():
            dims = [word for size in sizes for word in ("--dim", size)]
            status, _, trouble = processes.run(
                [ingot, "run", program, "--random", "1", *dims, "--device", name, "--output", output], seconds
            )
            if status != 0:
                return f"on {name}: {trouble}"
        return difference(*outputs.values()) if len(outputs) == 2 else ""


def check(part, root, device, jobs, deadline, emulated):
    ingot, fixtures = os.path.join(root, "bin", "ingot"), os.path.join(root, "models")
    with open(os.path.join(root, "programs", "sizes.json")) as file:
        programs = json.load(file)

    def work(item):
        how, name = item
        left = deadline - time.monotonic()
        if left < 1:
            return "no time"
        if how == "compiled here":
            return check_case(ingot, os.path.join(fixtures, name), device, left)
        # Machine code of GPUs is not for the stand-in: there the file is loaded and run on the CPU.
        return check_program(
            ingot, os.path.join(root, "programs", name + ".so"), programs[name], "cpu" if emulated else device, left
        )

    cases = sorted(os.listdir(fixtures))
    if emulated:
        # Of these the stand-in runs all in the test `gpu_models`.
        part.note(f"4 of {len(cases)} models")
        cases = cases[:4]
    items = [("compiled here", name) for name in cases] + [("ahead of time", name) for name in programs]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for (how, name), why in zip(items, pool.map(work, items)):
            alone = ", on the CPU alone" if emulated and how == "ahead of time" else ""
            part.add(model=name, how=how + alone, result=not why, why=why[:300])
