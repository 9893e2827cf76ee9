// `ingot bench`: times a model in this process, in the way that tests/peers/ times other runtimes. Tests:
// tests/e2e/cli/.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "tools/ingot/command.h"
#include "tools/ingot/loaded_program.h"
#include "tools/ingot/profile.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

constexpr char kExamples[] = R"(
examples:
  ingot bench mlp.onnx --dim batch=64 --threads 1       compile, then run for three seconds
  ingot bench bert.so --dim batch=1 --dim seq=128 --seconds 10 --json
  ingot bench bert.onnx --dim batch=1 --dim seq=128 --profile
  ingot bench bert.onnx --dim batch=1 --dim seq=128 --trace bert.json     open it in ui.perfetto.dev

Figures: compile_ms (0 when the cache had it), load_ms (from the file to a program that can run, without compiling), first_ms (the first run, cold),
then min, median, p10 and p90 of the runs that follow; runs of a few microseconds are timed in batches. peak_rss_mb is this process, compiler
included, and weights_mb what the program holds, both in MiB. gflops is operations per median run: products and sums of matrix products and
convolutions; for PROGRAM.so, whose graph is not at hand, the program's own rough count of all scalar operations.
)";

struct Arguments {
  ModelArguments model;
  InputArguments inputs;
  LoadArguments load;
  std::string trace;
  uint32_t threads = 0;
  double seconds = 3;
  bool profile = false, json = false;
};

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Times {
  double first = 0;
  std::vector<double> sorted;  // per run; each may be the mean of a batch
  int64_t runs = 0;

  // Linear between the nearest two, as NumPy does it.
  double Percentile(double percent) const {
    double at = percent / 100 * static_cast<double>(sorted.size() - 1);
    auto low = static_cast<size_t>(at);
    size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (at - static_cast<double>(low));
  }
};

// Short runs are timed in batches of about 50 us, so that reading the clock does not count.
absl::StatusOr<Times> Measure(ProgramRunner *runner, double seconds) {
  constexpr double kBatchMs = 0.05;
  Times times;
  auto begin = Clock::now();
  RETURN_IF_ERROR(runner->Run());
  times.first = Milliseconds(begin);
  double warm = times.first;
  for (int i = 0; i < 3 && warm < kBatchMs * 20; ++i) {
    begin = Clock::now();
    RETURN_IF_ERROR(runner->Run());
    warm = Milliseconds(begin);
  }
  auto batch = static_cast<int64_t>(std::clamp(std::ceil(kBatchMs / std::max(warm, 1e-5)), 1.0, 1e5));
  auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  do {
    begin = Clock::now();
    for (int64_t i = 0; i < batch; ++i) RETURN_IF_ERROR(runner->Run());
    times.sorted.push_back(Milliseconds(begin) / static_cast<double>(batch));
    times.runs += batch;
  } while (Clock::now() < end);
  std::sort(times.sorted.begin(), times.sorted.end());
  return times;
}

double PeakRssMb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

absl::StatusOr<double> Operations(const LoadedProgram &loaded) {
  if (loaded.operations) return *loaded.operations;
  ASSIGN_OR_RETURN(std::vector<int64_t> work,
                   StepWork(*ingot_program_get_desc(loaded.program()), loaded.inputs.tensors));
  return std::accumulate(work.begin(), work.end(), 0.0);
}

void PrintTable(const std::string &path, const nlohmann::ordered_json &figures) {
  auto line = [&](const char *label, const char *key, const char *unit, const char *note) {
    char text[160];
    std::snprintf(text, sizeof(text), "  %-10s %12.4f %s%s\n", label, figures[key].get<double>(), unit, note);
    Print(text);
  };
  bool cached = figures["from_cache"].get<bool>();
  Print(absl::StrCat(path, " (", figures["mode"].get<std::string>(), ", ", figures["cpu"].get<std::string>(), ", ",
                     figures["threads"].get<int>(), figures["threads"].get<int>() == 1 ? " thread, " : " threads, ",
                     figures["runs"].get<int64_t>(), " runs)\n"));
  line("compile", "compile_ms", "ms", cached ? "  (from the cache)" : "");
  line("load", "load_ms", "ms", "");
  line("first run", "first_ms", "ms", "");
  line("min", "min_ms", "ms", "");
  line("p10", "p10_ms", "ms", "");
  line("median", "median_ms", "ms", "");
  line("p90", "p90_ms", "ms", "");
  line("rate", "gflops", "GFLOP/s", figures["mode"] == "aot" ? "  (by the program's rough count)" : "");
  line("weights", "weights_mb", "MiB", "");
  line("peak RSS", "peak_rss_mb", "MiB", "");
}

