// The program as data, before it becomes constants of an object: sizes, values, steps, and what the weights consist of. Everything here follows
// from @main after FormRegions; nothing depends on addresses or hash order, so compiling twice gives the same bytes.
#ifndef INGOT_COMPILER_EMIT_PROGRAMPLAN_H
#define INGOT_COMPILER_EMIT_PROGRAMPLAN_H

#include <map>
#include <string>
#include <vector>

#include "compiler/codegen/cpu/Kernels.h"
#include "compiler/views/StridedView.h"
#include "graph/graph.h"
#include "ingot/abi.h"

namespace ingot::compiler {

// A constant as it stands in the weights: a plain copy, or panels of a matrix view.
struct WeightItem {
  int64_t constant;
  bool packed = false;
  StridedView matrix; // of the constant, [k..., n], when packed
  uint64_t offset = 0, bytes = 0;
};

struct PlannedStep {
  int kernel;
  std::vector<uint32_t> operands;
  uint32_t tiles, work;
  std::string name;
};

struct PlannedIo {
  std::string name;
  uint32_t value;
  TensorType type;
  std::vector<uint32_t> dims; // size indices
};

struct ProgramPlan {
  std::vector<std::pair<std::string, SymbolRange>> symbols;
  std::map<std::string, int> symbolIndex;
  std::vector<Dim> sizes; // after the symbols
  std::vector<PlannedIo> inputs, outputs;
  std::vector<ingot_value_t> values;
  std::vector<std::string> kernels;        // names of the region functions, by number
  std::vector<KernelInfo> kernelInfo;      // of the first level; tiles and work are those of every level
  std::vector<std::vector<uint32_t>> workspaces; // [level][kernel]: size index
  std::vector<PlannedStep> steps;
  std::vector<WeightItem> weights;
  uint64_t weightsBytes = 0;

  uint32_t sizeIndex(const Dim &dim);

private:
  std::map<std::string, uint32_t> sizeNumbers;
};

// `infos[level][kernel name]`.
ProgramPlan planProgram(const Graph &graph, mlir::ModuleOp module, const std::vector<std::map<std::string, KernelInfo>> &infos);
// Symbols and their places in the size table; needed before kernels are emitted.
std::map<std::string, int> symbolPlaces(const Graph &graph);

std::string toString(const ProgramPlan &plan);

} // namespace ingot::compiler
#endif
