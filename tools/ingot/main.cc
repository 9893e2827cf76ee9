// The command `ingot`: finds the subcommand, runs it, and turns whatever went wrong into one message on standard error
// and exit status 1. Tests: tests/e2e/cli/.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "runtime/main/bus_error.h"
#include "tools/ingot/command.h"

namespace ingot::tool {
namespace {

constexpr char kExamples[] = R"(
From a model to a program that needs libc and libm only:
  ingot inspect mlp.onnx                     what goes in, what comes out, what is not supported
  ingot compile mlp.onnx -o mlp              an executable: ./mlp --random 1 --dim batch=3
  ingot compile mlp.onnx -o mlp.o            an object that exports ingot_program_mlp, and the header mlp.o.h
  ingot run mlp.onnx --input x=x.npy --output out
  ingot bench mlp.onnx --dim batch=64 --threads 1
  ingot verify tests/models/fixtures/*       ONNX test cases against the reference interpreter

`ingot SUBCOMMAND --help` explains the options. Results go to standard output (--json makes them one object for other programs), talk goes to
standard error. The exit status is 0, or 1 after an error.)";

// Messages are one line, begin in lower case and do not end in a full stop.
std::string OneLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  std::string line;
  for (char c : text) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += c;
    }
  }
  bool acronym = line.size() > 1 && line[1] >= 'A' && line[1] <= 'Z';
  if (!line.empty() && line[0] >= 'A' && line[0] <= 'Z' && !acronym) line[0] = static_cast<char>(line[0] - 'A' + 'a');
  return line;
}

int Fail(const std::string &message) {
  Say("ingot: " + OneLine(message) + "\n");
  return 1;
}

int Finish(const absl::StatusOr<int> &result) {
  absl::Status output = FinishOutput();
  if (result.ok() && output.ok()) return *result;
  if (result.ok() && absl::IsCancelled(output)) return 1;
  const absl::Status &status = result.ok() ? output : result.status();
  std::string message(status.message());
  if (status.code() == absl::StatusCode::kInternal) message = "internal error, please report it: " + message;
  return Fail(message);
}

int Usage(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == 0) {  // --help or --version
    Print(dynamic_cast<const CLI::CallForHelp *>(&error) != nullptr ? app.help() : std::string(error.what()) + "\n");
    return Finish(0);
  }
  std::string command = "ingot";
  for (const CLI::App *sub : app.get_subcommands()) command += " " + sub->get_name();
  return Fail(OneLine(error.what()) + " (try: " + command + " --help)");
}

int Main(int argc, char **argv) {
  // A write to a closed pipe then fails, instead of ending the process before it has tidied up.
  std::signal(SIGPIPE, SIG_IGN);
  main_program::ExplainBusErrors("ingot");
  CLI::App app("Ingot casts a machine-learning model into machine code.", "ingot");
  app.set_version_flag("--version", "ingot " INGOT_VERSION);
  app.require_subcommand(1);
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  Action action;
  for (auto add : {AddCompile, AddRun, AddBench, AddInspect, AddVerify}) add(&app, &action);
  std::vector<CLI::App *> known =
      app.get_subcommands([&](const CLI::App *sub) { return argc > 1 && sub->get_name() == argv[1]; });
  if (argc > 1 && argv[1][0] != '-' && known.empty()) {
    return Fail(std::string("there is no subcommand '") + argv[1] +
                "': use compile, run, bench, inspect or verify (try: ingot --help)");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return Usage(app, error);
  }
  return Finish(action());
}

}  // namespace
}  // namespace ingot::tool

int main(int argc, char **argv) {
  try {
    return ingot::tool::Main(argc, argv);
  } catch (const std::bad_alloc &) {
    return ingot::tool::Fail("out of memory: use a smaller model or smaller dims");
  } catch (const std::exception &error) {
    return ingot::tool::Fail(std::string("internal error, please report it: ") + error.what());
  }
}
