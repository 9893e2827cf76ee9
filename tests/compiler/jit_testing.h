// What the tests of compiled programs share: inputs for a graph, and the comparison of a program with the interpreter,
// output by output.
//
// The tolerance of an output follows from the ops between it and the inputs. Integers, and floats made by ops that IEEE
// defines exactly (addition, comparison, data movement, ...), must have the interpreter's bits. Other floats may be off
// by the sum of the ops' tolerances (graph/ops/*.td) in units of the dtype's epsilon, relative to the output's scale:
// the element itself and at least 1 for element-wise ops, the largest magnitude on the way to the output where sums are
// involved.
#ifndef INGOT_TESTS_COMPILER_JIT_TESTING_H_
#define INGOT_TESTS_COMPILER_JIT_TESTING_H_

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ingot/builder.h"
#include "ingot/jit.h"

namespace ingot {

using Sizes = std::map<std::string, int64_t>;

// The levels that this machine runs: "x86-64-v3" and perhaps "x86-64-v4".
std::vector<std::string> TestLevels();
// What graphs are compiled for and run on: every level, or the device that INGOT_TEST_DEVICE names
// (tools/ingot/device.h).
std::vector<JitOptions> TestTargets();
// For tests of one target: the device, or this machine's own level. Without a cache.
JitOptions TestOptions();

// Normal floats; integers between -20 and 20 with a few of the largest and smallest; random bools.
Tensor RandomTensor(DType dtype, std::vector<int64_t> dims, std::mt19937 &engine);
// N(0, 1).
Tensor NormalTensor(std::vector<int64_t> dims, unsigned seed, DType dtype = DType::kF32);
// An input of this name and a symbol's is a vector of one element, the symbol's value: the size is data, below
// kMostTold.
constexpr char kTold[] = "told_";
constexpr uint64_t kMostTold = 18;
// Every input by RandomTensor, but those whose name begins with "factor": near 1 or -1, so that products stay in range,
// and those whose name begins with "index": between -20 and 20.
std::vector<Tensor> TestInputs(const Graph &graph, const Sizes &sizes, unsigned seed);

// Whether the op, computed in its dtype, gives the double result rounded once; and whether an output must have the
// interpreter's bits.
bool IsExact(const Graph &graph, const Node &node);
bool IsExactOutput(const Graph &graph, ValueId output);

// What differs between the program, compiled with these options and run on 1 and on 2 threads, and the interpreter;
// empty when nothing does. On an emulated GPU the two runs are in two orders of its threads.
std::vector<std::string> Mismatches(const Graph &graph, const std::vector<std::vector<Tensor>> &input_sets,
                                    const JitOptions &options);

// The outputs of the program, compiled anew and run on one thread, or why there are none.
absl::StatusOr<std::vector<Tensor>> RunCompiled(const Graph &graph, const std::vector<Tensor> &inputs);

// One program per level, run with inputs of all sizes.
void ExpectMatches(const absl::StatusOr<Graph> &graph, const std::vector<Sizes> &sizes = {{}});
void ExpectMatchesOn(const absl::StatusOr<Graph> &graph, const std::vector<std::vector<Tensor>> &input_sets);

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_JIT_TESTING_H_
