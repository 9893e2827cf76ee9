"""Checks rules that a compiler does not: who may include what, how long a file may be, and what no file may say.

usage: layering.py [ROOT]

The table LAYERS holds every allowed dependency between the folders; anything else is an error, and so is a library that no row allows.
docs/architecture.md explains the folders. Looked at: the files git would add (or, outside a checkout, all but build folders).
Run by the test `layering`; its own test is layering_test.py.
"""
import os
import re
import subprocess
import sys

# Headers by the library they belong to.
LIBC = set("""
    assert.h cpuid.h ctype.h dirent.h dlfcn.h elf.h errno.h fcntl.h float.h immintrin.h inttypes.h limits.h link.h locale.h math.h poll.h
    pthread.h sched.h setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h
    string.h strings.h termios.h time.h unistd.h wchar.h x86intrin.h arm_neon.h""".split())
# C++ headers without code in libstdc++.so: no allocation, no exceptions, no containers.
FREESTANDING = set("""atomic cerrno cfloat cinttypes climits cmath cstdarg cstddef cstdint cstdio cstdlib cstring ctime initializer_list
    limits new type_traits utility""".split())
LOGGING = {"iostream", "print", "syncstream", "syslog.h"}
LIBRARIES = (
    ("absl", re.compile(r"absl/")),
    ("protobuf", re.compile(r"google/protobuf/")),
    ("onnx", re.compile(r"onnx/")),
    ("mlir", re.compile(r"mlir(-c)?/")),
    ("llvm", re.compile(r"llvm(-c)?/")),
    ("onednn", re.compile(r"(oneapi/)?dnnl")),
    ("cuda", re.compile(r"(cuda|cublas|cudnn|nvrtc|nvtx|nvToolsExt|mma\.h)")),
    ("cli11", re.compile(r"CLI/")),
    ("gtest", re.compile(r"(gtest|gmock)/")),
    ("benchmark", re.compile(r"benchmark/")),
    ("libc", re.compile(r"(sys|linux|asm|arpa|netinet)/")),
)

ANYTHING = None
# folder: (project folders it may include besides itself, libraries). The longest folder that holds a file decides.
LAYERS = {
    "proto": ((), ()),
    "runtime/include": ((), ("libc",)),
    "runtime": (("runtime/include",), ("libc", "freestanding")),
    "kernels": (("runtime/include",), ("libc", "freestanding", "std")),
    "kernels/cpu": (("kernels", "runtime/include"), ("libc", "freestanding", "std", "onednn")),
    "kernels/gpu": (("kernels", "runtime/include"), ("libc", "freestanding", "std", "cuda")),
    # Public headers show users no protobuf, LLVM or MLIR.
    "graph/include": (("runtime/include/ingot/dtypes",), ("libc", "freestanding", "std", "absl")),
    "compiler/include": (("graph/include", "runtime/include"), ("libc", "freestanding", "std", "absl")),
    "graph": (("proto", "runtime/include/ingot/dtypes"), ("libc", "freestanding", "std", "logging", "absl", "protobuf")),
    "graph/interp": (("graph", "proto", "kernels/reference", "runtime/include/ingot/dtypes"), ("libc", "freestanding", "std", "logging", "absl", "protobuf")),
    "graph/import": (("graph", "proto", "runtime/include/ingot/dtypes"), ("libc", "freestanding", "std", "logging", "absl", "protobuf", "onnx")),
    "compiler": (("graph", "runtime/include", "kernels/manifest"),
                 ("libc", "freestanding", "std", "logging", "absl", "llvm", "mlir")),
    "compiler/jit": (("compiler", "graph", "runtime", "runtime/include", "kernels/manifest"),
                     ("libc", "freestanding", "std", "logging", "absl", "llvm", "mlir")),
    "tools": (ANYTHING, ANYTHING),
    "tests": (ANYTHING, ANYTHING),
    "docs": (ANYTHING, ANYTHING),
}
# Included as "ingot/NAME.h".
PUBLIC = ("graph/include", "compiler/include", "runtime/include")
PUBLIC_ABSL = re.compile(r"absl/(status/status(or)?|types/span|strings/string_view)\.h$")
# What is reached through its owners alone: of devices, the rest of the compiler knows codegen/device.h, and no device another.
PRIVATE = {"compiler/codegen/point": ("compiler/codegen",),
           "compiler/codegen/cpu": ("compiler/codegen/cpu", "compiler/codegen/devices"),
           "compiler/codegen/cuda": ("compiler/codegen/cuda", "compiler/codegen/devices")}
TOP_FOLDERS = {folder.split("/")[0] for folder in LAYERS}

