// Compiles a graph and loads it into this process: the same program structure as ahead of time, the same runtime, an
// object linked in memory. Compiled objects and packed weights are kept in a cache (cache.h). Tests:
// tests/compiler/cache_test.cc, tests/e2e/.
#ifndef INGOT_JIT_H_
#define INGOT_JIT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ingot/compile.h"
#include "ingot/runtime.h"

struct ingot_kernel_library;  // kernels/manifest.h

namespace ingot {

struct JitOptions {
  JitOptions() { compile.cpu_levels = {"native"}; }
  CompileOptions compile;
  // Computes the matrix products with constant weights in place of generated code; null: everything is generated. Must
  // outlive the program.
  const ingot_kernel_library *library = nullptr;
  // Where the program runs, with a target of it in compile.device_targets; null: the host. Must outlive the program.
  ingot_device_t *device = nullptr;
  // Default: $INGOT_CACHE_DIR, $XDG_CACHE_HOME/ingot or $HOME/.cache/ingot. "none": no cache. $INGOT_CACHE_LIMIT bounds
  // its size (10G).
  std::string cache_directory;
};

class JitProgram {
 public:
  static absl::StatusOr<std::unique_ptr<JitProgram>> Load(Graph graph, const JitOptions &options = {});
  ~JitProgram();

  // Borrowed; lives as long as this object.
  const ingot_program_t *program() const { return program_; }
  bool from_cache() const { return from_cache_; }
  double compile_ms() const { return compile_ms_; }  // 0 when it came from the cache
  double load_ms() const { return load_ms_; }
  const CompileStatistics &statistics() const { return statistics_; }

 private:
  JitProgram() = default;
  absl::Status LoadUncached(Graph graph, const CompileOptions &options, const ingot_kernel_library *library);
  absl::Status LoadCached(Graph graph, const CompileOptions &options, const ingot_kernel_library *library,
                          const std::string &directory);
  absl::StatusOr<CompiledProgram> Compile(Graph graph, const CompileOptions &options);
  absl::Status Link(std::string_view object, const std::string &name, const std::string &weights_path,
                    const ingot_kernel_library *library);

  struct Linked;  // ORC
  std::unique_ptr<Linked> linked_;
  ingot_program_t *program_ = nullptr;
  ingot_device_t *device_ = nullptr;
  bool from_cache_ = false;
  double compile_ms_ = 0, load_ms_ = 0;
  CompileStatistics statistics_;
};

}  // namespace ingot

#endif
