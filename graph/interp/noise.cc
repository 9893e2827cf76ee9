#include "ingot/noise.h"

#include <array>
#include <cmath>
#include <limits>

#include "graph/interp/array.h"
#include "kernels/reference/index.h"

namespace ingot::interp {
namespace {

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

uint64_t Bits(const Noise &noise, uint64_t stream, size_t i) { return Mix(noise.seed + Mix(stream + Mix(i))); }

// From -1 to 1.
double Amount(uint64_t bits) { return static_cast<double>(static_cast<int64_t>(bits)) * 0x1p-63; }

double LargestFinite(const double *values, size_t size) {
  double largest = 0;
  for (size_t i = 0; i < size; ++i) {
    if (std::isfinite(values[i])) largest = std::max(largest, std::fabs(values[i]));
  }
  return largest;
}

// NaN in one third of the runs, infinite in another and 0 in the last, so that it is never what all agree on.
double Unknown(const Noise &noise) {
  uint64_t third = (2 * noise.seed + (noise.sign > 0 ? 1 : 0)) % 3;
  return third == 0 ? std::nan("") : third == 1 ? std::numeric_limits<double>::infinity() : 0;
}

void AddNoiseTo(double &value, uint64_t bits, double epsilon, double relative, double absolute) {
  if (!std::isfinite(value)) return;
  double reach = relative * std::fabs(value) + absolute;
  // What may be off by all of itself is often exactly 0, where a kernel's terms cancel.
  bool vanishes = std::fabs(value) <= std::fabs(epsilon) * reach && (bits & 1) != 0;
  value = vanishes ? 0 : value + Amount(bits) * epsilon * reach;
}

// Floats, or both parts of complex numbers one after another.
std::span<double> PartsOf(Array &array) {
  if (!IsComplex(array.dtype)) return array.reals;
  return {reinterpret_cast<double *>(array.complexes.data()), 2 * array.complexes.size()};
}

// Elements of an operand in a row of that many do not meet those of other rows.
size_t RowSize(const Node &node, size_t operand, const Array &array) {
  size_t first = 0;  // the axes from here on are a row
  if (operand == 0 && node.op == OpKind::kMatMul) {
    first = array.dims.size() - 1;
  } else if (operand == 0 && node.attributes.count("axis") != 0) {
    first = static_cast<size_t>(node.Get<int64_t>("axis"));
  } else if (operand == 0 && Schema(node.op).fusion == FusionKind::kReduction && !node.Get<Ints>("axes").empty()) {
    first = static_cast<size_t>(node.Get<Ints>("axes").front());
  }
  size_t size = 1;
  for (size_t axis = first; axis < array.dims.size(); ++axis) size *= static_cast<size_t>(array.dims[axis]);
  return std::max<size_t>(size, 1);
}

// Where the operand is 0, 1 or -1, an integer, in the middle of two, an odd number of quarter turns, a multiple of the
// second operand, or equal to it.
enum class JumpKind { kZero, kOne, kInteger, kHalf, kQuarterTurn, kMultiple, kEqual };
constexpr double kHalfTurn = 3.14159265358979323846;

struct Jump {
  size_t operand;
  JumpKind kind;
};

// One element of each operand; twice the only one.
using Operands = std::array<double *, 2>;

// A number that is at one of Nearest's where the op jumps.
double Position(Jump jump, const Operands &x) {
  if (jump.kind == JumpKind::kMultiple) return *x[0] / *x[1];
  if (jump.kind == JumpKind::kEqual) return *x[0] - *x[1];
  if (jump.kind == JumpKind::kQuarterTurn) return *x[0] / kHalfTurn;
  return *x[jump.operand];
}

double Nearest(Jump jump, double position) {
  if (jump.kind == JumpKind::kInteger || jump.kind == JumpKind::kMultiple) return std::round(position);
  if (jump.kind == JumpKind::kOne) return std::copysign(1, position);
  return jump.kind == JumpKind::kHalf || jump.kind == JumpKind::kQuarterTurn ? std::floor(position) + 0.5 : 0;
}

void MoveTo(Jump jump, double position, const Operands &x) {
  *x[jump.operand] = jump.kind == JumpKind::kMultiple      ? *x[1] * position
                     : jump.kind == JumpKind::kEqual       ? *x[1] + position
                     : jump.kind == JumpKind::kQuarterTurn ? position * kHalfTurn
                                                           : position;
}

std::vector<Jump> JumpsOf(const Graph &graph, const Node &node) {
  if (node.inputs.empty() || !IsFloat(graph.type(node.inputs[0]).dtype)) return {};
  switch (node.op) {
    case OpKind::kSign:
    case OpKind::kReciprocal:
    case OpKind::kLog:
    case OpKind::kSqrt:
    case OpKind::kRsqrt:
      return {{0, JumpKind::kZero}};
    case OpKind::kAcos:
    case OpKind::kAcosh:
    case OpKind::kAsin:
    case OpKind::kAtanh:
    case OpKind::kLog1p:
      return {{0, JumpKind::kOne}};
    case OpKind::kTan:
      return {{0, JumpKind::kQuarterTurn}};
    case OpKind::kFloor:
    case OpKind::kCeil:
      return {{0, JumpKind::kInteger}};
    case OpKind::kRound:
      return {{0, JumpKind::kHalf}};
    case OpKind::kCast: {
      DType to = graph.type(node.outputs[0]).dtype;
      if (IsFloat(to)) return {};
      return {{0, to == DType::kBool ? JumpKind::kZero : JumpKind::kInteger}};
    }
    case OpKind::kDiv:
      return {{1, JumpKind::kZero}};
    case OpKind::kRem:
      return {{1, JumpKind::kZero}, {0, JumpKind::kMultiple}};
    case OpKind::kPow:  // of a negative base: a number for an integer, otherwise NaN
      return {{0, JumpKind::kZero}, {1, JumpKind::kInteger}};
    case OpKind::kEqual:
    case OpKind::kNotEqual:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
      return {{0, JumpKind::kEqual}};
    default:
      return {};
  }
}

Array BroadcastTo(const std::vector<int64_t> &dims, const Array &array) {
  Array result = MakeArray(array.dtype, dims);
  reference::ForEachElement<1>(dims, {reference::BroadcastStrides(array.dims, dims)},
                               [&](int64_t i, const std::array<int64_t, 1> &at) {
                                 result.reals[static_cast<size_t>(i)] = array.reals[static_cast<size_t>(at[0])];
                               });
  return result;
}

void Learn(double position, size_t i, JumpDistances::Elements &elements) {
  if (i == elements.value.size()) {
    elements.value.push_back(position);
    elements.spread.push_back(0);
  }
  double off = std::fabs(position - elements.value[i]);
  if (std::isfinite(off)) elements.spread[i] = std::max(elements.spread[i], off);
}

}  // namespace

void AddNoise(const Noise &noise, uint64_t stream, double relative, double absolute, Array &array) {
  for (size_t i = 0; i < array.reals.size(); ++i)
    AddNoiseTo(array.reals[i], Bits(noise, stream, i), Epsilon(array.dtype) * noise.sign, relative, absolute);
  // Parts of products cancel: they are off by what their number is large, and where that overflows on the way nothing
  // is known of them.
  for (size_t i = 0; i < array.complexes.size(); ++i) {
    double size = std::abs(array.complexes[i]), reach = relative * size + absolute;
    if (relative > 0 && size > std::numeric_limits<float>::max() / 4) {
      array.complexes[i] = {Unknown(noise), Unknown(noise)};
      continue;
    }
    for (size_t part : {2 * i, 2 * i + 1})
      AddNoiseTo(PartsOf(array)[part], Bits(noise, stream, part), Epsilon(array.dtype) * noise.sign, 0, reach);
  }
}

void AddOperandNoise(const Noise &noise, const Node &node, size_t operand, uint64_t stream, double units,
                     Array &array) {
  // A kernel may overflow where it squares or adds up its operands: nothing is known of such a result.
  double unknown = Unknown(noise);
  double range = array.dtype == DType::kF64 ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
  std::span<double> parts = PartsOf(array);
  size_t row = RowSize(node, operand, array) * (IsComplex(array.dtype) ? 2 : 1);
  for (size_t begin = 0; begin < parts.size(); begin += row) {
    double *values = &parts[begin];
    double largest = LargestFinite(values, row);
    for (size_t i = 0; i < row; ++i) {
      if (largest > std::sqrt(range) / 1024) values[i] = std::copysign(unknown, values[i]);
      AddNoiseTo(values[i], Bits(noise, stream, begin + i), Epsilon(array.dtype) * noise.sign, 0, units * largest);
    }
  }
}

double MeanNoise(const Noise &noise, uint64_t stream, double units, DType dtype, const double *row, size_t size) {
  double amount = Amount(Bits(noise, stream, 0)) * noise.sign;
  return amount * units * Epsilon(dtype) * LargestFinite(row, size);
}

bool Jumps(const Graph &graph, const Node &node) { return !JumpsOf(graph, node).empty(); }

void MeetJumps(const Noise &noise, const Graph &graph, const Node &node, const std::vector<int64_t> &dims,
               std::vector<const Array *> &operands, std::vector<Array> &broadcast) {
  for (const Array *operand : operands) broadcast.push_back(BroadcastTo(dims, *operand));
  for (size_t i = 0; i < operands.size(); ++i) operands[i] = &broadcast[i];
  std::vector<Jump> jumps = JumpsOf(graph, node);
  std::vector<JumpDistances::Elements> &distances = noise.jumps->of[node.outputs[0]];
  distances.resize(jumps.size());
  uint64_t stream = static_cast<uint64_t>(node.outputs[0]) << 32 | 0xff;
  double side = noise.push == Push::kBelow ? -1 : noise.push == Push::kAbove ? 1 : 0;
  for (size_t i = 0; i < broadcast[0].reals.size(); ++i) {
    Operands x = {&broadcast[0].reals[i], &broadcast.back().reals[i]};
    for (size_t j = 0; j < jumps.size(); ++j) {
      double position = Position(jumps[j], x), point = Nearest(jumps[j], position);
      if (noise.push == Push::kNone) {
        Learn(position, i, distances[j]);
        continue;
      }
      // A power's exponent jumps where the base is negative.
      if (node.op == OpKind::kPow && jumps[j].operand == 1 && *x[0] >= 0) continue;
      if (!noise.push_all && (Bits(noise, stream, i) & 1) != 0) continue;
      double reach = noise.push_reach * distances[j].spread[i];
      // All turns are within the error, and a double may be too coarse for any: nothing is known of the result.
      if (jumps[j].kind == JumpKind::kQuarterTurn && reach >= 0.5) {
        *x[0] = std::numeric_limits<double>::infinity();
        continue;
      }
      if (reach > 0 && std::fabs(distances[j].value[i] - point) <= reach)
        MoveTo(jumps[j], point + side * reach * 0x1p-10, x);
    }
  }
}

}  // namespace ingot::interp
