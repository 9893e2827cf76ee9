// ONNX models with mistakes: a model of a folder, changed a little at the level of its messages. Most changes leave
// something that still imports, in shapes that no exporter writes.
#ifndef INGOT_TESTS_COMPILER_ONNX_MUTATOR_H_
#define INGOT_TESTS_COMPILER_ONNX_MUTATOR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/compiler/random_graph.h"

namespace ingot {

class OnnxMutator {
 public:
  // Reads all models below the folders that are not large. InvalidArgument when there is none.
  static absl::StatusOr<OnnxMutator> Create(const std::vector<std::string> &folders);
  // The model that this seed makes, imported, and sizes for it; the importer's error; ResourceExhausted when it is too
  // large for a test.
  absl::StatusOr<RandomCase> Make(uint64_t seed) const;
  size_t models() const { return models_.size(); }

 private:
  std::vector<std::string> models_;  // bytes
};

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_ONNX_MUTATOR_H_
