#include "tools/ingot/interface.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "tools/ingot/options.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

using AllDims = std::vector<std::vector<int64_t>>;

Port PortOf(const std::string &name, const TensorType &type) {
  Port port{name, type.dtype, {}};
  for (const Dim &dim : type.dims) port.dims.push_back(dim.ToString());
  return port;
}

// The whole size table of a program for these sizes of its symbols.
absl::StatusOr<std::vector<int64_t>> SizeTable(const ingot_program_desc_t &desc, const std::vector<int64_t> &symbols) {
  std::vector<int64_t> table(symbols);
  table.resize(std::max(desc.num_sizes, desc.num_symbols));
  if (desc.eval_sizes != nullptr && desc.eval_sizes(table.data(), 0) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a size of program '", desc.name, "' overflows or divides by zero; use other dims"));
  }
  return table;
}

Port PortOf(const ingot_program_desc_t &desc, const ingot_io_t &io) {
  Port port{io.name, static_cast<DType>(io.dtype), {}};
  for (uint32_t d = 0; d < io.rank; ++d)
    port.dims.push_back(desc.size_texts != nullptr ? desc.size_texts[io.dims[d]] : "?");
  return port;
}

}  // namespace

std::string Port::TypeText() const {
  std::string text = std::string(Name(dtype)) + "[";
  for (size_t i = 0; i < dims.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : ", ", dims[i]);
  return text + "]";
}

Interface Interface::Of(const Graph &graph) {
  Interface made;
  std::vector<Dims> dims;
  for (ValueId id : graph.inputs) {
    made.inputs_.push_back(PortOf(graph.value(id).name, graph.type(id)));
    dims.push_back(graph.type(id).dims);
  }
  for (const GraphOutput &output : graph.outputs)
    made.outputs_.push_back(PortOf(output.name, graph.type(output.value)));
  const std::set<std::string> found = SymbolsBoundByNodes(graph);  // by the run: nobody gives them
  for (const auto &[name, range] : graph.symbols) {
    if (!found.count(name)) made.symbols_.push_back({name, range.min, range.max});
  }
  made.input_dims_ = [dims](const Sizes &sizes) -> absl::StatusOr<AllDims> {
    AllDims all;
    for (const Dims &input : dims) {
      all.emplace_back();
      for (const Dim &dim : input) {
        ASSIGN_OR_RETURN(int64_t size, dim.Evaluate(sizes));
        all.back().push_back(size);
      }
    }
    return all;
  };
  return made;
}

Interface Interface::Of(const ingot_program_desc_t &desc) {
  Interface made;
  for (uint32_t i = 0; i < desc.num_inputs; ++i) made.inputs_.push_back(PortOf(desc, desc.inputs[i]));
  for (uint32_t i = 0; i < desc.num_outputs; ++i) made.outputs_.push_back(PortOf(desc, desc.outputs[i]));
  for (uint32_t s = 0; s < desc.num_symbols; ++s)
    made.symbols_.push_back({desc.symbols[s].name, desc.symbols[s].min, desc.symbols[s].max});
  made.input_dims_ = [&desc](const Sizes &sizes) -> absl::StatusOr<AllDims> {
    std::vector<int64_t> symbols;
    for (uint32_t s = 0; s < desc.num_symbols; ++s) symbols.push_back(sizes.at(desc.symbols[s].name));
    ASSIGN_OR_RETURN(std::vector<int64_t> table, SizeTable(desc, symbols));
    AllDims all;
    for (uint32_t i = 0; i < desc.num_inputs; ++i) {
      all.emplace_back();
      for (uint32_t d = 0; d < desc.inputs[i].rank; ++d) all.back().push_back(table.at(desc.inputs[i].dims[d]));
    }
    return all;
  };
  return made;
}

absl::StatusOr<std::vector<std::vector<int64_t>>> Interface::InputDims(const Sizes &sizes) const {
  std::vector<std::string> missing;
  std::string remedy;
  for (const SymbolInfo &symbol : symbols_) {
    auto found = sizes.find(symbol.name);
    if (found == sizes.end()) {
      missing.push_back(symbol.name);
      absl::StrAppend(&remedy, " --dim ", symbol.name, "=N");
    } else if (found->second < symbol.min || found->second > symbol.max) {
      return absl::InvalidArgumentError(absl::StrCat("dim '", symbol.name, "' is ", found->second,
                                                     ", and the model takes ", symbol.min, " to ", symbol.max));
    }
  }
  if (!missing.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the size of ", ListNames(missing, ""), " is not known: add", remedy));
  }
  return input_dims_(sizes);
}

Sizes Interface::SizesFrom(size_t index, const std::vector<int64_t> &dims) const {
  Sizes sizes;
  const Port &port = inputs_[index];
  for (size_t d = 0; d < port.dims.size() && d < dims.size(); ++d) {
    bool symbol =
        std::any_of(symbols_.begin(), symbols_.end(), [&](const SymbolInfo &s) { return s.name == port.dims[d]; });
    if (symbol) sizes.emplace(port.dims[d], dims[d]);
  }
  return sizes;
}

absl::Status Interface::CheckNames(const Sizes &sizes) const {
  std::vector<std::string> names;
  for (const SymbolInfo &symbol : symbols_) names.push_back(symbol.name);
  for (const auto &[name, size] : sizes) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("the model has no symbolic dim '", name, "': it has ",
                                                   ListNames(names, "none, its sizes are fixed")));
  }
  return absl::OkStatus();
}

}  // namespace ingot::tool
