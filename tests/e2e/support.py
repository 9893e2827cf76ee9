"""What the end-to-end scripts share: the built command, generated models, processes with a time limit, and a list of checks.

Each script has a function check(setup, report) that returns its figures in a line; support.main runs it by itself, rows.py runs them all.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "peers"))

BERT_SIZES = [(batch, seq) for batch in (1, 3) for seq in (1, 7, 127, 128, 129, 512)]
BATCHES = [1, 3, 7, 64, 127, 128, 129, 512]

SMALL_WORDS = ["--vocabulary", "1000"]  # keeps embeddings, which nothing here is about, from filling disk and time
MODELS = {  # name: (generator in tests/models, its arguments)
    "mlp": ("gen_mlp.py", []),
    "mlp_small": ("gen_mlp.py", ["--sizes", "64,32,10"]),
    "bert_tiny": ("gen_bert.py", ["--preset", "tiny", "--positions", "512"]),
    "bert_2x64": ("gen_bert.py", ["--layers", "2", "--hidden", "64", "--heads", "4", "--ffn", "256", *SMALL_WORDS]),
    "bert_12x64": ("gen_bert.py", ["--layers", "12", "--hidden", "64", "--heads", "4", "--ffn", "256", *SMALL_WORDS]),
    "bert_2x384": ("gen_bert.py", ["--preset", "minilm", "--layers", "2", *SMALL_WORDS]),
    "bert_6x384": ("gen_bert.py", ["--preset", "minilm"]),
    "bert_12x768": ("gen_bert.py", ["--preset", "bert-base"]),
}


class Problem(Exception):
    """Something that leaves nothing to judge; the message ends the script."""


class Report:
    """Prints a line per check and remembers what failed."""

    def __init__(self, stream=None):
        self.stream, self.failures, self.count = stream or sys.stdout, [], 0

    def check(self, passed, text):
        self.count += 1
        if not passed:
            self.failures.append(text)
        print(f"{'pass' if passed else 'FAIL'}  {text}", file=self.stream, flush=True)

    def note(self, text):
        print(f"      {text}", file=self.stream, flush=True)


class Setup:
    def __init__(self, build, work):
        self.build, self.work = build.resolve(), work.resolve()
        self.ingot, self.runtime = self.build / "bin" / "ingot", self.build / "lib" / "libingot_runtime.a"
        for needed in (self.ingot, self.runtime):
            if not needed.exists():
                raise Problem(f"{needed} does not exist: build Ingot first, and give its build folder after --build")
        # Never what an older compiler left in its cache.
        shutil.rmtree(self.work / "cache", ignore_errors=True)
        self.work.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "INGOT_CACHE_DIR": str(self.work / "cache")}

    def run(self, *command, status=0, timeout=300, cwd=None):
        """Runs to the end; another exit status than `status` (None: any), or no end, is a Problem."""
        command = [str(part) for part in command]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout, cwd=cwd or self.work, env=self.environment, check=False
            )
        except subprocess.TimeoutExpired:
            raise Problem(f"'{shlex.join(command)}' did not end within {timeout} s") from None
        if status is not None and done.returncode != status:
            raise Problem(f"'{shlex.join(command)}' ended with status {done.returncode}, not {status}:\n{done.stderr.strip()[-2000:]}")
        return done

    def run_json(self, *command, **options):
        """The object on the last line of standard output."""
        return json.loads(self.run(*command, **options).stdout.strip().splitlines()[-1])

    def model(self, name, *extra):
        """The ONNX file of a model, made when it is missing or older than its generator. `extra` arguments need a name of their own."""
        script, arguments = MODELS[name]
        key = "_".join([name, *(text.lstrip("-") for text in extra)])
        path, generators = self.work / "models" / f"{key}.onnx", (ROOT / "tests" / "models").glob("*.py")
        if not path.exists() or path.stat().st_mtime < max(generator.stat().st_mtime for generator in generators):
            path.parent.mkdir(exist_ok=True)
            self.run(sys.executable, ROOT / "tests" / "models" / script, path, *arguments, *extra)
        return path

    def compile(self, model, output, *options, timeout=300):
        """Compiles to work/programs/OUTPUT; returns its path and the command's figures."""
        path = self.work / "programs" / output
        path.parent.mkdir(exist_ok=True)
        return path, self.run_json(self.ingot, "compile", model, "-o", path, "--json", *options, timeout=timeout)

    def executable(self, name):
        """A model compiled for every level that this machine runs, best first."""
        return self.compile(self.model(name), name, "--cpu", ",".join(reversed(levels())))[0]

    def link(self, output, *parts, compiler="cc", flags=("-std=c11",)):
        """Compiles C sources and links them with objects and the runtime into work/programs/OUTPUT."""
        path = self.work / "programs" / output
        path.parent.mkdir(exist_ok=True)
        include = ["-I", ROOT / "runtime" / "include", "-I", path.parent]
        strict = ["-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"]
        self.run(compiler, *flags, *strict, *include, "-o", path, *parts, self.runtime, "-lm", "-lpthread")
        return path

    def driver(self, name, *compile_options):
        """driver.c linked with a model."""
        target, _ = self.compile(self.model(name), f"{name}_driven.o", "--name", "driven", *compile_options)
        flags = ("-std=gnu11", f'-DPROGRAM_HEADER="{target.name}.h"')
        return self.link(f"{name}_driver", HERE / "driver.c", target, "-ldl", flags=flags)


def levels():
    """The CPU levels to test, worst first: those that this machine runs."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split(":")[1].split())
            break
    return ["x86-64-v3"] + (["x86-64-v4"] if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags else [])


def dims_of(sizes, names=("batch", "seq")):
    """(3, 128) -> ["--dim", "batch=3", "--dim", "seq=128"]"""
    return [text for name, size in zip(names, sizes) for text in ("--dim", f"{name}={size}")]


def side_file(program):
    """The options that an executable needs to find its weights: none when it holds them."""
    path = program.with_name(f"{program.name}.weights")
    return ["--weights", path] if path.exists() else []


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def add_arguments(parser):
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release", help="where Ingot was built (default build/release)")
    parser.add_argument("--work", type=Path, help="folder for models and programs (default BUILD/e2e)")


def open_setup(arguments):
    return Setup(arguments.build, arguments.work or arguments.build / "e2e")


def main(docstring, check, add_options=None):
    """The command line of one script; `check` gets the options of add_options(parser) as keywords."""
    parser = argparse.ArgumentParser(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    if add_options:
        add_options(parser)
    arguments = parser.parse_args()
    options = {key: value for key, value in vars(arguments).items() if key not in ("build", "work")}
    report = Report()
    try:
        figures = check(open_setup(arguments), report, **options)
    except Problem as problem:
        sys.exit(f"error: {problem}")
    print(f"{figures}\n{report.count - len(report.failures)} passed, {len(report.failures)} failed")
    sys.exit(1 if report.failures or not report.count else 0)
