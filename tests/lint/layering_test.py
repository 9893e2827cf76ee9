"""Tests layering.py on small trees: every rule, kept and broken."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layering  # noqa: E402


def problems_of(files):
    """What layering.py says about a tree, given as {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        count, found = layering.check(root)
        assert count == len(files)
        return found


class IncludeTest(unittest.TestCase):
    def allowed(self, path, *headers, **others):
        self.assertEqual(self.check(path, headers), [])

    def refused(self, path, *headers):
        for header in headers:
            with self.subTest(path=path, header=header):
                found = self.check(path, [header])
                self.assertEqual(len(found), 1, found)
                self.assertIn(f"{path}:2: ", found[0])

    def check(self, path, headers):
        tree = {name: "// empty\n" for name in (
            "runtime/include/ingot/abi.h", "runtime/src/pool.h", "graph/include/ingot/dim.h", "graph/include/ingot/interpreter.h", "graph/include/ingot/onnx.h",
            "compiler/dialect/ingot.h", "compiler/include/ingot/jit.h", "kernels/reference/matmul.h", "kernels/manifest.h", "kernels/cpu/gemm.h")}
        tree[path] = "// a file\n" + "".join(f"#include {h if h.startswith('<') else chr(34) + h + chr(34)}\n" for h in headers)
        return problems_of(tree)

    def test_runtime(self):
        self.allowed("runtime/src/a.cc", "runtime/src/pool.h", "pool.h", "ingot/abi.h", "<ingot/abi.h>", "<stdint.h>", "<pthread.h>",
                     "<sys/mman.h>", "<atomic>", "<cstring>", "<immintrin.h>")
        self.refused("runtime/src/a.cc", "<vector>", "<string>", "<map>", "<memory>", "<iostream>", "<thread>", "<mutex>", "<functional>",
                     "absl/status/status.h", "google/protobuf/message.h", "llvm/ADT/StringRef.h", "mlir/IR/Builders.h", "graph/include/ingot/dim.h",
                     "compiler/dialect/ingot.h", "proto/ingot/graph.pb.h", "kernels/reference/matmul.h", "<dnnl.h>", "<unknown.h>")

    def test_public_headers(self):
        self.allowed("runtime/include/ingot/b.h", "ingot/abi.h", "<stdint.h>", "<stddef.h>")
        self.refused("runtime/include/ingot/b.h", "<cstdint>", "<vector>", "runtime/src/pool.h", "graph/include/ingot/dim.h")

    def test_devices(self):
        tree = {"compiler/codegen/cpu/a.h": "// empty\n", "compiler/codegen/devices.cc": '#include "compiler/codegen/cpu/a.h"\n',
                "compiler/codegen/cpu/b.cc": '#include "compiler/codegen/cpu/a.h"\n', "tests/c.cc": '#include "compiler/codegen/cpu/a.h"\n'}
        self.assertEqual(problems_of(tree), [])
        tree["compiler/emit/a.cc"] = '#include "compiler/codegen/cpu/a.h"\n'
        found = problems_of(tree)
        self.assertEqual(len(found), 1, found)
        self.assertIn("private to compiler/codegen/cpu", found[0])

    def test_graph(self):
        self.allowed("compiler/include/ingot/a.h", "<vector>", "absl/status/statusor.h")
        self.refused("compiler/include/ingot/a.h", "absl/strings/str_cat.h", "mlir/IR/Builders.h", "google/protobuf/message.h", "kernels/manifest.h")
        self.refused("graph/include/ingot/a.h", "absl/container/flat_hash_map.h", "proto/ingot/graph.pb.h", "onnx/onnx_pb.h")
        self.allowed("graph/a.cc", "graph/include/ingot/dim.h", "graph/ops/schemas.inc", "proto/ingot/graph.pb.h", "absl/status/status.h", "<vector>",
                     "<google/protobuf/text_format.h>")
        self.refused("graph/a.cc", "mlir/IR/Builders.h", "<llvm/ADT/StringRef.h>", "ingot/abi.h", "kernels/reference/matmul.h",
                     "compiler/dialect/ingot.h", "runtime/src/pool.h", "onnx/onnx_pb.h", "gtest/gtest.h", "<dnnl.hpp>")

    def test_interpreter_and_importers(self):
        self.allowed("graph/interp/a.cc", "kernels/reference/matmul.h", "graph/include/ingot/dim.h")
        self.refused("graph/interp/a.cc", "kernels/cpu/gemm.h", "onnx/onnx_pb.h", "mlir/IR/Builders.h")
        self.allowed("graph/import/onnx/a.cc", "onnx/onnx_pb.h", "graph/include/ingot/interpreter.h", "graph/include/ingot/dim.h")
        self.refused("graph/import/onnx/a.cc", "kernels/reference/matmul.h", "mlir/IR/Builders.h")

    def test_kernels(self):
        self.allowed("kernels/reference/a.cc", "ingot/abi.h", "kernels/reference/matmul.h", "<vector>", "<math.h>")
        self.allowed("kernels/cpu/a.cc", "<oneapi/dnnl/dnnl.hpp>", "kernels/cpu/gemm.h", "ingot/abi.h")
        self.allowed("kernels/gpu/a.cu", "<cuda_fp16.h>", "ingot/abi.h")
        self.refused("kernels/reference/a.cc", "graph/include/ingot/dim.h", "runtime/src/pool.h", "<iostream>", "absl/status/status.h", "<dnnl.h>",
                     "<cuda.h>", "proto/ingot/graph.pb.h")

    def test_compiler(self):
        self.allowed("compiler/emit/A.cpp", "mlir/IR/Builders.h", "llvm/ADT/StringRef.h", "absl/status/status.h", "graph/include/ingot/dim.h",
                     "compiler/dialect/ingot.h", "compiler/dialect/IngotOps.h.inc", "ingot/abi.h", "kernels/manifest.h", "<memory>")
        self.refused("compiler/emit/A.cpp", "runtime/src/pool.h", "kernels/cpu/gemm.h", "kernels/reference/matmul.h", "<dnnl.h>",
                     "proto/ingot/graph.pb.h", "google/protobuf/message.h")
        self.allowed("compiler/jit/A.cpp", "runtime/src/pool.h", "compiler/dialect/ingot.h", "compiler/include/ingot/jit.h")
        self.refused("compiler/jit/A.cpp", "kernels/cpu/gemm.h")

    def test_tools_and_tests_may_include_everything(self):
        for folder in ("tools/ingot", "tests/graph"):
            self.allowed(folder + "/a.cc", "runtime/src/pool.h", "compiler/include/ingot/jit.h", "mlir/IR/Builders.h", "gtest/gtest.h", "graph/include/ingot/dim.h")

    def test_proto_and_records(self):
        self.assertEqual(problems_of({"proto/ingot/a.proto": 'import "graph/a.proto";\n', "graph/a.proto": ""}),
                         ["proto/ingot/a.proto:1: proto/ may not include graph/a.proto; it may include nothing outside itself"])
        self.assertEqual(problems_of({"graph/ops/a.td": 'include "mlir/IR/OpBase.td"\n'}), [])
        self.assertEqual(len(problems_of({"graph/ops/a.td": 'include "compiler/b.td"\n', "compiler/b.td": ""})), 1)

    def test_paths(self):
        self.assertIn("climbs the tree", self.check("graph/io/a.cc", ["../dim.h"])[0])
        self.assertIn("no layer holds this file", self.check("elsewhere/a.cc", ["graph/include/ingot/dim.h"])[0])


class TextTest(unittest.TestCase):
    def test_unfinished_things(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            self.assertEqual(len(problems_of({"docs/a.md": f"one\ntwo {word}(me): later\n"})), 1)
            self.assertIn("docs/a.md:2", problems_of({"docs/a.md": f"one\ntwo {word}(me): later\n"})[0])
        self.assertEqual(problems_of({"docs/a.md": "todos are fine, and so is MASTO" + "DON\n"}), [])

    def test_machine_paths(self):
        for path in ("/wo" + "rk/main", "/ro" + "ot/x", '"/ho' + 'me/me/y"'):
            self.assertEqual(len(problems_of({"tools/a.sh": f"cd {path}\n"})), 1, path)
        for path in ("a/wo" + "rk/b", "net/ro" + "ot/", "/usr/lib", "$HOME/wo" + "rk"):
            self.assertEqual(problems_of({"tools/a.sh": f"cd {path}\n"}), [], path)

    def test_binary_files_are_skipped(self):
        self.assertEqual(problems_of({"tests/a.bin": b"\0TO" + b"DO", "tests/b.bin": b"\xff TO" + b"DO"}), [])

    def test_length(self):
        self.assertEqual(problems_of({"graph/a.cc": "\n" * 500}), [])
        self.assertIn("501 lines; split it, or give the reason", problems_of({"graph/a.cc": "\n" * 501})[0])
        self.assertIn("701 lines; 700 is the limit", problems_of({"graph/a.cc": "\n" * 701})[0])
        self.assertEqual(problems_of({"docs/a.md": "\n" * 5000, "tests/a.mlir": "\n" * 5000}), [])
        layering.LONG_FILES["graph/a.cc"] = "a reason"
        try:
            self.assertEqual(problems_of({"graph/a.cc": "\n" * 600}), [])
            self.assertEqual(len(problems_of({"graph/a.cc": "\n" * 701})), 1)
            self.assertIn("take it out", problems_of({"graph/a.cc": "\n" * 10})[0])
            self.assertIn("does not exist", problems_of({"graph/b.cc": "\n"})[0])
        finally:
            del layering.LONG_FILES["graph/a.cc"]


if __name__ == "__main__":
    unittest.main()
