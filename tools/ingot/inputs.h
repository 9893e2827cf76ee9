// The input tensors of a run: from files, random, or some of each.
#ifndef INGOT_TOOLS_INGOT_INPUTS_H_
#define INGOT_TOOLS_INGOT_INPUTS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"
#include "tools/ingot/interface.h"
#include "tools/ingot/options.h"

namespace ingot::tool {

struct Inputs {
  std::vector<Tensor> tensors;     // in the model's order
  std::vector<std::string> files;  // that were read
  Sizes sizes;                     // of the symbols, as far as they are known
};

// Dtypes and ranks are checked here, sizes by whatever runs the model. `graph` (or nullptr) lets random indices be in
// range. Errors name the input, the file and the remedy.
absl::StatusOr<Inputs> GatherInputs(const Interface &interface, const Graph *graph, const InputArguments &arguments);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_INPUTS_H_
