// A program ready to run, with inputs for it: compiled in this process from a model, or opened from a shared object.
#ifndef INGOT_TOOLS_INGOT_LOADED_PROGRAM_H_
#define INGOT_TOOLS_INGOT_LOADED_PROGRAM_H_

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ingot/jit.h"
#include "tools/ingot/device.h"
#include "tools/ingot/inputs.h"
#include "tools/ingot/interface.h"
#include "tools/ingot/program_runner.h"
#include "tools/ingot/shared_program.h"

namespace ingot::tool {

struct LoadArguments {
  std::string cpu;  // empty: the best that this machine runs
  std::string library = "none";
  std::string device;  // empty: the CPU
  std::string precision = "fp32";
  bool no_cache = false;
};
void AddLoadOptions(CLI::App *command, LoadArguments *arguments);

struct LoadedProgram {
  OpenedDevice device;              // behind what runs on it: it goes last
  std::unique_ptr<JitProgram> jit;  // or:
  std::unique_ptr<SharedProgram> shared;
  Interface interface;
  Inputs inputs;
  double compile_ms = 0;  // 0 for shared objects and what came from the cache
  double load_ms = 0;     // everything else between the file and a program that can run, without making the inputs
  std::optional<double> operations;  // of the graph's contractions for these inputs; absent for shared objects

  const ingot_program_t *program() const { return jit != nullptr ? jit->program() : shared->program(); }
  // Mode, level, times and sizes, for --json.
  nlohmann::ordered_json Facts() const;
};

absl::StatusOr<LoadedProgram> LoadProgram(const ModelArguments &model, const LoadArguments &load,
                                          const InputArguments &inputs);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_LOADED_PROGRAM_H_
