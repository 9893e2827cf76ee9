// Options that several subcommands have, and the small languages in them: NAME=FILE, NAME=N.
#ifndef INGOT_TOOLS_INGOT_OPTIONS_H_
#define INGOT_TOOLS_INGOT_OPTIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/dim.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot::tool {

// The model and what is done to it before anything else.
struct ModelArguments {
  std::string path;
  std::vector<std::string> bind;  // NAME=EXPRESSION
};
void AddModelOptions(CLI::App *command, const std::string &placeholder, ModelArguments *arguments);

// Where the inputs of a run come from.
struct InputArguments {
  std::vector<std::string> files;  // NAME=FILE.npy
  std::optional<uint64_t> random;  // seed for the inputs without a file
  std::vector<std::string> dims;   // NAME=N
};
void AddInputOptions(CLI::App *command, InputArguments *arguments);

// An option that may be given many times and takes one value each time, so that what follows it stays a positional
// argument.
CLI::Option *AddRepeated(CLI::App *command, const std::string &name, std::vector<std::string> *values,
                         const std::string &help);

struct Assignment {
  std::string name, value;
};
// NAME=VALUE of `option`, for example "--input".
absl::StatusOr<Assignment> ParseAssignment(const std::string &option, const std::string &text);
// Of --dim; names are given once.
absl::StatusOr<std::map<std::string, int64_t>> ParseDims(const std::vector<std::string> &texts);
// Of --bind.
absl::StatusOr<std::map<std::string, Dim>> ParseBindings(const std::vector<std::string> &texts);

// 'a', 'b' and 'c'; or `none`.
std::string ListNames(const std::vector<std::string> &names, const std::string &none);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_OPTIONS_H_
