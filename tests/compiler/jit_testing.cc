#include "tests/compiler/jit_testing.h"

#include <dlfcn.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "ingot/interpreter.h"
#include "ingot/jit.h"
#include "tools/ingot/device.h"
#include "tools/ingot/program_runner.h"

namespace ingot {
namespace {

double Largest(DType dtype) {
  if (dtype == DType::kF64) return std::numeric_limits<double>::max();
  return dtype == DType::kF16 ? 65504 : std::numeric_limits<float>::max();
}

}  // namespace

bool IsExact(const Graph &graph, const Node &node) {
  static const std::set<OpKind> kExact = {
      OpKind::kNeg,       OpKind::kAbs,     OpKind::kSign,         OpKind::kSqrt,     OpKind::kReciprocal,
      OpKind::kFloor,     OpKind::kCeil,    OpKind::kRound,        OpKind::kRelu,     OpKind::kIsNan,
      OpKind::kAdd,       OpKind::kSub,     OpKind::kMul,          OpKind::kDiv,      OpKind::kRem,
      OpKind::kMax,       OpKind::kMin,     OpKind::kEqual,        OpKind::kNotEqual, OpKind::kLess,
      OpKind::kLessEqual, OpKind::kGreater, OpKind::kGreaterEqual, OpKind::kSelect,   OpKind::kReduceMax,
      OpKind::kReduceMin, OpKind::kArgMax};
  if (node.op == OpKind::kCast) {
    // By way of f32, which rounds twice.
    DType from = graph.type(node.inputs[0]).dtype, to = graph.type(node.outputs[0]).dtype;
    return to == DType::kF64 || to == DType::kF32 || !IsFloat(to) || from == DType::kF32 || BitWidth(from) < 32;
  }
  if ((node.op == OpKind::kMul || node.op == OpKind::kDiv) && IsComplex(graph.type(node.outputs[0]).dtype))
    return false;
  FusionKind fusion = Schema(node.op).fusion;
  return kExact.count(node.op) != 0 || fusion == FusionKind::kView || fusion == FusionKind::kGather ||
         fusion == FusionKind::kLeaf || fusion == FusionKind::kUpdate || fusion == FusionKind::kSort;
}

namespace {

struct Accuracy {
  bool exact = true;        // every op is, and at most one of them rounds
  bool elementwise = true;  // every op is element-wise or moves data
  double units = 0;
  std::set<ValueId> values;  // on the way, with inputs
};

bool MovesData(const Node &node) {
  FusionKind fusion = Schema(node.op).fusion;
  return fusion == FusionKind::kView || fusion == FusionKind::kGather || fusion == FusionKind::kLeaf ||
         fusion == FusionKind::kUpdate || node.op == OpKind::kSelect;
}

Accuracy AccuracyOf(const Graph &graph, ValueId output) {
  Accuracy result;
  int computing = 0;
  std::vector<ValueId> work{output};
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    if (!result.values.insert(id).second || graph.value(id).producer < 0) continue;
    const Node &node = graph.nodes[static_cast<size_t>(graph.value(id).producer)];
    computing += !MovesData(node);
    result.exact = result.exact && IsExact(graph, node) && computing <= 1;
    result.elementwise = result.elementwise && (MovesData(node) || Schema(node.op).fusion == FusionKind::kElementwise);
    result.units += MovesData(node) ? 0 : Schema(node.op).tolerance;
    work.insert(work.end(), node.inputs.begin(), node.inputs.end());
  }
  return result;
}

double LargestFinite(const Tensor &tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double value = std::fabs(tensor.GetDouble(i));
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  return largest;
}

// What one set of inputs should give: the outputs, and the scale of each.
struct Expected {
  std::vector<Tensor> outputs;
  std::vector<double> floors;
};

absl::StatusOr<Expected> Evaluate(const Graph &graph, const std::vector<Tensor> &inputs,
                                  const std::vector<Accuracy> &accuracies) {
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(graph, inputs);
  if (!outputs.ok()) return outputs.status();
  Expected expected{*std::move(outputs), {}};
  // Every value an output.
  Graph all = graph;
  all.outputs.clear();
  std::vector<ValueId> ids;
  for (size_t id = 0; id < graph.values.size(); ++id) {
    DType dtype = graph.values[id].type.dtype;
    if (!IsFloat(dtype) && !IsComplex(dtype)) continue;
    all.outputs.push_back({absl::StrCat("v", id), static_cast<ValueId>(id)});
    ids.push_back(static_cast<ValueId>(id));
  }
  std::map<ValueId, double> magnitudes;
  if (!ids.empty()) {
    absl::StatusOr<std::vector<Tensor>> values = InterpretDouble(all, inputs);
    if (!values.ok()) return values.status();
    for (size_t i = 0; i < ids.size(); ++i) magnitudes[ids[i]] = LargestFinite((*values)[i]);
  }
  for (const Accuracy &accuracy : accuracies) {
    double floor = 0;
    for (ValueId id : accuracy.values) floor = std::max(floor, magnitudes.count(id) != 0 ? magnitudes[id] : 0);
    expected.floors.push_back(accuracy.exact ? 0 : accuracy.elementwise && accuracy.units <= 64 ? 1 : floor);
  }
  return expected;
}

// The first element that is not as expected, in words; empty when there is none.
std::string Compare(const Tensor &actual, const Tensor &expected, const Accuracy &accuracy, double floor) {
  if (actual.type() != expected.type())
    return absl::StrCat(actual.type().ToString(), " instead of ", expected.type().ToString());
  if (IsComplex(expected.dtype())) return Compare(actual.Parts(), expected.Parts(), accuracy, floor);
  int64_t wrong = 0;
  std::string first;
  for (int64_t i = 0; i < expected.size(); ++i) {
    std::string text;
    if (!IsFloat(expected.dtype())) {
      if (actual.GetInt(i) != expected.GetInt(i))
        text = absl::StrCat(actual.GetInt(i), " instead of ", expected.GetInt(i));
    } else {
      double a = actual.GetDouble(i), e = expected.GetDouble(i);
      bool same = std::isnan(e) ? std::isnan(a) : a == e && (!accuracy.exact || std::signbit(a) == std::signbit(e));
      double allowed = accuracy.exact ? 0 : accuracy.units * Epsilon(expected.dtype()) * std::max(std::fabs(e), floor);
      bool near = !accuracy.exact && std::isfinite(a) && std::isfinite(e) && std::fabs(a - e) <= allowed;
      // One side of the dtype's largest value or the other.
      bool close = !accuracy.exact && std::isinf(a) != std::isinf(e) &&
                   std::fabs(std::isinf(a) ? e : a) >= 0.99 * Largest(expected.dtype());
      if (!same && !near && !close)
        text = absl::StrCat(absl::StrFormat("%.17g", a), " instead of ", absl::StrFormat("%.17g", e), ", allowed ",
                            allowed);
    }
    if (!text.empty() && wrong++ == 0) first = absl::StrCat("element ", i, " of ", expected.size(), ": ", text);
  }
  return wrong == 0 ? "" : absl::StrCat(first, " (", wrong, " are wrong)");
}

std::string Describe(const Graph &graph, ValueId id) {
  if (graph.value(id).producer < 0) return "no op";
  const Node &node = graph.nodes[static_cast<size_t>(graph.value(id).producer)];
  std::string text = absl::StrCat(std::string(Name(node.op)), " ", node.name);
  for (ValueId input : node.inputs)
    absl::StrAppend(&text, " ", graph.value(input).name, ":", graph.type(input).ToString());
  return text;
}

const tool::OpenedDevice &TestDevice() {
  static const auto *opened = [] {
    const char *name = std::getenv("INGOT_TEST_DEVICE");
    absl::StatusOr<tool::OpenedDevice> device = tool::OpenDevice(name == nullptr ? "" : name);
    if (!device.ok()) std::fprintf(stderr, "%s\n", std::string(device.status().message()).c_str());
    return new tool::OpenedDevice(*std::move(device));
  }();
  return *opened;
}

// Of a GPU that is emulated threads run in another order the second time, unless the environment names one.
void SetOrder(uint64_t seed) {
  if (TestDevice().device == nullptr || std::getenv("INGOT_EMULATED_ORDER") != nullptr) return;
  auto *set_order = reinterpret_cast<void (*)(uint64_t)>(dlsym(RTLD_DEFAULT, "ingot_emulator_set_order"));
  if (set_order != nullptr) set_order(seed);
}
constexpr uint64_t kOtherOrder = 20261128;

}  // namespace

