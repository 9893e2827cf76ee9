// The reference evaluation of a graph: slow, exact, and sharing nothing with the compiler, so that it can say who is
// right. kDouble is the oracle that errors are measured against; kNative says what each op alone would give in its own
// dtype. Also evaluates single nodes, for constant folding.
//
// Extended answers where a summary leaves room: reduce_max and reduce_min of floats over nothing give an infinity,
// argmax takes the first NaN. Tests: tests/graph/interp/.
#ifndef INGOT_INTERPRETER_H_
#define INGOT_INTERPRETER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"
#include "ingot/noise.h"

namespace ingot {

struct InterpreterOptions {
  // kDouble: floats stay in double precision from input to output (the oracle). kNative: every op's result is rounded
  // to its dtype.
  enum class Precision { kDouble, kNative } precision = Precision::kDouble;
  // Of live tensors inside the interpreter (8 bytes per element, whatever the dtype); beyond it: ResourceExhausted that
  // names the node.
  int64_t max_bytes = INT64_C(8) << 30;
  // Nodes that may be evaluated, those of a loop's body in every turn; beyond it: ResourceExhausted.
  int64_t max_nodes = INT64_MAX;
  Noise noise = {};  // errors on purpose
};

// Inputs in graph order. Graphs with states: InterpretStep. Symbols are solved from their shapes; every dtype, dim and
// range is checked, and errors name input, dim, expected and got. The outputs have the graph's dtypes, rounded once.
absl::StatusOr<std::vector<Tensor>> Interpret(const Graph &graph, const std::vector<Tensor> &inputs,
                                              const InterpreterOptions &options = {});

// The same, but float outputs of any precision come as f64 tensors, and complex ones as f64[2 n] of their parts (for
// error measurement).
absl::StatusOr<std::vector<Tensor>> InterpretDouble(const Graph &graph, const std::vector<Tensor> &inputs,
                                                    const InterpreterOptions &options = {});

// One run of a graph with states: `states` holds one tensor per state in graph order, and after a success what takes
// their place, in the states' dtypes. After an error it is as it was.
absl::StatusOr<std::vector<Tensor>> InterpretStep(const Graph &graph, const std::vector<Tensor> &inputs,
                                                  std::vector<Tensor> &states, const InterpreterOptions &options = {});

// What the states hold before the first run, for these values of the symbols in their dims. InvalidArgument when a
// symbol is missing or a size is not possible, ResourceExhausted beyond max_bytes.
absl::StatusOr<std::vector<Tensor>> InitialStates(const Graph &graph, const std::map<std::string, int64_t> &symbols,
                                                  int64_t max_bytes = INT64_C(8) << 30);

// The same graph without states: they are further inputs and outputs, behind the others and of the same names. For who
// passes states from run to run by hand.
Graph StatesAsValues(Graph graph);

// The values of the symbols that inputs have, for inputs of these dims, in graph order. InvalidArgument when they do
// not fit the input types or the symbols' ranges.
absl::StatusOr<std::map<std::string, int64_t>> SolveSymbols(const Graph &graph,
                                                            const std::vector<std::vector<int64_t>> &input_dims);

// The results of one node on constant operands, in native precision. ResourceExhausted when one has more than
// max_elements elements.
absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Graph &graph, const Node &node,
                                                 const std::vector<const Tensor *> &operands,
                                                 const std::map<std::string, int64_t> &symbols,
                                                 int64_t max_elements = INT64_C(1) << 26);

// Replaces nodes whose operands are all constants, and whose sizes hold no symbol, by constants of at most max_elements
// elements. Reshapes and transposes are folded at any size, since weights are often transposed at run time. A result
// much larger than its operands (a broadcast, an iota) stays a node, because it is cheaper to compute than to store.
// Returns the number of folded nodes; dead nodes and constants are removed.
absl::StatusOr<int> FoldConstants(Graph &graph, int64_t max_elements = INT64_C(1) << 26);

}  // namespace ingot
#endif  // INGOT_INTERPRETER_H_