INCLUDE_SUFFIXES = (".c", ".cc", ".cpp", ".cu", ".h", ".hpp", ".inc", ".td", ".proto")
INCLUDE = re.compile(r'^\s*(?:#\s*(?:include|import)|include|import(?:\s+public)?)\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)

LENGTH_SUFFIXES = (".c", ".cc", ".cmake", ".cpp", ".cu", ".h", ".hpp", ".proto", ".py", ".sh", ".td", "CMakeLists.txt")
LONG, TOO_LONG = 500, 700
# Files that may have between LONG and TOO_LONG lines, and why.
LONG_FILES = {}

# Put together so that this file passes its own check.
FORBIDDEN = (
    (re.compile(r"\b(TO" r"DO|FIX" r"ME)\b"), "an unfinished thing; finish it or write a test that is expected to fail"),
    (re.compile(r"(?<![\w.}])/(wo" r"rk|ro" r"ot|ho" r"me)/"), "a path of one machine; use a path relative to the project"),
)


def inside(path, folder):
    # A folder, or a file by the start of its name (kernels/manifest).
    return path == folder or path.startswith(folder + "/") or path.startswith(folder + ".")


def layer_of(path):
    return max((folder for folder in LAYERS if inside(path, folder)), key=len, default=None)


def library_of(header):
    for name, pattern in LIBRARIES:
        if pattern.match(header):
            return name
    if header in LOGGING:
        return "logging"
    if header in LIBC:
        return "libc"
    if header in FREESTANDING:
        return "freestanding"
    return "std" if re.fullmatch(r"[a-z_0-9]+", header) else header


def resolve(path, header, files):
    """The project file that `header` names inside `path`, or None for a library's."""
    for candidate in (header, os.path.join(os.path.dirname(path), header), *(os.path.join(folder, header) for folder in PUBLIC)):
        if candidate in files:
            return candidate
    # Generated at build time: graph/ops/schemas.inc, proto/ingot/graph.pb.h.
    if header in ("ingot/op_kinds.inc", "ingot/builder_methods.inc"):
        return "graph/include/" + header
    return header if header.split("/")[0] in TOP_FOLDERS and "/" in header else None


def check_includes(path, text, files):
    layer = layer_of(path)
    if layer is None:
        if path.endswith((".td", ".proto")) or INCLUDE.search(text):
            yield f"{path}: no layer holds this file; add its folder to LAYERS in tests/lint/layering.py"
        return
    folders, libraries = LAYERS[layer]
    for match in INCLUDE.finditer(text):
        header = match[1] or match[2]
        where = f"{path}:{text.count(chr(10), 0, match.start(match.lastindex)) + 1}"
        if header.startswith("../") or "/../" in header:
            yield f'{where}: "{header}" climbs the tree; include it by its path from the project\'s root'
            continue
        target = resolve(path, header, files)
        if target is not None:
            for folder, owners in PRIVATE.items():
                if inside(target, folder) and folders is not ANYTHING and not any(inside(path, owner) for owner in owners):
                    yield f"{where}: {target} is private to {', '.join(owners)}; include a header of compiler/codegen/"
            if folders is not ANYTHING and not any(inside(target, folder) for folder in (layer, *folders)):
                yield f"{where}: {layer}/ may not include {target}; it may include {', '.join(folders) or 'nothing outside itself'}"
        elif libraries is not ANYTHING and not path.endswith(".td"):
            library = library_of(header)
            if layer in PUBLIC and library == "absl" and not PUBLIC_ABSL.match(header):
                yield f"{where}: a public header may include of Abseil only status, span and string_view, not <{header}>"
            if library not in libraries:
                yield f"{where}: {layer}/ may not include <{header}> ({library}); it may use {', '.join(libraries) or 'no library'}"


def check_text(path, text):
    for pattern, problem in FORBIDDEN:
        for match in pattern.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: '{match[0]}' is {problem}"


def check_length(path, text):
    if not path.endswith(LENGTH_SUFFIXES):
        return
    lines = text.count("\n")
    if lines > TOO_LONG:
        yield f"{path}: {lines} lines; {TOO_LONG} is the limit, split it"
    elif lines > LONG and path not in LONG_FILES:
        yield f"{path}: {lines} lines; split it, or give the reason in LONG_FILES of tests/lint/layering.py (up to {TOO_LONG})"
    elif lines <= LONG and path in LONG_FILES:
        yield f"{path}: {lines} lines; take it out of LONG_FILES in tests/lint/layering.py"


def list_files(root):
    try:
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({name for name in listed if name and os.path.isfile(os.path.join(root, name))})
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def check(root):
    paths = list_files(root)
    files, problems = set(paths), []
    for path in paths:
        with open(os.path.join(root, path), "rb") as f:
            data = f.read()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        problems += check_text(path, text)
        problems += check_length(path, text)
        if path.endswith(INCLUDE_SUFFIXES):
            problems += check_includes(path, text, files)
    problems += [f"{path}: is in LONG_FILES of tests/lint/layering.py but does not exist" for path in LONG_FILES if path not in files]
    return len(paths), problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    count, problems = check(root)
    for problem in problems:
        print(problem)
    print(f"{count} files, {len(problems)} problems")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
