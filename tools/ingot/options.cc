#include "tools/ingot/options.h"

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/ingot/status.h"

namespace ingot::tool {

CLI::Option *AddRepeated(CLI::App *command, const std::string &name, std::vector<std::string> *values,
                         const std::string &help) {
  return command->add_option(name, *values, help)->allow_extra_args(false)->take_all();
}

void AddModelOptions(CLI::App *command, const std::string &placeholder, ModelArguments *arguments) {
  command->add_option("model", arguments->path, "What to work on: " + placeholder)->required()->type_name("FILE");
  AddRepeated(
      command, "--bind", &arguments->bind,
      "Before anything else, replace a symbolic dim of an ONNX model: by a number (batch=1) or another dim "
      "(mask_length=seq); or say how many tensors an input has that is a sequence (words=3, for the inputs words_0, "
      "words_1 and words_2)")
      ->type_name("NAME=DIM");
}

void AddInputOptions(CLI::App *command, InputArguments *arguments) {
  AddRepeated(command, "--input", &arguments->files, "The NumPy file of one input; repeat it for every input")
      ->type_name("NAME=FILE.npy");
  command
      ->add_option(
          "--random", arguments->random,
          "Inputs without a file get random data of this seed: normal floats, indices in range, masks with ragged rows")
      ->type_name("SEED");
  AddRepeated(command, "--dim", &arguments->dims, "The size of a symbolic dim, where no input file settles it")
      ->type_name("NAME=N");
}

absl::StatusOr<Assignment> ParseAssignment(const std::string &option, const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read '", option, " ", text, "': write NAME=VALUE"));
  }
  return Assignment{text.substr(0, equals), text.substr(equals + 1)};
}

absl::StatusOr<std::map<std::string, int64_t>> ParseDims(const std::vector<std::string> &texts) {
  std::map<std::string, int64_t> dims;
  for (const std::string &text : texts) {
    ASSIGN_OR_RETURN(Assignment assignment, ParseAssignment("--dim", text));
    int64_t size = 0;
    if (!absl::SimpleAtoi(assignment.value, &size) || size < 0) {
      return absl::InvalidArgumentError(absl::StrCat("'--dim ", text, "': the size is not a number from 0 on"));
    }
    if (!dims.emplace(assignment.name, size).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("'--dim ", text, "': ", assignment.name, " was given before; give it once"));
    }
  }
  return dims;
}

absl::StatusOr<std::map<std::string, Dim>> ParseBindings(const std::vector<std::string> &texts) {
  std::map<std::string, Dim> bindings;
  for (const std::string &text : texts) {
    ASSIGN_OR_RETURN(Assignment assignment, ParseAssignment("--bind", text));
    absl::StatusOr<Dim> dim = Dim::Parse(assignment.value);
    if (!dim.ok()) return absl::InvalidArgumentError(absl::StrCat("'--bind ", text, "': ", dim.status().message()));
    if (dim->constant() && *dim->constant() < 0)
      return absl::InvalidArgumentError(absl::StrCat("'--bind ", text, "': a size is at least 0"));
    if (!bindings.emplace(assignment.name, *dim).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("'--bind ", text, "': ", assignment.name, " was given before; give it once"));
    }
  }
  return bindings;
}

std::string ListNames(const std::vector<std::string> &names, const std::string &none) {
  if (names.empty()) return none;
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", "'", names[i], "'");
  }
  return text;
}

}  // namespace ingot::tool
