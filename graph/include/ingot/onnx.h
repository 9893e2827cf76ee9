// ONNX models to Ingot graphs: opsets 1 to 28, model-local functions inlined, external data mapped and never copied.
//
// Shape arithmetic (Shape, Gather, Concat, Reshape, ...) is evaluated over dims while importing, so that dynamic sizes
// stay expressions of the inputs' symbols. Where a model slices a table by a symbol (positions[:seq] of 512 rows) the
// symbol gets a bound in Graph::symbols: the program refuses larger sizes.
//
// Sequences and optional values exist while importing alone: lengths and positions are known there, and the graph has
// tensors. A sequence becomes the inputs or outputs NAME_0, NAME_1, ...; an optional input is one that is given.
//
// Errors: InvalidArgument for a malformed model (names the node, tensor or input, and the remedy), Unimplemented with
// every unsupported node at once, NotFound when there is no such file. Tests: tests/graph/import/; fuzzer:
// onnx_import_fuzzer.
#ifndef INGOT_ONNX_H_
#define INGOT_ONNX_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot {

struct ImportOptions {
  // What takes the place of a symbol: {"batch", 3}; or another symbol's name, which makes two symbols one:
  // {"mask_length", "seq"}. Keys are names of symbols in the graph, or dim_param texts of the model. For an input that
  // is a sequence, its name, and how many tensors it has.
  std::map<std::string, Dim> dims;
};

// Reads a model file; external data must lie in its directory.
absl::StatusOr<Graph> ImportOnnx(const std::string &path, const ImportOptions &options = {});
// The same from memory. `directory` is where external data lies; empty: external data is refused.
absl::StatusOr<Graph> ImportOnnxBytes(std::string_view bytes, const std::string &directory,
                                      const ImportOptions &options = {});

struct Unsupported {
  std::string node;  // the node, or the name of an input or tensor
  std::string op;    // ONNX's op type; "input" or "tensor" for those
  std::string reason;
};

// Everything in the model that ImportOnnx cannot take, in the model's order; nodes that merely depend on such a node
// are not listed.
absl::StatusOr<std::vector<Unsupported>> FindUnsupported(const std::string &path, const ImportOptions &options = {});
absl::StatusOr<std::vector<Unsupported>> FindUnsupportedInBytes(std::string_view bytes, const std::string &directory,
                                                                const ImportOptions &options = {});

}  // namespace ingot
#endif  // INGOT_ONNX_H_