bool IsExactOutput(const Graph &graph, ValueId output) { return AccuracyOf(graph, output).exact; }

std::vector<std::string> TestLevels() {
  std::vector<std::string> levels = {"x86-64-v3"};
  if ((ingot_cpu_features() & INGOT_CPU_X86_64_V4) != 0) levels.push_back("x86-64-v4");
  return levels;
}

std::vector<JitOptions> TestTargets() {
  std::vector<JitOptions> targets;
  JitOptions options;
  if (TestDevice().device != nullptr) {
    options.compile.cpu_levels = {"x86-64-v3"};
    options.compile.device_targets = TestDevice().targets;
    options.device = TestDevice().device.get();
    return {options};
  }
  for (const std::string &level : TestLevels()) {
    options.compile.cpu_levels = {level};
    targets.push_back(options);
  }
  return targets;
}

JitOptions TestOptions() {
  JitOptions options = TestDevice().device != nullptr ? TestTargets().front() : JitOptions();
  options.cache_directory = "none";
  return options;
}

Tensor RandomTensor(DType dtype, std::vector<int64_t> dims, std::mt19937 &engine) {
  Tensor tensor = Tensor::Zeros(dtype, std::move(dims));
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int64_t> small(-20, 20);
  int bits = BitWidth(dtype);
  int64_t highest = static_cast<int64_t>((~uint64_t{0} >> (64 - bits)) >> (IsSigned(dtype) ? 1 : 0));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (IsFloat(dtype)) {
      tensor.SetDouble(i, normal(engine) * 1.5);
    } else if (IsComplex(dtype)) {
      double real = normal(engine) * 1.5;
      tensor.SetComplex(i, {real, normal(engine) * 1.5});
    } else if (dtype == DType::kBool) {
      tensor.SetInt(i, static_cast<int64_t>(engine() & 1));
    } else {
      uint32_t which = engine() % 24;
      tensor.SetInt(i, which == 0                      ? highest
                       : which == 1 && IsSigned(dtype) ? -highest - 1
                       : which == 2                    ? 0
                                                       : small(engine));
    }
  }
  return tensor;
}

