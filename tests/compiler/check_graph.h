// Compiles a graph (for a CPU level, or for the device that INGOT_TEST_DEVICE names), runs it between guard pages on
// one and on two threads, and says what is wrong: the compiler's errors, outputs that are not the interpreter's
// (noise_compare.h) or differ between thread counts, and sizes that one of the two refuses and the other does not.
#ifndef INGOT_TESTS_COMPILER_CHECK_GRAPH_H_
#define INGOT_TESTS_COMPILER_CHECK_GRAPH_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ingot/graph.h"

namespace ingot {

struct CheckOptions {
  uint64_t seed = 0;  // of the inputs, and whether the guard is before or behind buffers
  std::string level;
  std::function<void(const std::string &)> begin =
      nullptr;  // called with what is about to be done, for a process that may not return
};

struct GraphChecks {
  std::vector<std::string> findings;
  int runs = 0;
  bool refused = false;  // the compiler says that it cannot compile this; no finding
};

GraphChecks CheckGraph(const Graph &graph, const std::vector<std::map<std::string, int64_t>> &sizes,
                       const CheckOptions &options);

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_CHECK_GRAPH_H_
