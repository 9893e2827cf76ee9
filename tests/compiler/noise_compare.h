// Compares the outputs of a program with the interpreter where a graph is deep and random. A fixed tolerance is no use
// there: a difference of two large values, a floor or an argmax turns the last bit of a value into anything. So the
// interpreter runs several times with errors of the size that kernels may make (graph/include/ingot/noise.h), and an
// element may be off by a few times what these runs differ by. Integers and elements on the edge of a step are compared
// only where all runs agree; outputs that must be exact have to have the same bits. What still differs may be at a
// jump, such as a sum that is exactly 0 in the program only: further runs put there what its errors may bring there.
#ifndef INGOT_TESTS_COMPILER_NOISE_COMPARE_H_
#define INGOT_TESTS_COMPILER_NOISE_COMPARE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"
#include "ingot/noise.h"

namespace ingot {

class NoiseCompare {
 public:
  // Runs the interpreter once; its error is the program's duty as well.
  static absl::StatusOr<NoiseCompare> Create(const Graph &graph, const std::vector<Tensor> &inputs);

  // What is wrong with these outputs, or nothing. Runs with errors come first when something is not as the plain run
  // says.
  std::string Difference(const std::vector<Tensor> &outputs);

 private:
  NoiseCompare(const Graph &graph, const std::vector<Tensor> &inputs) : graph_(graph), inputs_(inputs) {}
  // Brings the number of noisy runs to `count`.
  void Run(size_t count);
  std::string Compare(size_t output, const Tensor &whole) const;
  bool Allowed(size_t output, int64_t i, double actual) const;

  const Graph &graph_;
  const std::vector<Tensor> &inputs_;
  std::vector<Tensor> expected_, exact_;  // in double precision; in the output's dtype
  std::vector<std::vector<Tensor>> noisy_;
  JumpDistances jumps_;
  std::vector<bool> is_exact_;
};

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_NOISE_COMPARE_H_