Tensor NormalTensor(std::vector<int64_t> dims, unsigned seed, DType dtype) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  Tensor tensor = Tensor::Zeros(dtype, std::move(dims));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetDouble(i, normal(engine));
  return tensor;
}

std::vector<Tensor> TestInputs(const Graph &graph, const Sizes &sizes, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) {
    const Value &value = graph.value(id);
    std::vector<int64_t> dims;
    for (const Dim &dim : value.type.dims) dims.push_back(dim.Evaluate(sizes).value());
    if (value.name.rfind("factor", 0) == 0 && IsFloat(value.type.dtype)) {
      inputs.push_back(Tensor::Zeros(value.type.dtype, dims));
      std::uniform_real_distribution<double> near(0.8, 1.25);
      for (int64_t i = 0; i < inputs.back().size(); ++i)
        inputs.back().SetDouble(i, (engine() & 1) != 0 ? near(engine) : -near(engine));
    } else if (value.name.rfind(kTold, 0) == 0) {
      inputs.push_back(Tensor::I64(dims, {sizes.at(value.name.substr(std::string_view(kTold).size()))}));
    } else if (value.name.rfind("index", 0) == 0) {
      inputs.push_back(Tensor::Zeros(value.type.dtype, dims));
      std::uniform_int_distribution<int64_t> small(-20, 20);
      for (int64_t i = 0; i < inputs.back().size(); ++i) inputs.back().SetInt(i, small(engine));
    } else {
      inputs.push_back(RandomTensor(value.type.dtype, dims, engine));
    }
  }
  return inputs;
}

