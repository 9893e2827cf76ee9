// The weights segment: constants and packed panels, streamed from the graph's tensors. They never pass through LLVM.
#ifndef INGOT_COMPILER_EMIT_WEIGHTS_H
#define INGOT_COMPILER_EMIT_WEIGHTS_H

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "compiler/emit/program_plan.h"

namespace ingot::compiler {

using ByteSink = std::function<absl::Status(std::string_view)>;

// Writes exactly plan.weights_bytes bytes, in pieces of a few megabytes at most.
absl::Status StreamWeights(const ProgramPlan &plan, const std::vector<Tensor> &constants, const ByteSink &sink);
// A 64-bit hash of those bytes.
uint64_t HashWeights(const ProgramPlan &plan, const std::vector<Tensor> &constants);

// Turns the reserved weights section of an object into one with contents at `offset` of the file. InternalError when
// there is none.
absl::Status PlaceWeightsSection(std::string &object, uint64_t offset);

}  // namespace ingot::compiler
#endif