// Runs of their own, so that tracing is in no figure.
absl::Status TraceSteps(const Arguments &arguments, const LoadedProgram &loaded, nlohmann::ordered_json *figures) {
  ASSIGN_OR_RETURN(std::vector<int64_t> work,
                   StepWork(*ingot_program_get_desc(loaded.program()), loaded.inputs.tensors));
  const ingot_device_t *device = loaded.device.device.get();
  StepRecorder recorder(*ingot_program_get_desc(loaded.program()), std::move(work),
                        device == nullptr ? "" : ingot_device_get_name(device));
  ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner,
                   ProgramRunner::Create(loaded.program(), arguments.threads, recorder.hook()));
  RETURN_IF_ERROR(runner->MakeStates(loaded.inputs.sizes));
  RETURN_IF_ERROR(runner->Bind(loaded.inputs.tensors));
  RETURN_IF_ERROR(runner->Run());  // cold
  recorder.Clear();
  recorder.BeginRun();
  RETURN_IF_ERROR(runner->Run());
  recorder.EndRun();
  if (!arguments.trace.empty()) {
    RETURN_IF_ERROR(recorder.WriteTrace(arguments.trace));
    Say("wrote " + arguments.trace + "\n");
  }
  if (!arguments.profile) return absl::OkStatus();
  auto end = Clock::now() + std::chrono::duration<double>(std::min(arguments.seconds, 1.0));
  for (int i = 1; i < 200 && Clock::now() < end; ++i) RETURN_IF_ERROR(runner->Run());
  if (arguments.json) {
    (*figures)["profile"] = recorder.ProfileJson();
  } else {
    Print("\n" + recorder.ProfileTable());
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Bench(const Arguments &arguments) {
  ASSIGN_OR_RETURN(LoadedProgram loaded, LoadProgram(arguments.model, arguments.load, arguments.inputs));
  auto begin = Clock::now();
  ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner, ProgramRunner::Create(loaded.program(), arguments.threads));
  RETURN_IF_ERROR(runner->MakeStates(loaded.inputs.sizes));
  loaded.load_ms += Milliseconds(begin);
  RETURN_IF_ERROR(runner->Bind(loaded.inputs.tensors));
  auto progress = std::make_unique<Progress>("measuring " + arguments.model.path);
  ASSIGN_OR_RETURN(Times times, Measure(runner.get(), arguments.seconds));
  progress.reset();
  ASSIGN_OR_RETURN(double operations, Operations(loaded));
  nlohmann::ordered_json figures = loaded.Facts();
  figures.update(
      {{"threads", runner->threads()},
       {"runs", times.runs},
       {"first_ms", times.first},
       {"min_ms", times.sorted.front()},
       {"median_ms", times.Percentile(50)},
       {"p10_ms", times.Percentile(10)},
       {"p90_ms", times.Percentile(90)},
       {"peak_rss_mb", PeakRssMb()},
       {"weights_mb", static_cast<double>(ingot_program_get_desc(loaded.program())->weights_size) / (1 << 20)},
       {"gflops", operations / (times.Percentile(50) * 1e6)}});
  if (!arguments.json) PrintTable(arguments.model.path, figures);
  if (arguments.profile || !arguments.trace.empty()) RETURN_IF_ERROR(TraceSteps(arguments, loaded, &figures));
  if (arguments.json) PrintJson(figures);
  return 0;
}

}  // namespace

void AddBench(CLI::App *app, Action *action) {
  auto arguments = std::make_shared<Arguments>();
  arguments->inputs.random = 1;
  CLI::App *command = app->add_subcommand("bench", "Time a model or a compiled program");
  command->footer(kExamples);
  AddModelOptions(command, "an ONNX model, an Ingot graph, or a PROGRAM.so", &arguments->model);
  AddInputOptions(command, &arguments->inputs);
  command->add_option("--threads", arguments->threads, "Threads; 0 (default) is what affinity and control group allow")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_option("--seconds", arguments->seconds, "How long to measure (default 3)")
      ->check(CLI::Range(0.0, 86400.0))
      ->type_name("S");
  AddLoadOptions(command, &arguments->load);
  command->add_option("--trace", arguments->trace, "Write a timeline of one run for Perfetto or chrome://tracing")
      ->type_name("FILE");
  command->add_flag("--profile", arguments->profile, "Print a table of steps by time");
  command->add_flag("--json", arguments->json, "Print the figures as one JSON object");
  command->callback([arguments, action] { *action = [arguments] { return Bench(*arguments); }; });
}

}  // namespace ingot::tool