std::vector<std::string> Mismatches(const Graph &graph, const std::vector<std::vector<Tensor>> &input_sets,
                                    const JitOptions &options) {
  std::vector<std::string> problems;
  const std::string &level = options.compile.cpu_levels[0];
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, options);
  if (!program.ok()) return {absl::StrCat(level, ": ", program.status().ToString())};
  std::vector<Accuracy> accuracies;
  for (const GraphOutput &output : graph.outputs) accuracies.push_back(AccuracyOf(graph, output.value));
  std::set<std::string> reported;
  for (const std::vector<Tensor> &inputs : input_sets) {
    absl::StatusOr<Expected> expected = Evaluate(graph, inputs, accuracies);
    if (!expected.ok()) return {absl::StrCat("interpreter: ", expected.status().ToString())};
    for (uint32_t threads : {1, 2}) {
      auto runner = tool::ProgramRunner::Create((*program)->program(), threads);
      SetOrder(threads == 1 ? 0 : kOtherOrder);
      absl::StatusOr<std::vector<Tensor>> outputs = runner.ok() ? (*runner)->Evaluate(inputs) : runner.status();
      SetOrder(0);
      if (!outputs.ok()) {
        problems.push_back(absl::StrCat(level, ": ", outputs.status().ToString()));
        break;
      }
      for (size_t i = 0; i < graph.outputs.size(); ++i) {
        std::string difference = Compare((*outputs)[i], expected->outputs[i], accuracies[i], expected->floors[i]);
        if (difference.empty() || !reported.insert(graph.outputs[i].name).second) continue;
        std::string dims;
        for (const Tensor &input : inputs) absl::StrAppend(&dims, "[", absl::StrJoin(input.dims(), ","), "]");
        problems.push_back(absl::StrCat(level, ", ", threads, " threads, inputs ", dims, ": output ",
                                        graph.outputs[i].name, " (", Describe(graph, graph.outputs[i].value),
                                        "): ", difference));
      }
    }
  }
  return problems;
}

void ExpectMatchesOn(const absl::StatusOr<Graph> &graph, const std::vector<std::vector<Tensor>> &input_sets) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (JitOptions options : TestTargets()) {
    options.cache_directory = "none";
    std::vector<std::string> problems = Mismatches(*graph, input_sets, options);
    EXPECT_TRUE(problems.empty()) << absl::StrJoin(problems, "\n")
                                  << (graph->nodes.size() < 60 ? "\n" + ToString(*graph) : "");
  }
}

absl::StatusOr<std::vector<Tensor>> RunCompiled(const Graph &graph, const std::vector<Tensor> &inputs) {
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, TestOptions());
  if (!program.ok()) return program.status();
  auto runner = tool::ProgramRunner::Create((*program)->program(), 1);
  if (!runner.ok()) return runner.status();
  return (*runner)->Evaluate(inputs);
}

void ExpectMatches(const absl::StatusOr<Graph> &graph, const std::vector<Sizes> &sizes) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<std::vector<Tensor>> input_sets;
  unsigned seed = 1;
  for (const Sizes &one : sizes) input_sets.push_back(TestInputs(*graph, one, seed++));
  ExpectMatchesOn(graph, input_sets);
}

}  // namespace ingot
