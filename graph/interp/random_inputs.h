// Inputs for tests and benchmarks that a model can make sense of: indices that are in range, masks with ragged rows,
// normal floats.
//
// Tests: tests/graph/interp/interp_random_inputs_test.cc.
#ifndef INGOT_GRAPH_INTERP_RANDOM_INPUTS_H_
#define INGOT_GRAPH_INTERP_RANDOM_INPUTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot {

// One tensor per input, the same for the same seed. Floats are N(0, 1). An integer input that becomes the indices of a
// gather, perhaps through casts, data movement and added constants, is uniform within the gathered axis; an integer or
// bool input with "mask" in its name has rows of ones then zeros, of random length and at least one 1; other integers
// are 0 or 1, other bools random. InvalidArgument when a symbol is missing, ResourceExhausted beyond max_bytes in all.
absl::StatusOr<std::vector<Tensor>> RandomInputs(const Graph &graph, const std::map<std::string, int64_t> &symbols,
                                                 uint64_t seed, int64_t max_bytes = INT64_C(8) << 30);

// The smallest bound that a gather puts on each integer input: input value id -> exclusive bound. Inputs that reach no
// gather are absent.
absl::StatusOr<std::map<ValueId, int64_t>> IndexBounds(const Graph &graph,
                                                       const std::map<std::string, int64_t> &symbols);

}  // namespace ingot
#endif  // INGOT_GRAPH_INTERP_RANDOM_INPUTS_H_
