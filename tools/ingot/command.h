// What main.cc and the subcommands share: how a subcommand enters the command line, and how it talks.
//
// Results go to standard output through Print and nothing else does; talk for people goes to standard error through
// Say. Tests: tests/e2e/cli/.
#ifndef INGOT_TOOLS_INGOT_COMMAND_H_
#define INGOT_TOOLS_INGOT_COMMAND_H_

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace ingot::tool {

// Does the work after the command line is read; returns the exit status, or an error that main.cc prints.
using Action = std::function<absl::StatusOr<int>()>;

// One per subcommand: declares its options and sets `action` when it is the one that was called.
void AddCompile(CLI::App *app, Action *action);
void AddRun(CLI::App *app, Action *action);
void AddBench(CLI::App *app, Action *action);
void AddInspect(CLI::App *app, Action *action);
void AddVerify(CLI::App *app, Action *action);

// Appends to standard output. Errors are kept for FinishOutput, so that a closed pipe ends the command quietly and a
// full disk does not.
void Print(const std::string &text);
// One JSON object on one line.
void PrintJson(const nlohmann::ordered_json &object);
// Flushes. Cancelled when the reader of a pipe has gone, otherwise an error with the reason.
absl::Status FinishOutput();

// Appends to standard error.
void Say(const std::string &text);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_COMMAND_H_
