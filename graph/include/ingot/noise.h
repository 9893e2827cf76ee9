// Errors on purpose: how much a result hangs on the rounding of the values before it shows when these values are off by
// a little. Tests of compiled programs allow what such runs differ by. Tests: tests/graph/interp/interp_noise_test.cc.
#ifndef INGOT_NOISE_H_
#define INGOT_NOISE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "ingot/graph.h"

namespace ingot {

// In units of the dtype's epsilon. Each element gets its own error between minus and plus that much.
struct NodeNoise {
  double result = 0;    // relative to the element
  double absolute = 0;  // of the result, added to that
  // On what the node reads, relative to the largest magnitude in the operand's row. A layer norm's mean is off by as
  // much: no error of single elements moves a mean and leaves the row.
  double operands = 0;
};

// How far an op's operands are from where it jumps: a floor's from an integer, those of a comparison from each other, a
// divisor from 0. Of each jump of each node that has some, by the node's result.
struct JumpDistances {
  struct Elements {
    std::vector<double> value, spread;  // in the first run, and how far off the others were
  };
  std::map<ValueId, std::vector<Elements>> of;
};

// A jump is a point, which errors drawn at random miss: such a run puts the elements that may be there just below it,
// on it or just above it.
enum class Push { kNone, kBelow, kAt, kAbove };

struct Noise {
  NodeNoise (*of)(const Graph &graph, const Node &node) = nullptr;  // null: none
  uint64_t seed = 0;
  double sign = 1;                 // -1: every error the other way
  JumpDistances *jumps = nullptr;  // with a push: who may be at a jump; else it learns what this run gives
  Push push = Push::kNone;
  double push_reach = 1;  // an element may be at a jump that is this many spreads away
  bool push_all = true;   // else every other element, by chance
};

namespace interp {
struct Array;
void AddNoise(const Noise &noise, uint64_t stream, double relative, double absolute, Array &array);
void AddOperandNoise(const Noise &noise, const Node &node, size_t operand, uint64_t stream, double units, Array &array);
// The error of the mean of a row.
double MeanNoise(const Noise &noise, uint64_t stream, double units, DType dtype, const double *row, size_t size);

bool Jumps(const Graph &graph, const Node &node);
// For a node that jumps: notes its distances in noise.jumps, or moves its operands. They are broadcast to `dims`, kept
// in `broadcast`, and replace those in `operands`.
void MeetJumps(const Noise &noise, const Graph &graph, const Node &node, const std::vector<int64_t> &dims,
               std::vector<const Array *> &operands, std::vector<Array> &broadcast);
}  // namespace interp

}  // namespace ingot
#endif  // INGOT_NOISE_H_
