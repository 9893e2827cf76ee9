#!/usr/bin/env python3
"""Threads: output bitwise equal on 1, 2 and 4 of them; with --speed also the gain of the second one.

Why: a result that depends on the machine's size cannot be debugged. The gain is judged only if two cores are free, which is measured first:
two independent processes must get nearly twice the work of one done.
"""
import subprocess
import sys
import time

import support

MIN_GAIN, FREE = 1.6, 1.85
SPIN = "import time\nt=time.perf_counter()\nfor _ in range(12000000): pass\nprint(time.perf_counter()-t)"


def check_equal(setup, report):
    for name, sizes in (("mlp", [(1,), (129,), (512,)]), ("bert_tiny", [(1, 7), (3, 129)]), ("bert_2x384", [(1, 1), (1, 128), (3, 129)])):
        program = setup.executable(name)
        for size in sizes:
            for level in support.levels():
                outputs = []
                for threads in (1, 2, 4):
                    out = support.fresh(setup.work / "threads" / str(threads))
                    command = [program, "--random", 3, *support.dims_of(size), "--threads", threads, "--cpu", level, "--output", out]
                    setup.run(*command, "--repeat", 2)
                    outputs.append([path.read_bytes() for path in sorted(out.iterdir())])
                equal = outputs[0] and all(output == outputs[0] for output in outputs)
                report.check(equal, f"{name} at {'x'.join(map(str, size))}, {level}: the same bytes on 1, 2 and 4 threads")


def free_cores():
    """How much more two processes get done at a time than one: 2.0 when two cores are free."""

    def spin(count):
        begin = time.perf_counter()
        processes = [subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE) for _ in range(count)]
        for process in processes:
            process.communicate()
        return (time.perf_counter() - begin) / count

    return min(spin(1) for _ in range(3)) / min(spin(2) for _ in range(3))


def check_speed(setup, report, name, size=(1, 128), seconds=2.0, rounds=5):
    """One thread and two alternate; the best of each is compared."""
    program, out = setup.executable(name), setup.work / "threads" / "speed"
    base = [program, *support.side_file(program), "--random", 3, *support.dims_of(size), "--json", "--output", out]

    def nanoseconds(threads, repeat):
        return setup.run_json(*base, "--threads", threads, "--repeat", repeat)["min_ns"]

    repeat = max(5, int(seconds * 1e9 / nanoseconds(1, 3)))
    before = free_cores()
    times = [(nanoseconds(1, repeat), nanoseconds(2, repeat)) for _ in range(rounds)]
    free = min(before, free_cores())
    one, two = (min(column) for column in zip(*times))
    text = f"{name} at {'x'.join(map(str, size))}: {one / 1e6:.2f} ms on one thread, {two / 1e6:.2f} ms on two, gain {one / two:.2f}"
    if free >= FREE or one / two >= MIN_GAIN:
        report.check(one / two >= MIN_GAIN, f"{text} (at least {MIN_GAIN}; two processes gain {free:.2f})")
    else:
        report.note(f"{text}; not judged: two cores are not free (two independent processes gain {free:.2f}, not {FREE})")
    return f"two threads gain {one / two:.2f} ({name}; two processes gain {free:.2f})"


def check(setup, report, speed=None):
    check_equal(setup, report)
    figures = "bitwise equal on 1, 2 and 4 threads" if not report.failures else "outputs differ"
    return f"{figures}; {check_speed(setup, report, speed)}" if speed else figures


def add_options(parser):
    parser.add_argument("--speed", choices=support.MODELS, metavar="MODEL", help="also measure the gain of two threads on this BERT")


if __name__ == "__main__":
    support.main(__doc__, check, add_options)
