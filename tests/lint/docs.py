"""Checks the documentation against the tree. usage: docs.py [ROOT]

- A code block that follows `<!-- file: PATH -->` is that file, byte for byte.
- Links between pages lead somewhere, and so do paths in backticks that begin with a top-level folder (a `*` or a capital placeholder excepted).
- Every second-level folder has a README.md.
- Pages that promise to be short are: docs/architecture.md under 200 lines, docs/adding-*.md under 100.
Run by the test `docs`; its own test is docs_test.py. What the commands do is tested in tests/examples/.
"""
import glob
import os
import re
import sys

FILE_BLOCK = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:compiler|docs|graph|kernels|proto|runtime|tests|tools)/[A-Za-z0-9_./+-]*)`")
FOLDERS = ("compiler", "docs", "graph", "kernels", "proto", "runtime", "tests", "tools")
SKIPPED_FOLDERS = {"__pycache__"}
LIMITS = (("docs/architecture.md", 200), ("docs/adding-*.md", 100))


def pages(root):
    """Markdown files of the project, relative to root."""
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", ".git") and not f.startswith("build-")]
        for name in names:
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def check_page(root, path):
    text = read(root, path)
    for match in FILE_BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if not os.path.isfile(os.path.join(root, match[1])):
            yield f"{path}:{line}: {match[1]} does not exist"
        elif read(root, match[1]) != match[2]:
            yield f"{path}:{line}: the block is not identical to {match[1]}; copy the file here"
    marks = len(re.findall(r"^<!-- file: ", text, re.MULTILINE))
    if marks != len(FILE_BLOCK.findall(text)):
        yield f"{path}: a `<!-- file: -->` line without a code block right after it"
    for match in LINK.finditer(text):
        if not os.path.exists(os.path.join(root, os.path.dirname(path), match[1])):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: the link to {match[1]} leads nowhere"
    for match in PATH.finditer(text):
        if not os.path.exists(os.path.join(root, match[1])):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: `{match[1]}` does not exist"


def check(root):
    found = sorted(pages(root))
    problems = [problem for path in found for problem in check_page(root, path)]
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(root, folder, "*", ""))):
            name = os.path.relpath(path, root)
            # Git knows no empty folder.
            if os.path.basename(name) not in SKIPPED_FOLDERS and os.listdir(path) and name != "docs/examples" and not os.path.isfile(os.path.join(path, "README.md")):
                problems.append(f"{name}/ has no README.md: purpose, input, output, what it may include, where its tests are")
    for pattern, limit in LIMITS:
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            lines = read(root, path).count("\n")
            if lines >= limit:
                problems.append(f"{os.path.relpath(path, root)}: {lines} lines; it has to be under {limit}")
    return len(found), problems


def main():
    count, problems = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    for problem in problems:
        print(problem)
    print(f"{count} pages, {len(problems)} problems")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
