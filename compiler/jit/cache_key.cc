// The key of a program in the JIT's cache. Test: tests/compiler/cache_test.cc.
#include "absl/strings/str_cat.h"
#include "compiler/codegen/device.h"
#include "compiler/jit/cache.h"
#include "compiler/jit/source_hash.h"
#include "ingot/graph_file.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/xxhash.h"

namespace ingot::compiler {

std::string CacheKey(const Graph &graph, const CompileOptions &options, const ingot_kernel_library_t *library) {
  uint64_t data = 0;
  auto add = [&data](const Graph &body) {
    for (const ingot::Value &value : body.values)
      if (value.constant >= 0) {
        const Tensor &tensor = body.constants[static_cast<size_t>(value.constant)];
        data = (data ^ llvm::xxh3_64bits(llvm::StringRef(tensor.data(), tensor.bytes()))) * 0x9e3779b97f4a7c15ull + 1;
      }
  };
  add(graph);
  for (const Graph &function : graph.functions) add(function);
  std::string text = absl::StrCat(kSourceHash, ";", LLVM_VERSION_STRING, ";", options.name, ";", options.precision, ";",
                                  library ? library->name : "", ";", data);
  for (const std::string &level : options.cpu_levels) {
    absl::StatusOr<Target> target = FindTarget(*Devices().front(), level);
    absl::StrAppend(&text, ";", target.ok() ? target->level : level);
  }
  for (const std::string &target : options.device_targets) absl::StrAppend(&text, ";device ", target);
  absl::StrAppend(&text, ";", SerializeStructure(graph));
  auto hash = llvm::xxh3_128bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return absl::StrCat(absl::Hex(hash.high64, absl::kZeroPad16), absl::Hex(hash.low64, absl::kZeroPad16));
}

}  // namespace ingot::compiler
