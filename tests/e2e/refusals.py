#!/usr/bin/env python3
"""Programs that must not run say why: a CPU level that is not there, another ABI version, a side file that is missing, short or another's.

Why: each of these happens to people who ship binaries. Exit status 1, one line that names the thing and the remedy, nothing written.
"""
import re
import struct

import support

FEATURES_OF_VARIANT, VARIANTS_OF_PROGRAM, ABI_VERSION = 8, 184, 4  # offsets in runtime/include/ingot/abi.h
INPUT = ["--random", 1, "--dim", "batch=2"]


def refused(setup, report, what, words, *command):
    """`words`: regular expressions that the one line must match."""
    out = setup.work / "refused"
    support.fresh(out).rmdir()
    done = setup.run(*command, "--output", out, status=None)
    lines = done.stderr.strip().splitlines()
    passed = done.returncode == 1 and len(lines) == 1 and all(re.search(word, lines[0]) for word in words) and not out.exists()
    report.check(passed, f"{what}: status {done.returncode}, {len(lines)} lines: {' | '.join(lines)[:300]}")


class Elf:
    """Finds places in a shared object or object file by what readelf says, and writes numbers there."""

    def __init__(self, setup, path):
        self.path = path
        self.sections = [
            (int(number), *(int(text, 16) for text in rest))  # number, address, offset, size
            for number, *rest in re.findall(
                r"\[ *(\d+)\] \S+ +\S+ +([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) ", setup.run("readelf", "-SW", path).stdout
            )
        ]
        self.symbols = setup.run("readelf", "-sW", path).stdout
        self.relocations = setup.run("readelf", "-rW", path).stdout

    def place(self, symbol):
        """(address, offset in the file) of a symbol."""
        value, section = re.search(rf"([0-9a-f]{{16}}) .* (\d+) {symbol}$", self.symbols, re.MULTILINE).groups()
        _, address, offset, _ = next(row for row in self.sections if row[0] == int(section))
        return int(value, 16), int(value, 16) - address + offset

    def pointer(self, address):
        """What the pointer at this address will point to, and where that is in the file."""
        target = int(re.search(rf"^0*{address:x} .* R_X86_64_RELATIVE +([0-9a-f]+)$", self.relocations, re.MULTILINE)[1], 16)
        return next(target - start + offset for _, start, offset, size in self.sections if start and start <= target < start + size)

    def patched(self, name, offset, form, value):
        data = bytearray(self.path.read_bytes())
        struct.pack_into(form, data, offset, value)
        path = self.path.with_name(name)
        path.write_bytes(data)
        return path


def check_levels(setup, report):
    program, _ = setup.compile(setup.model("mlp"), "v3", "--cpu", "x86-64-v3")
    library, _ = setup.compile(setup.model("mlp"), "v3.so", "--cpu", "x86-64-v3")
    for what, command in (("executable", [program]), ("ingot run", [setup.ingot, "run", library])):
        for level in ("x86-64-v4", "pentium"):
            words = [re.escape(f"'{level}'"), "x86-64-v3"]
            refused(setup, report, f"{what}, level {level} of a program for x86-64-v3", words, *command, *INPUT, "--cpu", level)
    model = [setup.ingot, "run", setup.model("mlp")]
    refused(setup, report, "ingot run MODEL, no such level", ["pentium", "x86-64-v3"], *model, *INPUT, "--cpu", "pentium")
    elf = Elf(setup, library)
    features = elf.pointer(elf.place("ingot_program_v3")[0] + VARIANTS_OF_PROGRAM) + FEATURES_OF_VARIANT
    lacking = elf.patched("v5.so", features, "<Q", 1 << 63)
    command = [setup.ingot, "run", lacking]
    refused(setup, report, "a program whose only level this machine lacks", ["x86-64-v3", "(?i)machine"], *command, *INPUT)


def check_abi(setup, report):
    library, _ = setup.compile(setup.model("mlp"), "abi.so")
    elf = Elf(setup, library)
    for what, offset, value in (("ABI version 1", ABI_VERSION, 1), ("ABI version 3", ABI_VERSION, 3), ("struct size 8", 0, 8)):
        path = elf.patched("other_abi.so", elf.place("ingot_program_abi")[1] + offset, "<I", value)
        refused(setup, report, f"shared object of {what}", ["(?i)abi|version", "(?i)compile|rebuild"], setup.ingot, "run", path, *INPUT)
    target, _ = setup.compile(setup.model("mlp"), "abi.o", "--name", "driven")
    elf = Elf(setup, target)
    patched = elf.patched("abi.o", elf.place("ingot_program_driven")[1] + ABI_VERSION, "<I", 1)
    flags = ("-std=gnu11", '-DPROGRAM_HEADER="abi.o.h"')
    driver = setup.link("abi_driver", support.HERE / "driver.c", patched, "-ldl", flags=flags)
    done = setup.run(driver, "quiet", 1, "2", status=None)
    passed = done.returncode == 1 and re.search(r"load: .*(?i:abi|version)", done.stderr)
    report.check(passed, f"object of ABI version 1 called from C: {done.stderr.strip()}")


def check_weights(setup, report):
    folder = support.fresh(setup.work / "side")
    program = folder / "mlp"
    setup.run(setup.ingot, "compile", setup.model("mlp"), "-o", program, "--weights=file")
    setup.run(setup.ingot, "compile", setup.model("mlp", "--seed", "7"), "-o", folder / "other", "--name", "other", "--weights=file")
    good = (folder / "mlp.weights").read_bytes()
    setup.run(program, *INPUT, "--weights", folder / "mlp.weights", "--output", folder / "out")
    setup.run(program, *INPUT, "--output", folder / "out", cwd=folder)
    report.check((folder / "out" / "probs.npy").exists(), "the right side file, named or found in the working directory")
    cases = {
        "missing": None,
        "empty": b"",
        "short by a byte": good[:-1],
        "short by half": good[: len(good) // 2],
        "header alone": good[:4096],
        "of another model": (folder / "other.weights").read_bytes(),
        "of another kind": bytes(len(good)),
        "a byte of its hash changed": good[:16] + bytes([good[16] ^ 1]) + good[17:],
    }
    for number, (what, data) in enumerate(cases.items()):
        path = folder / f"case{number}.weights"
        if data is not None:
            path.write_bytes(data)
        words = [re.escape(str(path)), "--weights|copy it again|use the file|name the one"]
        refused(setup, report, f"side file {what}", words, program, *INPUT, "--weights", path)
    refused(setup, report, "side file that is a directory", [re.escape(str(folder))], program, *INPUT, "--weights", folder)


def check(setup, report):
    check_levels(setup, report)
    check_abi(setup, report)
    check_weights(setup, report)
    return f"{report.count - len(report.failures)} of {report.count} refused as they should be"


if __name__ == "__main__":
    support.main(__doc__, check)
