"""Several hundred files of many types for magika_agreement.py: generated ones, edge cases, and files that a Debian system has.

Everything is made or chosen deterministically. What a machine's own files add is a bonus: the generated ones alone pass the agreed minimum.
"""

import os
import random
import re
from pathlib import Path

from sample_binary import BINARY
from sample_text import make_text, read_templates

TEXT_REPEATS = (1, 3, 12, 60)  # from a few hundred bytes to well beyond the model's blocks
BINARY_VARIANTS = 3
SYSTEM_FOLDERS = (
    "/usr/include",
    "/usr/lib/llvm-22",
    "/usr/lib/python3",
    "/usr/lib/python3.11",
    "/usr/share",
    "/usr/bin",
    "/usr/lib/x86_64-linux-gnu",
    "/etc",
)
PER_KIND = 6  # files taken per file-name extension
VISITS_PER_FOLDER = 20000


def edge_cases():
    """Sizes and contents at which feature extraction and the rules around the model change their mind."""
    line = b"The quick brown fox jumps over the lazy dog.\n"
    prose = line * 300
    cases = {
        "empty": b"",
        "one_byte": b"a",
        "one_byte_binary": b"\xff",
        "seven_bytes": b"abcdefg",
        "eight_bytes": b"abcdefgh",
        "seven_after_blanks": b" \n\t\r\x0b\x0c abcdefg \n",
        "eight_after_blanks": b" \n\t\r\x0b\x0c abcdefgh \n",
        "blanks": b" \n\t" * 50,
        "blanks_4096": b" " * 4096,
        "blanks_then_text_beyond_block": b" " * 5000 + prose,
        "text_then_blanks": prose + b"\n" * 5000,
        "no_break_spaces": "\u00a0".encode() * 200,
        "other_spaces": b"\x1c\x1d\x1e\x1f\x85\xa0" + line * 5,
        "nul_bytes": bytes(5000),
        "utf8": "größer als früher, naïve façade — 日本語\n".encode() * 60,
        "utf8_cut": "日本語".encode()[:-1],
        "utf8_surrogate": b"\xed\xa0\x80",
        "utf8_overlong": b"\xc0\x80ab",
        "utf8_split_at_block": b" " * 4094 + "日本語".encode(),
        "utf16": "\ufeffplain words in sixteen bits\r\n".encode("utf-16-le") * 40,
        "latin1": "größer als früher\n".encode("latin-1") * 60,
        "huge_text": prose * 200,
        "huge_binary": random.Random(5).randbytes(3_000_000),
    }
    for size in (9, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 8192):
        cases[f"text_{size}"] = prose[:size]
        cases[f"random_{size}"] = random.Random(size).randbytes(size)
    return cases


def write(path, data):
    path.write_bytes(data)
    return path


def generated(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, template in read_templates().items():
        for repeats in TEXT_REPEATS:
            rng = random.Random(f"{name} {repeats}")
            yield write(folder / f"{repeats}_{name}", make_text(name, template, rng, repeats))
    for name, make in BINARY.items():
        for variant in range(BINARY_VARIANTS):
            yield write(folder / f"{variant}_{name}", make(random.Random(f"{name} {variant}")))


def edges(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in edge_cases().items():
        yield write(folder / name, data)
    (folder / "folder").mkdir(exist_ok=True)
    yield folder / "folder"
    link = folder / "link"
    link.unlink(missing_ok=True)
    link.symlink_to("utf8")
    yield link


def kind_of(name):
    """What groups system files: the extension, or for names without one the word 'none'; versions like .so.1 count as .so."""
    match = re.search(r"\.([A-Za-z][A-Za-z0-9_+-]{0,11})(\.[0-9.]+)?$", name)
    return match.group(1).lower() if match else "none"


def system():
    """Up to PER_KIND regular files per folder of SYSTEM_FOLDERS and extension."""
    for root in SYSTEM_FOLDERS:
        taken, visited = {}, 0
        for folder, folders, names in os.walk(root):
            folders.sort()
            visited += len(names)
            # One file per extension and folder: neighbours are alike.
            for kind, name in sorted({kind_of(name): name for name in sorted(names, reverse=True)}.items()):
                path = Path(folder, name)
                if taken.get(kind, 0) < PER_KIND and path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                    taken[kind] = taken.get(kind, 0) + 1
                    yield path
            if visited > VISITS_PER_FOLDER:
                break


def sample_files(folder, with_system=True):
    """The list of paths; makes what has to be made in `folder`."""
    paths = [*generated(folder / "generated"), *edges(folder / "edge")]
    if with_system:
        seen = set(paths)
        paths += [path for path in system() if path not in seen and not seen.add(path)]
    return paths
