// The inputs and outputs of a model, whether it is a graph or a compiled program, as names, dtypes and dims.
#ifndef INGOT_TOOLS_INGOT_INTERFACE_H_
#define INGOT_TOOLS_INGOT_INTERFACE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"
#include "ingot/runtime.h"

namespace ingot::tool {

struct Port {
  std::string name;
  DType dtype = DType::kInvalid;
  std::vector<std::string> dims;  // as text; "?" where a compiled program keeps the expression to itself

  std::string TypeText() const;  // "f32[batch, 784]"
};

struct SymbolInfo {
  std::string name;
  int64_t min = 0, max = 0;
};

using Sizes = std::map<std::string, int64_t>;  // of symbols

class Interface {
 public:
  static Interface Of(const Graph &graph);
  static Interface Of(const ingot_program_desc_t &desc);

  const std::vector<Port> &inputs() const { return inputs_; }
  const std::vector<Port> &outputs() const { return outputs_; }
  // Those that inputs and states have.
  const std::vector<SymbolInfo> &symbols() const { return symbols_; }

  // The dims of every input at these sizes; InvalidArgument when a symbol has no size or one outside its range.
  absl::StatusOr<std::vector<std::vector<int64_t>>> InputDims(const Sizes &sizes) const;
  // The sizes that input `index` of these dims settles: its dims that are bare symbols. Ranks must agree.
  Sizes SizesFrom(size_t index, const std::vector<int64_t> &dims) const;
  // InvalidArgument when a name is no symbol of the model.
  absl::Status CheckNames(const Sizes &sizes) const;

 private:
  std::vector<Port> inputs_, outputs_;
  std::vector<SymbolInfo> symbols_;
  std::function<absl::StatusOr<std::vector<std::vector<int64_t>>>(const Sizes &)> input_dims_;
};

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_INTERFACE_H_
