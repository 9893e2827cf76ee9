#!/usr/bin/env python3
"""Checks Ingot on this machine's GPU and measures it, in one run: which lane holds which element of a fragment, then
all compiled ops, then models, then speed beside PyTorch and JAX where Python has them. Needs the driver, Python 3, and
nothing else: no network, no CUDA toolkit.

Prints tables as they come, each with the device and the date, and writes them to results.md and results.json after
every row. The exit status is 1 if a layout, an op or a model was wrong or found no time; speed decides nothing.

  ./check                            everything, in 10 minutes
  ./check --only layouts,ops         parts of it
  ./check --minutes 5 --only speed
  ./check --emulated                 without a GPU: a few tests of everything on the emulator, and no figures
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
CHECKS = os.path.join(ROOT, "checks")
sys.path.insert(0, CHECKS)
sys.dont_write_bytecode = True

import models
import ops
import processes
import speed
from report import Report

PARTS = ("layouts", "ops", "models", "speed")
# Of the time that is left when a part begins, the most that it may take.
SHARES = {"layouts": 0.2, "ops": 0.5, "models": 0.5, "speed": 1.0}
EMULATOR, TWINS = (os.path.join(ROOT, "lib", f"libingot_gpu_{name}.so") for name in ("emulator", "layout_twins"))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only",
        default=",".join(PARTS),
        metavar="PART,...",
        help="of layouts, ops, models, speed; their order is always this one",
    )
    parser.add_argument("--minutes", type=float, default=10, help="for everything together (default %(default)s)")
    parser.add_argument("--out", default="results", help="folder for results.md and results.json (default %(default)s)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        help="processes at a time, of tests and models (default: one per processor)",
    )
    parser.add_argument("--emulated", action="store_true", help="on the emulator instead of a GPU")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    unknown = set(arguments.only) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    return arguments


class Run:
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        self.end = time.monotonic() + 60 * arguments.minutes
        self.report = Report(arguments.out, arguments.emulated)
        self.device = "gpu-emulated" if arguments.emulated else "cuda"
        # The cache is this run's, so that what is tested is what is carried here.
        self.environment = {
            "INGOT_TEST_DEVICE": self.device,
            "INGOT_CACHE_DIR": os.path.join(work, "cache"),
            "INGOT_GPU_EMULATOR": EMULATOR,
        }
        os.environ.update(self.environment)

    def child(self, script, seconds, *words):
        """A script of `checks` in a process of its own: (its lines of JSON, what went wrong)."""
        library = ["--emulator", EMULATOR] if self.arguments.emulated else []
        _, text, trouble = processes.run([*processes.PYTHON, os.path.join(CHECKS, script), *library, *words], seconds)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")], trouble

    def find_device(self):
        """False where there is none, which every part then says."""
        with open(os.path.join(ROOT, "VERSION")) as file:
            self.report.device["ingot"] = file.read().strip()
        lines, trouble = self.child("device.py", 60)
        for facts in lines:
            self.report.device.update(facts)
        print(f"{self.report.stamp()}")
        for fact, value in self.report.device.items():
            print(f"  {fact}: {value}")
        self.trouble = trouble
        return bool(lines)

    def layouts(self, deadline):
        part = self.report.part("layouts", "Fragment layouts: lanes and elements", ["instruction", "result", "why"])
        lines, trouble = self.child(
            "layouts.py", deadline - time.monotonic(), *(["--twins", TWINS] if self.arguments.emulated else [])
        )
        for line in lines:
            part.add(instruction=line["name"], result=line["passed"], why=line["why"])
        if trouble:
            part.note(
                f"ended early: {trouble}" if not lines or lines[-1]["passed"] is not None else trouble, failed=True
            )
        return part

    def ops(self, deadline):
        part = self.report.part(
            "ops", "Compiled ops against the interpreter", ["suite", "passed", "skipped", "failed", "missing", "result"]
        )
        program = os.path.join(ROOT, "bin", "ops_gpu_test")
        ops.check(part, program, self.environment, self.arguments.jobs, deadline, self.arguments.emulated)
        cases = os.path.join(ROOT, "onnx_cases")
        if os.path.isdir(cases):
            ingot = os.path.join(ROOT, "bin", "ingot")
            ops.check_onnx(part, ingot, cases, self.device, self.arguments.jobs, deadline, self.arguments.emulated)
        else:
            part.note("ONNX's node cases are not in this package")
        return part

    def models(self, deadline):
        part = self.report.part("models", "Models", ["model", "how", "result", "why"])
        models.check(part, ROOT, self.device, self.arguments.jobs, deadline, self.arguments.emulated)
        return part

    def speed(self, deadline):
        part = self.report.part("speed", "Speed", speed.COLUMNS)
        if self.arguments.emulated:
            speed.emulated(part, ROOT, self.work)
            return part
        lines, trouble = self.child("device.py", 60, "--bandwidth")
        bandwidth = next((line["copy_bandwidth"] for line in lines if "copy_bandwidth" in line), 0)
        part.note(
            f"a copy within the GPU's memory: {bandwidth / 1e9:.0f} GB/s read and written"
            if bandwidth
            else f"no bandwidth of a copy: {trouble}"
        )
        speed.check(part, ROOT, self.work, self.device, deadline, bandwidth)
        return part

    def run(self):
        found = self.find_device()
        for name in PARTS:
            if name not in self.arguments.only:
                continue
            if not found:
                self.report.part(name, name.capitalize(), []).note(
                    f"not run on hardware: {self.trouble or 'no device'}", failed=True
                )
                continue
            begin = time.monotonic()
            deadline = begin + max(5, (self.end - begin) * SHARES[name])
            try:
                part = getattr(self, name)(deadline)
            except Exception as error:  # the other parts go on
                part = self.report.parts[-1]
                part.note(f"stopped: {type(error).__name__}: {error}", failed=True)
            part.seconds = time.monotonic() - begin
            self.report.write()
        print("\n" + self.report.text())
        print(f"written to {self.report.folder}/results.md and results.json")
        failed = [part.name for part in self.report.parts if part.failed]
        print(f"failed: {', '.join(failed)}" if failed else "nothing failed")
        return 1 if self.report.failed else 0

    def stop(self):
        """On a signal: what was found is written, and nothing stays behind."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        processes.end_all()
        if self.report.parts:
            self.report.parts[-1].note("ended by a signal", failed=True)
        shutil.rmtree(self.work, ignore_errors=True)
        os._exit(1)


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="ingot-gpu-") as work:
        run = Run(arguments, work)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: run.stop())
        sys.exit(run.run())


if __name__ == "__main__":
    main()
