// Every case of ONNX's own test suite goes through the importer: none may crash, and at least as many import as did
// when this was written.
#include <filesystem>
#include <iostream>

#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

TEST(OnnxTestData, NoModelCrashesAndMostImport) {
  int imported = 0, refused = 0;
  for (const auto &entry : std::filesystem::directory_iterator(INGOT_ONNX_TESTDATA)) {
    auto graph = ImportOnnx((entry.path() / "model.onnx").string());
    absl::StatusCode code = graph.status().code();
    EXPECT_TRUE(graph.ok() || code == absl::StatusCode::kInvalidArgument || code == absl::StatusCode::kUnimplemented)
        << graph.status();
    graph.ok() ? ++imported : ++refused;
  }
  std::cout << imported << " models imported, " << refused << " refused\n";
  EXPECT_GE(imported, 725);
}

}  // namespace
}  // namespace ingot
