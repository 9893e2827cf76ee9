// Errors on purpose: how much a result hangs on the rounding of the values before it shows when these values are off by
// a little. Tests of compiled programs allow what such runs differ by. Tests: tests/graph/interp/interp_noise_test.cc.
#ifndef INGOT_GRAPH_INTERP_NOISE_H_
#define INGOT_GRAPH_INTERP_NOISE_H_

#include <cstdint>

#include "graph/graph.h"

namespace ingot {

// In units of the dtype's epsilon. Each element gets its own error between minus and plus that much.
struct NodeNoise {
  double result = 0;    // relative to the element
  double absolute = 0;  // of the result, added to that
  double operands = 0;  // relative to the operand's largest magnitude, on what the node reads
};

struct Noise {
  NodeNoise (*of)(const Graph &graph, const Node &node) = nullptr;  // null: none
  uint64_t seed = 0;
  double sign = 1;  // -1: every error the other way
};

namespace interp {
struct Array;
void AddNoise(const Noise &noise, uint64_t stream, double relative, double absolute, Array &array);
void AddOperandNoise(const Noise &noise, uint64_t stream, double units, Array &array);
}  // namespace interp

}  // namespace ingot
#endif  // INGOT_GRAPH_INTERP_NOISE_H_
