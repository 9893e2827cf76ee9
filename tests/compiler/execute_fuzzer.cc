// Random graphs and changed ONNX models, compiled, run between guard pages on one and two threads, and compared with
// the interpreter. What is checked: check_graph.h. How graphs are made: random_graph.h, onnx_mutator.h. What was
// planted to see that it finds things: README.md. `arena_fuzzer` is the same with the arena that programs have, in
// which values lie where others lay: a lifetime that ends too early shows there alone.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ingot/graph_file.h"
#include "tests/compiler/check_graph.h"
#include "tests/compiler/fuzz_pool.h"
#include "tests/compiler/guarded_run.h"
#include "tests/compiler/onnx_mutator.h"
#include "tests/compiler/random_graph.h"
#include "tests/compiler/shrink.h"

namespace ingot {
namespace {

constexpr char kUsage[] =
    "usage: execute_fuzzer [--graphs N] [--seconds S] [--first-seed K] [--jobs J] [--level L] [--show N] [--onnx "
    "DIR]... [--print]\n"
    "\n"
    "Compiles and runs graphs against the interpreter, one per seed: N of them (default 1000), for at most S seconds.\n"
    "  --onnx DIR   changed ONNX models from here instead of random graphs; may be repeated\n"
    "  --show N     findings that are made small and printed with their graph (default 20); the others take a line\n"
    "  --print      prints the graph of the first seed, as a file that `ingot run` reads, and ends\n"
    "The exit status is 1 when something was found.\n";

struct Options {
  uint64_t graphs = 1000, first_seed = 0, show = 20;
  double seconds = 0;
  int jobs = 1;
  std::string level = "x86-64-v3";
  std::vector<std::string> onnx;
  bool print = false;
};

bool Parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i];
    if (flag == "--print") {
      options.print = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    std::string value = argv[++i];
    bool ok = true;
    if (flag == "--graphs") {
      ok = absl::SimpleAtoi(value, &options.graphs);
    } else if (flag == "--seconds") {
      ok = absl::SimpleAtod(value, &options.seconds);
    } else if (flag == "--first-seed") {
      ok = absl::SimpleAtoi(value, &options.first_seed);
    } else if (flag == "--show") {
      ok = absl::SimpleAtoi(value, &options.show);
    } else if (flag == "--jobs") {
      ok = absl::SimpleAtoi(value, &options.jobs) && options.jobs > 0;
    } else if (flag == "--level") {
      options.level = value;
    } else if (flag == "--onnx") {
      options.onnx.push_back(value);
    } else {
      ok = false;
    }
    if (!ok) return false;
  }
  return true;
}

int Main(int argc, char **argv) {
  Options options;
  if (!Parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
#ifdef INGOT_FUZZ_ARENA
  constexpr bool kGuarded = false;
#else
  constexpr bool kGuarded = true;
#endif
  if (RuntimeIsGuarded() != kGuarded) {
    std::fputs("execute_fuzzer: error: linked with the other runtime\n", stderr);
    return 2;
  }
  std::unique_ptr<OnnxMutator> mutator;
  if (!options.onnx.empty()) {
    absl::StatusOr<OnnxMutator> made = OnnxMutator::Create(options.onnx);
    if (!made.ok()) {
      std::fprintf(stderr, "execute_fuzzer: error: %s\n", std::string(made.status().message()).c_str());
      return 2;
    }
    mutator = std::make_unique<OnnxMutator>(*std::move(made));
  }
  auto make = [&](uint64_t seed) { return mutator ? mutator->Make(seed) : MakeRandomCase(seed); };
  if (options.print) {
    absl::StatusOr<RandomCase> made = make(options.first_seed);
    absl::StatusOr<std::string> text = made.ok() ? PrintGraph(made->graph) : made.status();
    std::puts(text.ok() ? text->c_str() : text.status().ToString().c_str());
    return text.ok() ? 0 : 2;
  }

  FuzzPool pool;
  pool.first_seed = options.first_seed;
  pool.seeds = options.graphs;
  pool.seconds = options.seconds;
  pool.jobs = options.jobs;
  auto check = [&](const RandomCase &made, uint64_t seed, const std::function<void(const std::string &)> &begin) {
    GraphChecks checks = CheckGraph(made.graph, made.sizes, {seed, options.level, begin});
    return FuzzResult{checks.runs, checks.refused, absl::StrJoin(checks.findings, "\n")};
  };
  pool.work = [&](uint64_t seed, const std::function<void(const std::string &)> &begin) {
    absl::StatusOr<RandomCase> made = make(seed);
    if (made.ok()) return check(*made, seed, begin);
    // An importer may refuse; the generator of graphs may not.
    bool refused = mutator != nullptr && !absl::IsInternal(made.status());
    return FuzzResult{0, refused, refused ? "" : made.status().ToString()};
  };
  std::string folders;
  for (const std::string &folder : options.onnx) absl::StrAppend(&folders, " --onnx ", folder);
  uint64_t shown = 0;
  bool terminal = isatty(STDERR_FILENO) != 0;
  pool.report = [&](uint64_t seed, const std::string &finding) {
    if (terminal) std::fputs("\r\033[K", stderr);
    bool whole = shown++ < options.show;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                whole ? finding.c_str() : finding.substr(0, finding.find('\n')).c_str());
    if (!whole) return;
    // What died while it was being made would take this process along.
    bool unmade = finding.size() > 7 && finding.compare(finding.size() - 7, 7, ": build") == 0;
    absl::StatusOr<RandomCase> made = unmade ? absl::UnknownError("it died before it was made") : make(seed);
    if (made.ok()) {
      made->graph = Shrink(made->graph, [&](const Graph &smaller) {
        FuzzPool one;
        one.first_seed = seed;
        one.seeds = 1;
        one.seed_seconds = 10;
        one.work = [&](uint64_t, const std::function<void(const std::string &)> &begin) {
          return check({smaller, made->sizes}, seed, begin);
        };
        one.report = [](uint64_t, const std::string &) {};
        one.progress = [](const FuzzCounts &) {};
        return one.Run().findings != 0;
      });
    }
    std::printf("%s\nrepeat with: execute_fuzzer --graphs 1 --first-seed %llu --level %s%s\n\n",
                made.ok() ? ToString(made->graph).c_str() : made.status().ToString().c_str(),
                static_cast<unsigned long long>(seed), options.level.c_str(), folders.c_str());
    std::fflush(stdout);
  };
  auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  auto rate = [&](int64_t seeds) { return static_cast<double>(seeds) / elapsed(); };
  double next_line = 60;  // seconds: a log gets a line per minute
  pool.progress = [&](const FuzzCounts &counts) {
    if (!terminal) {
      if (elapsed() < next_line) return;
      next_line += 60;
    }
    std::fprintf(stderr, "%s%lld graphs (%.1f/s), %lld findings%s", terminal ? "\r" : "",
                 static_cast<long long>(counts.seeds), rate(counts.seeds), static_cast<long long>(counts.findings),
                 terminal ? "\033[K" : "\n");
  };
  std::fflush(stdout);
  FuzzCounts counts = pool.Run();
  if (terminal) std::fputs("\r\033[K", stderr);
  std::printf("%lld graphs (%.1f/s), %lld runs, %lld refused, %lld findings\n", static_cast<long long>(counts.seeds),
              rate(counts.seeds), static_cast<long long>(counts.runs), static_cast<long long>(counts.refused),
              static_cast<long long>(counts.findings));
  return counts.findings == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ingot

int main(int argc, char **argv) { return ingot::Main(argc, argv); }
