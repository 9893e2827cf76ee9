// The program as data, before it becomes constants of an object: sizes, values, steps, and what the weights consist of.
// Everything here follows from @main after FormRegions; nothing depends on addresses or hash order, so compiling twice
// gives the same bytes.
#ifndef INGOT_COMPILER_EMIT_PROGRAMPLAN_H
#define INGOT_COMPILER_EMIT_PROGRAMPLAN_H

#include <map>
#include <string>
#include <vector>

#include "compiler/codegen/device.h"
#include "compiler/views/strided_view.h"
#include "ingot/abi.h"
#include "ingot/graph.h"

namespace ingot::compiler {

// A constant as it stands in the weights: a plain copy, or panels of a matrix view.
struct WeightItem {
  int64_t constant;
  int64_t panel_width = 0;  // 0: a plain copy
  StridedView matrix;       // of the constant, [k..., n], when there are panels
  uint64_t offset = 0, bytes = 0;
};

struct PlannedStep {
  int kernel;  // of INGOT_STEP_KERNEL, the size of INGOT_STEP_IF_SIZE, else -1
  std::vector<uint32_t> operands;
  std::string name;
  ingot_step_kind_t kind = INGOT_STEP_KERNEL;
  uint32_t split = 0, end = 0;  // blocks of IF, IF_SIZE and WHILE, checks of CHECK

  bool HasBlocks() const { return kind == INGOT_STEP_IF || kind == INGOT_STEP_IF_SIZE || kind == INGOT_STEP_WHILE; }
};

// A kernel at one CPU level: places in the size table, or INGOT_NONE.
struct PlannedKernel {
  uint32_t tiles, work, workspace;
  ingot_origin_t origin;
};

// The same for a device (ingot_device_kernel_t).
struct PlannedDeviceKernel {
  uint32_t tiles, workspace;
  Launch launch;
};

struct PlannedIo {
  std::string name;
  uint32_t value;
  TensorType type;
  std::vector<uint32_t> dims;  // size indices
};

struct PlannedState {
  PlannedIo io;
  uint64_t initial;  // in the weights, or INGOT_NONE
  bool fills;        // one element, which all begin as
};

struct ProgramPlan {
  SizeTable sizes;
  std::vector<PlannedIo> inputs, outputs;
  std::vector<PlannedState> states;
  std::vector<ingot_value_t> values;
  std::vector<std::string> kernels;                               // names of the region functions, by number
  std::vector<std::vector<PlannedKernel>> variants;               // [level][kernel]
  std::vector<std::vector<PlannedDeviceKernel>> device_variants;  // [target][kernel]
  std::vector<PlannedStep> steps;
  std::vector<WeightItem> weights;
  uint64_t weights_bytes = 0;

  // Where a kernel comes from is the same at every level.
  ingot_origin_t origin(const PlannedStep &step) const { return variants[0][step.kernel].origin; }
};

// By kernel name.
using KernelInfos = std::map<std::string, KernelInfo>;

// One list of infos per CPU level, and one per target of a device; `sizes` holds what the kernels load.
ProgramPlan PlanProgram(const Graph &graph, mlir::ModuleOp module, SizeTable sizes,
                        const std::vector<KernelInfos> &infos, const std::vector<KernelInfos> &device_infos);

std::string ToString(const ProgramPlan &plan);

}  // namespace ingot::compiler
#endif
