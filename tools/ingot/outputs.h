// The results of a run: as files, or as a summary for people or programs.
#ifndef INGOT_TOOLS_INGOT_OUTPUTS_H_
#define INGOT_TOOLS_INGOT_OUTPUTS_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ingot/tensor.h"
#include "tools/ingot/interface.h"

namespace ingot::tool {

// One file name per output: its name with everything but letters, digits, '.', '-' and '_' replaced by '_', made
// unique, and ".npy". The rule of compiled executables (runtime/main/outputs.cc).
std::vector<std::string> OutputFileNames(const std::vector<Port> &outputs);

// Writes DIRECTORY/NAME.npy for every output: all of them or none. The directory is made if its parent exists. Refuses
// to replace a file of `inputs`.
absl::Status WriteOutputs(const std::string &directory, const std::vector<Port> &ports,
                          const std::vector<Tensor> &tensors, const std::vector<std::string> &inputs);

// "probs  f32[3, 10]  min 0.01 max 0.5 mean 0.1  0.1 0.02 ..."
std::string DescribeOutput(const Port &port, const Tensor &tensor);
nlohmann::ordered_json OutputJson(const Port &port, const Tensor &tensor);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_OUTPUTS_H_
