"""Checks that all C and C++ is formatted as .clang-format says. usage: format.py [ROOT] [--fix]

One style in the whole tree (Google, 120 columns), by the clang-format of one version: others differ in small things. --fix writes the files.
Run by the test `format`; its own test is format_test.py.
"""
import argparse
import os
import shutil
import subprocess
import sys

TOOL = "clang-format-22"
SUFFIXES = (".c", ".cc", ".h")


def sources(root):
    """The files git would add; outside a checkout, all but build folders."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [os.path.relpath(os.path.join(folder, name), root) for folder, _, found in os.walk(root) for name in found]
    return sorted(name for name in names
                  if name.endswith(SUFFIXES) and not name.startswith("build") and os.path.isfile(os.path.join(root, name)))


def unformatted(root, names, fix=False):
    """Those of the files that clang-format would change; with `fix` it does."""
    command = [TOOL, "--style=file", "-i" if fix else "--dry-run", "-Werror"]
    return [name for name in names if subprocess.run(command + [name], cwd=root, capture_output=True).returncode != 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=".")
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()
    if shutil.which(TOOL) is None:
        sys.exit(f"format: {TOOL} was not found; tools/setup/debian.sh installs it")
    names = sources(arguments.root)
    wrong = unformatted(arguments.root, names, arguments.fix)
    for name in wrong:
        print(f"{name}: is not formatted; run tests/lint/format.py --fix")
    print(f"format: {len(names)} files, {len(wrong)} to mend")
    sys.exit(1 if wrong or not names else 0)


if __name__ == "__main__":
    main()
