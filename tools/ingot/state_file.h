// Files of states: safetensors, which other programs read. 8 bytes with the length of a JSON header, the header, which
// gives each tensor's dtype, shape and place, and the tensors. A file may come from anywhere: every length, place,
// dtype and shape in it is checked. Test: tests/e2e/cli/cli_parts_test.cc.
#ifndef INGOT_TOOLS_INGOT_STATE_FILE_H_
#define INGOT_TOOLS_INGOT_STATE_FILE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/tensor.h"

namespace ingot::tool {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The file's tensors; nullopt when there is no such file. InvalidArgument, with the file's name, when it is no such
// file, has bytes that belong to no tensor, or a tensor that Ingot has no type for.
absl::StatusOr<std::optional<NamedTensors>> ReadStateFile(const std::string &path);

// Puts the tensors of a file in the order of `states`, which have the same names, dtypes and dims, or says what
// differs.
absl::Status MatchStates(const std::string &path, const NamedTensors &file, NamedTensors *states);

// Replaces the file as a whole, or leaves it as it was.
absl::Status WriteStateFile(const std::string &path, const NamedTensors &states);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_STATE_FILE_H_
