// Runs one ONNX test case in one of the ways that Ingot can run a model, and says how it went.
#ifndef INGOT_TOOLS_INGOT_CASE_RUNNER_H_
#define INGOT_TOOLS_INGOT_CASE_RUNNER_H_

#include <string>

#include "kernels/manifest.h"
#include "tools/ingot/onnx_case.h"
#include "tools/ingot/program_runner.h"

namespace ingot::tool {

enum class CaseMode { kInterpreter, kJit, kAot };

struct CaseOptions {
  CaseMode mode = CaseMode::kInterpreter;
  Tolerance tolerance;
  std::string cpu;                                  // empty: the mode's default
  const ingot_kernel_library_t *library = nullptr;  // of kJit
  std::string device;                               // empty: the CPU
  std::string precision = "fp32";
  uint32_t threads = 1;
  std::string directory;  // an empty one of this case's own, for ahead-of-time output
};

struct CaseResult {
  enum class Verdict { kPassed, kFailed, kSkipped } verdict = Verdict::kPassed;
  std::string reason;
  StepCounts steps;  // that ran, over all data sets; in the interpreter every node is reference code

  // For the way from the child process to its parent.
  std::string Serialize() const;
  static CaseResult Parse(const std::string &text);
};

// Never returns an error: whatever goes wrong is the case's result. Unsupported models and element types are skipped.
CaseResult RunCase(const std::string &directory, const CaseOptions &options);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_CASE_RUNNER_H_
