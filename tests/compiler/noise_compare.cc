#include "tests/compiler/noise_compare.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

// Rounded, with noise, and with pushes across jumps as well: those only judge what the others do not explain.
constexpr size_t kFewRuns = 5, kManyRuns = 41, kWithPushes = kManyRuns + 12;
constexpr double kSlack = 4;

// Moves, chooses or cuts values: the result is one that the dtype has, however the kernel rounds.
bool NeverRounds(const Graph &graph, const Node &node) {
  switch (node.op) {
    case OpKind::kNeg:
    case OpKind::kAbs:
    case OpKind::kSign:
    case OpKind::kFloor:
    case OpKind::kCeil:
    case OpKind::kRound:
    case OpKind::kRelu:
    case OpKind::kMax:
    case OpKind::kMin:
    case OpKind::kRem:
    case OpKind::kSelect:
      return true;
    case OpKind::kCast: {
      DType from = graph.type(node.inputs[0]).dtype, to = graph.type(node.outputs[0]).dtype;
      if (IsComplex(from)) return true;
      if (IsComplex(to)) to = DType::kF32;
      if (!IsFloat(to)) return true;
      if (IsFloat(from)) return from == to || (BitWidth(to) > BitWidth(from) && BitWidth(to) >= 32);
      return BitWidth(from) < BitWidth(to) || from == DType::kBool;
    }
    default:
      return false;
  }
}

// The size of a kernel's errors. Sums are off by what their terms are off by.
NodeNoise ErrorsOf(const Graph &graph, const Node &node) {
  double tolerance = Schema(node.op).tolerance;
  switch (Schema(node.op).fusion) {
    case FusionKind::kView:
    case FusionKind::kGather:
    case FusionKind::kLeaf:
      return {};
    case FusionKind::kElementwise:
      if (NeverRounds(graph, node)) return {};
      if (IsExact(graph, node)) return NodeNoise{1, 0, 0};
      // Complex products and quotients: relative to the number, so that what vanishes before them vanishes behind them.
      return NodeNoise{tolerance, IsComplex(graph.type(node.outputs[0]).dtype) ? 0 : tolerance, 0};
    case FusionKind::kComposite:
      return IsExact(graph, node) ? NodeNoise{} : NodeNoise{tolerance, tolerance, tolerance / 8};
    default:
      return IsExact(graph, node) ? NodeNoise{} : NodeNoise{tolerance, 0, tolerance / 8};
  }
}

double Smallest(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return 0x1p-1022;
    case DType::kF16:
    case DType::kF8E5M2:
      return 0x1p-14;
    case DType::kF8E4M3:
      return 0x1p-6;
    default:
      return 0x1p-126;
  }
}

double Largest(DType dtype) {
  if (IsFloat8(dtype)) return LargestFloat8(dtype);
  return dtype == DType::kF64   ? std::numeric_limits<double>::max()
         : dtype == DType::kF16 ? 65504.0
                                : std::numeric_limits<float>::max();
}

std::string Describe(const Graph &graph, const GraphOutput &output) {
  int32_t producer = graph.value(output.value).producer;
  if (producer < 0) return absl::StrCat(output.name, " (no op)");
  const Node &node = graph.nodes[static_cast<size_t>(producer)];
  return absl::StrCat(output.name, " (", node.name, ", ", graph.type(output.value).ToString(), ")");
}

}  // namespace

absl::StatusOr<NoiseCompare> NoiseCompare::Create(const Graph &graph, const std::vector<Tensor> &inputs) {
  NoiseCompare compare(graph, inputs);
  InterpreterOptions options;
  options.max_nodes = 200'000;  // a changed model's loop may have no end
  absl::StatusOr<std::vector<Tensor>> expected = InterpretDouble(graph, inputs, options),
                                      exact = Interpret(graph, inputs, options);
  if (!expected.ok()) return expected.status();
  if (!exact.ok()) return exact.status();
  compare.expected_ = *std::move(expected);
  compare.exact_ = *std::move(exact);
  for (const GraphOutput &output : graph.outputs) compare.is_exact_.push_back(IsExactOutput(graph, output.value));
  return compare;
}

