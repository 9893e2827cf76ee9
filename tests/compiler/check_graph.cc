#include "tests/compiler/check_graph.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ingot/jit.h"
#include "tests/compiler/guarded_run.h"
#include "tests/compiler/jit_testing.h"
#include "tests/compiler/noise_compare.h"

namespace ingot {
namespace {

// The first output that is not the same bit for bit, where no NaN is involved: its bits are nobody's business.
std::string ThreadsDiffer(const std::vector<Tensor> &one, const std::vector<Tensor> &two) {
  for (size_t i = 0; i < one.size(); ++i) {
    if (std::memcmp(one[i].data(), two[i].data(), one[i].bytes()) == 0) continue;
    const Tensor first = one[i].Parts(), second = two[i].Parts();
    for (int64_t e = 0; e < first.size(); ++e) {
      double a = first.GetDouble(e), b = second.GetDouble(e);
      if (a == b || (a != a && b != b)) continue;
      return absl::StrCat("output ", i, ": element ", e, " is ", a, " on one thread and ", b, " on two");
    }
  }
  return "";
}

bool ValidInputs(const Graph &graph, const Sizes &sizes) {
  for (ValueId id : graph.inputs) {
    for (const Dim &dim : graph.type(id).dims) {
      if (dim.Evaluate(sizes).value_or(-1) < 0) return false;
    }
  }
  return true;
}

// Other data for inputs of the same shapes, with other sizes where those are data; empty where no size is.
std::vector<Tensor> OtherData(const Graph &graph, Sizes sizes, unsigned seed) {
  bool any = false;
  for (ValueId id : graph.inputs) {
    const std::string &name = graph.value(id).name;
    if (name.rfind(kTold, 0) != 0) continue;
    int64_t &size = sizes.at(name.substr(std::string_view(kTold).size()));
    size = (7 * size + 3) % static_cast<int64_t>(kMostTold);
    any = true;
  }
  return any ? TestInputs(graph, sizes, seed + 1) : std::vector<Tensor>();
}

// One vector of sizes; empty when all is well.
std::string CheckSizes(const Graph &graph, const JitProgram &program, const Sizes &sizes, const CheckOptions &options,
                       unsigned seed, int &runs) {
  std::vector<Tensor> inputs = TestInputs(graph, sizes, seed), others = OtherData(graph, sizes, seed);
  absl::StatusOr<NoiseCompare> compare = NoiseCompare::Create(graph, inputs);
  if (absl::IsResourceExhausted(compare.status())) return "";  // too much work for a test
  std::vector<Tensor> first;
  for (uint32_t threads : {1u, 2u}) {
    if (options.begin) options.begin(absl::StrCat("run on ", threads, " threads"));
    absl::StatusOr<std::vector<Tensor>> outputs =
        RunGuarded(program.program(), inputs, threads, seed % 2 == 0 ? Guard::kEnd : Guard::kStart, others);
    ++runs;
    if (!compare.ok() && !outputs.ok()) {
      return absl::IsInternal(outputs.status()) || absl::IsDataLoss(outputs.status())
                 ? std::string(outputs.status().message())
                 : "";
    }
    if (!outputs.ok()) return absl::StrCat("only the program refuses: ", std::string(outputs.status().message()));
    if (!compare.ok()) return absl::StrCat("only the interpreter refuses: ", std::string(compare.status().message()));
    if (threads > 1) return ThreadsDiffer(first, *outputs);
    if (std::string difference = compare->Difference(*outputs); !difference.empty()) return difference;
    first = *std::move(outputs);
  }
  return "";
}

}  // namespace

GraphChecks CheckGraph(const Graph &graph, const std::vector<Sizes> &sizes, const CheckOptions &options) {
  GraphChecks checks;
  JitOptions jit = TestTargets().front();
  if (jit.device == nullptr) jit.compile.cpu_levels = {options.level};
  jit.cache_directory = "none";
  if (options.begin) options.begin("compile");
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, jit);
  if (!program.ok()) {
    checks.refused = absl::IsUnimplemented(program.status());
    if (!checks.refused) checks.findings.push_back(absl::StrCat("compiler: ", program.status().ToString()));
    return checks;
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!ValidInputs(graph, sizes[i])) continue;
    std::string text;
    for (const auto &[symbol, size] : sizes[i]) absl::StrAppend(&text, " ", symbol, "=", size);
    CheckOptions here = options;
    if (options.begin) here.begin = [&](const std::string &what) { options.begin(absl::StrCat(what, " with", text)); };
    std::string wrong =
        CheckSizes(graph, **program, sizes[i], here, static_cast<unsigned>(options.seed * 7 + i), checks.runs);
    if (!wrong.empty()) checks.findings.push_back(absl::StrCat("sizes", text, ": ", wrong));
  }
  return checks;
}

}  // namespace ingot
