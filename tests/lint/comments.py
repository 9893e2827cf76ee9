"""Checks that comments name files that exist. usage: comments.py [ROOT]

A comment that says `plan_test.cc` or `compiler/emit/` sends its reader there. Looked at: the comments of C, C++, TableGen, MLIR, Python, shell and
CMake files; a name with a folder must be the end of a file's path, a name alone the name of some file. Headers of the system and of libraries
are written with their brackets (<stdio.h>) or as the libraries' own paths (mlir/..., llvm/...). Run by the test `comments`; its own test is comments_test.py.
"""
import os
import re
import subprocess
import sys

LINE_COMMENT = {".c": "//", ".cc": "//", ".h": "//", ".td": "//", ".mlir": "//", ".proto": "//", ".py": "#", ".sh": "#", ".cmake": "#", ".txt": "#"}
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
NAME = re.compile(r"(?<![\w./<$*{-])((?:[\w.-]+/)*[\w-]+\.(?:cc|cpp|h|td|mlir|py|sh|md|proto|cmake))(?![\w/*>-])")
# Of other projects, or made in a build folder or by the reader.
FOREIGN = re.compile(r"^(mlir|llvm|absl|onnx|google|sys|cuda|build)/|^(onnx-ml\.pb|cuda|model|main|[A-Z]+|name|a|x|labels)\.\w+$|\.pb\.h$")


def files(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if os.path.isfile(os.path.join(root, name))]
    return [os.path.relpath(os.path.join(folder, name), root) for folder, _, found in os.walk(root) for name in found]


def comments(path, text):
    """(line number, comment) pairs."""
    mark = LINE_COMMENT.get(os.path.splitext(path)[1])
    if mark is None or (path.endswith(".txt") and not path.endswith("CMakeLists.txt")):
        return
    if mark == "//":
        for match in BLOCK_COMMENT.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match[0]
    for number, line in enumerate(text.splitlines(), 1):
        at = line.find(mark)
        if at >= 0 and line[:at].count('"') % 2 == 0 and not line.startswith("#!"):
            yield number, line[at:]


def check(root):
    names = files(root)
    known = {os.path.basename(name) for name in names}
    for path in sorted(names):
        if path.startswith("tests/peers/sample") or path.startswith("tests/lint/"):
            continue
        try:
            with open(os.path.join(root, path), encoding="utf-8") as f:
                text = f.read()
        except UnicodeDecodeError:
            continue
        for number, comment in comments(path, text):
            for match in NAME.finditer(comment):
                name = match[1]
                found = any(("/" + other).endswith("/" + name) for other in names) if "/" in name else name in known
                if not found and not FOREIGN.search(name):
                    yield f"{path}:{number}: there is no file {name}"


if __name__ == "__main__":
    problems = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    for problem in problems:
        print(problem)
    print(f"comments: {len(problems)} problems")
    sys.exit(1 if problems else 0)