void NoiseCompare::Run(size_t count) {
  using Precision = InterpreterOptions::Precision;
  if (count > 0 && noisy_.empty()) {
    InterpreterOptions plain;
    plain.noise.jumps = &jumps_;  // from here on, how far the others are from this one
    (void)InterpretDouble(graph_, inputs_, plain);
  }
  for (size_t run = noisy_.size(); run < count; ++run) {
    InterpreterOptions options;
    options.noise.jumps = &jumps_;
    if (run == 0) {  // every value rounded to its dtype
      options.precision = Precision::kNative;
    } else {
      options.noise.of = ErrorsOf;
      options.noise.seed = (run + 1) / 2;
      options.noise.sign = run % 2 == 0 ? 1.0 : -1.0;
      // Every other pair of runs has values of the dtype only: there, as in programs, differences are exactly 0 and
      // large numbers integers more often than noise alone would have it.
      if ((run - 1) / 2 % 2 != 0) options.precision = Precision::kNative;
    }
    if (run >= kManyRuns) {
      static constexpr Push kPushes[] = {Push::kBelow, Push::kAt, Push::kAbove};
      options.noise.push = kPushes[run % 3];
      options.noise.push_all = run % 2 == 0;
      options.noise.push_reach = kSlack;
    }
    noisy_.push_back(InterpretDouble(graph_, inputs_, options).value_or(expected_));
  }
}

bool NoiseCompare::Allowed(size_t output, int64_t i, double actual) const {
  DType dtype = exact_[output].dtype();
  double expected = expected_[output].GetDouble(i), spread = 0;
  for (const std::vector<Tensor> &run : noisy_) {
    double value = run[output].GetDouble(i);
    // Infinite in one run and not in the other, or infinite the other way.
    bool finite = std::isfinite(value);
    if (finite != std::isfinite(expected) ||
        (!finite && value != expected && !(std::isnan(value) && std::isnan(expected))))
      return true;
    if (finite) spread = std::max(spread, std::fabs(value - expected));
  }
  if (!std::isfinite(expected)) return std::isnan(expected) ? std::isnan(actual) : actual == expected;
  // One side of the dtype's largest value or the other.
  if (std::fabs(expected) >= 0.99 * Largest(dtype))
    return std::isinf(actual) || std::fabs(actual) >= 0.9 * Largest(dtype);
  double allowed = kSlack * spread + 2 * Epsilon(dtype) * std::fabs(expected) + Smallest(dtype);
  return std::isfinite(actual) && std::fabs(actual - expected) <= allowed;
}

std::string NoiseCompare::Compare(size_t output, const Tensor &whole) const {
  if (whole.type() != exact_[output].type())
    return absl::StrCat(whole.type().ToString(), " instead of ", exact_[output].type().ToString());
  const Tensor actual = whole.Parts(), exact = exact_[output].Parts();
  int64_t wrong = 0;
  std::string first;
  for (int64_t i = 0; i < exact.size(); ++i) {
    bool same, settled = true;
    if (!IsFloat(exact.dtype())) {
      same = actual.GetInt(i) == exact.GetInt(i);
      for (const auto &run : noisy_) settled = settled && run[output].GetInt(i) == exact.GetInt(i);
      same = same || !settled;
    } else {
      double a = actual.GetDouble(i), e = exact.GetDouble(i);
      same = std::isnan(e) ? std::isnan(a) : a == e && (!is_exact_[output] || std::signbit(a) == std::signbit(e));
      if (!same && !is_exact_[output]) same = Allowed(output, i, a);
    }
    if (same || wrong++ > 0) continue;
    first = IsFloat(exact.dtype()) ? absl::StrFormat("element %d of %d is %.9g instead of %.9g", i, exact.size(),
                                                     actual.GetDouble(i), exact.GetDouble(i))
                                   : absl::StrFormat("element %d of %d is %d instead of %d", i, exact.size(),
                                                     actual.GetInt(i), exact.GetInt(i));
  }
  return wrong == 0 ? ""
                    : absl::StrCat("output ", Describe(graph_, graph_.outputs[output]), ": ", first, ", ", wrong,
                                   " are wrong");
}

std::string NoiseCompare::Difference(const std::vector<Tensor> &outputs) {
  std::string difference;
  for (size_t runs : {size_t{0}, kFewRuns, kManyRuns, kWithPushes}) {
    Run(runs);
    difference.clear();
    for (size_t i = 0; i < outputs.size() && difference.empty(); ++i) difference = Compare(i, outputs[i]);
    if (difference.empty()) break;
  }
  return difference;
}

}  // namespace ingot
