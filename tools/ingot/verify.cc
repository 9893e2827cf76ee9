// `ingot verify`: ONNX test cases against the interpreter, the JIT or programs compiled ahead of time. Tests:
// tests/e2e/cli/.
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tools/ingot/case_runner.h"
#include "tools/ingot/command.h"
#include "tools/ingot/device.h"
#include "tools/ingot/forked_jobs.h"
#include "tools/ingot/kernel_library.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

using Json = nlohmann::ordered_json;
using Verdict = CaseResult::Verdict;

constexpr char kExamples[] = R"(
examples:
  ingot verify tests/models/fixtures/*                  cases against the reference interpreter
  ingot verify tests/models/fixtures --mode=jit         every case in a directory, compiled in memory
  ingot verify mlp_case --mode=aot --cpu=x86-64-v4      compiled to a shared object, which is then loaded
  ingot verify cases --json --jobs 8 | jq .failures

A case is a directory with model.onnx and test_data_set_N/{input,output}_I.pb. Outputs agree when |actual - expected| <= atol + rtol * |expected|, with
ONNX's tolerances by default; NaNs are equal. Every case runs in a process of its own, so that a crash is a failed case. Models with unsupported nodes
are skipped. The exit status is 1 when a case failed.
)";

struct Arguments {
  std::vector<std::string> paths;
  std::string mode = "interpreter", cpu, library = "none", device, precision = "fp32";
  Tolerance tolerance;
  int jobs = 0;
  uint32_t threads = 1;
  double timeout = 60;
  bool json = false, verbose = false;
};

// Removed with all it holds.
class TemporaryDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryDirectory>> Make() {
    std::error_code error;
    std::string pattern = std::filesystem::temp_directory_path(error).string() + "/ingot-verify-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot make a temporary directory like '", pattern,
                                                 "': set TMPDIR to a directory that can be written"));
    }
    return std::unique_ptr<TemporaryDirectory>(new TemporaryDirectory(pattern));
  }
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  const std::string &path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Collects results and reports them in the order of the cases.
class Report {
 public:
  Report(const Arguments &arguments, const std::vector<std::string> &cases)
      : arguments_(arguments), cases_(cases), results_(cases.size()) {}

  void Add(int index, const JobOutcome &outcome) {
    CaseResult result;
    if (outcome.trouble.empty()) {
      result = CaseResult::Parse(outcome.output);
    } else {
      result.verdict = Verdict::kFailed;
      result.reason = outcome.trouble;
    }
    results_[static_cast<size_t>(index)] = std::move(result);
    for (; next_ < results_.size() && results_[next_]; ++next_) Line(cases_[next_], *results_[next_]);
  }

  void Finish() {
    Talk(absl::StrCat("steps run: ", steps_.generated, " generated, ", steps_.library, " library, ", steps_.host,
                      " host, ", steps_.reference, " reference",
                      steps_.copies == 0 ? "" : absl::StrCat("; ", steps_.copies, " copies"), "\n"));
    Talk(absl::StrCat(passed_, " passed, ", failures_.size(), " failed, ", skips_.size(), " skipped\n"));
    if (!arguments_.json) return;
    PrintJson({{"mode", arguments_.mode},
               {"passed", passed_},
               {"failed", failures_.size()},
               {"skipped", skips_.size()},
               {"steps",
                {{"generated", steps_.generated},
                 {"library", steps_.library},
                 {"host", steps_.host},
                 {"reference", steps_.reference},
                 {"copies", steps_.copies}}},
               {"failures", failures_},
               {"skips", skips_}});
  }

  bool failed() const { return !failures_.empty(); }

 private:
  // With --json standard output is for the object alone.
  void Talk(const std::string &text) { arguments_.json ? Say(text) : Print(text); }

  void Line(const std::string &name, const CaseResult &result) {
    steps_ += result.steps;
    switch (result.verdict) {
      case Verdict::kPassed:
        ++passed_;
        if (arguments_.verbose) Talk(absl::StrCat("passed ", name, "\n"));
        break;
      case Verdict::kFailed:
        failures_.push_back({{"case", name}, {"reason", result.reason}});
        Talk(absl::StrCat("FAILED ", name, ": ", result.reason, "\n"));
        break;
      case Verdict::kSkipped:
        skips_.push_back({{"case", name}, {"reason", result.reason}});
        if (arguments_.verbose) Talk(absl::StrCat("skipped ", name, ": ", result.reason, "\n"));
        break;
    }
  }

  const Arguments &arguments_;
  const std::vector<std::string> &cases_;
  std::vector<std::optional<CaseResult>> results_;
  size_t next_ = 0;
  int64_t passed_ = 0;
  StepCounts steps_;
  Json failures_ = Json::array(), skips_ = Json::array();
};

absl::StatusOr<int> Verify(const Arguments &arguments) {
  ASSIGN_OR_RETURN(std::vector<std::string> cases, FindCases(arguments.paths));
  CaseOptions options;
  options.mode = arguments.mode == "jit"   ? CaseMode::kJit
                 : arguments.mode == "aot" ? CaseMode::kAot
                                           : CaseMode::kInterpreter;
  options.tolerance = arguments.tolerance;
  options.cpu = arguments.cpu;
  options.threads = arguments.threads;
  options.library = FindKernelLibrary(arguments.library);
  if (options.library != nullptr && options.mode != CaseMode::kJit)
    return absl::InvalidArgumentError("--library needs --mode=jit");
  options.device = arguments.device;
  options.precision = arguments.precision;
  if (!options.device.empty() && options.mode != CaseMode::kJit)
    return absl::InvalidArgumentError("--device needs --mode=jit");
  // Everything that cases write goes there, so that nothing stays behind when one is killed.
  ASSIGN_OR_RETURN(std::unique_ptr<TemporaryDirectory> temporary, TemporaryDirectory::Make());
  int jobs = arguments.jobs > 0 ? arguments.jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Report report(arguments, cases);
  int finished = 0, count = static_cast<int>(cases.size());
  {
    Progress progress("verifying");
    auto job = [&](int index) {
      CaseOptions own = options;
      std::error_code error;
      own.directory = absl::StrCat(temporary->path(), "/", index);
      std::filesystem::create_directory(own.directory, error);
      setenv("TMPDIR", own.directory.c_str(), 1);
      return RunCase(cases[static_cast<size_t>(index)], own).Serialize();
    };
    auto done = [&](int index, const JobOutcome &outcome) {
      report.Add(index, outcome);
      std::error_code error;
      std::filesystem::remove_all(absl::StrCat(temporary->path(), "/", index), error);
      progress.Update(absl::StrCat(++finished, " of ", count));
    };
    RETURN_IF_ERROR(RunForked(count, {.parallel = jobs, .timeout_seconds = arguments.timeout}, job, done));
  }
  report.Finish();
  return report.failed() ? 1 : 0;
}

}  // namespace

void AddVerify(CLI::App *app, Action *action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *command = app->add_subcommand("verify", "Run ONNX test cases and compare with their expected outputs");
  command->footer(kExamples);
  command->add_option("case", arguments->paths, "Directories that are cases, or that hold cases")
      ->required()
      ->type_name("CASE_DIR");
  command->add_option("--mode", arguments->mode, "How to run: interpreter (default), jit, or aot")
      ->check(CLI::IsMember({"interpreter", "jit", "aot"}))
      ->type_name("MODE");
  command->add_option("--jobs", arguments->jobs, "Cases at a time; 0 (default): one per processor")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_option("--threads", arguments->threads, "Threads of each compiled program (default 1)")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_option("--cpu", arguments->cpu, "CPU level to compile for; default native (jit) or x86-64-v3 (aot)")
      ->type_name("LEVEL");
  AddDeviceOptions(command, &arguments->device, &arguments->precision);
  AddLibraryOption(command, &arguments->library);
  command->add_option("--rtol", arguments->tolerance.relative, "Relative tolerance (default 1e-3)")
      ->check(CLI::Range(0.0, 1e30))
      ->type_name("X");
  command->add_option("--atol", arguments->tolerance.absolute, "Absolute tolerance (default 1e-7)")
      ->check(CLI::Range(0.0, 1e30))
      ->type_name("X");
  command->add_option("--timeout", arguments->timeout, "Seconds until a case counts as hanging (default 60)")
      ->check(CLI::Range(0.1, 86400.0))
      ->type_name("S");
  command->add_flag("--verbose", arguments->verbose, "A line per passed and skipped case too");
  command->add_flag("--json", arguments->json, "Print one JSON object; the lines go to standard error");
  command->callback([arguments, action] { *action = [arguments] { return Verify(*arguments); }; });
}

}  // namespace ingot::tool
