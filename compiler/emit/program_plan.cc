#include "compiler/emit/program_plan.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class Planner {
 public:
  Planner(const Graph &graph, ModuleOp module, SizeTable sizes,
          const std::vector<std::map<std::string, KernelInfo>> &infos)
      : graph(graph), infos(infos) {
    main = module.lookupSymbol<func::FuncOp>("main");
    plan.sizes = std::move(sizes);
  }

  ProgramPlan run() {
    plan.variants.resize(infos.size());
    Block &body = main.getBody().front();
    for (auto [number, argument] : llvm::enumerate(body.getArguments())) {
      const ingot::Value &value = graph.value(graph.inputs[number]);
      plan.inputs.push_back(makeIo(value.name, addValue(argument, INGOT_VALUE_INPUT, number, 0), value.type));
    }
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    for (Operation &op : body)
      if (auto dispatch = dyn_cast<ir::DispatchOp>(op)) addStep(dispatch, ret);
    for (auto [number, operand] : llvm::enumerate(ret.getOperands()))
      plan.outputs.push_back(
          makeIo(graph.outputs[number].name, numbers.at(operand), graph.type(graph.outputs[number].value)));
    return std::move(plan);
  }

 private:
  PlannedIo makeIo(const std::string &name, uint32_t value, const TensorType &type) {
    PlannedIo io{name, value, type, {}};
    for (const Dim &dim : type.dims) io.dims.push_back(plan.sizes.index(dim));
    return io;
  }

  uint32_t addValue(Value value, ingot_value_kind_t kind, size_t slot, uint64_t offset) {
    TensorType type = typeOf(value);
    ingot_value_t entry = {};
    entry.kind = kind;
    entry.slot = static_cast<uint32_t>(slot);
    entry.offset = offset;
    entry.bytes = plan.sizes.index(NumElements(type.dims) * Dim(static_cast<int64_t>(ByteSize(type.dtype))));
    uint32_t number = static_cast<uint32_t>(plan.values.size());
    plan.values.push_back(entry);
    numbers[value] = number;
    return number;
  }

  uint32_t constantValue(Value value) {
    if (auto found = numbers.find(value); found != numbers.end()) return found->second;
    WeightItem item;
    if (auto pack = value.getDefiningOp<ir::PackOp>()) {
      auto view = pack.getX().getDefiningOp<ir::ViewOp>();
      Value source = view ? view.getSource() : pack.getX();
      item.packed = true;
      item.matrix = view ? viewOf(view) : StridedView::contiguous(typeOf(source).dims);
      item.constant = source.getDefiningOp<ir::ConstantOp>().getId();
    } else {
      item.constant = value.getDefiningOp<ir::ConstantOp>().getId();
    }
    TensorType type = typeOf(value);
    item.bytes = static_cast<uint64_t>(*NumElements(type.dims).constant()) * ByteSize(type.dtype);
    item.offset = (plan.weightsBytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
    plan.weightsBytes = item.offset + item.bytes;
    plan.weights.push_back(item);
    return addValue(value, INGOT_VALUE_CONSTANT, 0, item.offset);
  }

  int kernelNumber(const std::string &name) {
    auto [entry, isNew] = kernelNumbers.try_emplace(name, static_cast<int>(plan.kernels.size()));
    if (isNew) {
      plan.kernels.push_back(name);
      for (size_t level = 0; level < infos.size(); ++level) {
        const KernelInfo &info = infos[level].at(name);
        uint32_t workspace = info.workspaceBytes.Is(0) ? INGOT_NONE : plan.sizes.index(info.workspaceBytes);
        plan.variants[level].push_back(
            {plan.sizes.index(info.tiles), plan.sizes.index(info.work), workspace, info.origin});
      }
    }
    return entry->second;
  }

  void addStep(ir::DispatchOp dispatch, func::ReturnOp ret) {
    uint32_t number = static_cast<uint32_t>(plan.steps.size());
    PlannedStep step;
    step.kernel = kernelNumber(dispatch.getKernel().str());
    step.name = nodeNames(dispatch.getLoc());
    for (Value operand : dispatch.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      uint32_t value =
          isa_and_nonnull<ir::ConstantOp, ir::PackOp>(producer) ? constantValue(operand) : numbers.at(operand);
      plan.values[value].last_step = number;
      step.operands.push_back(value);
    }
    for (Value result : dispatch.getResults()) {
      int output = -1;
      for (auto [i, operand] : llvm::enumerate(ret.getOperands()))
        if (operand == result) output = static_cast<int>(i);
      uint32_t value =
          output >= 0 ? addValue(result, INGOT_VALUE_OUTPUT, output, 0) : addValue(result, INGOT_VALUE_ARENA, 0, 0);
      plan.values[value].first_step = plan.values[value].last_step = number;
      step.operands.push_back(value);
    }
    plan.steps.push_back(std::move(step));
  }

  const Graph &graph;
  const std::vector<std::map<std::string, KernelInfo>> &infos;
  func::FuncOp main;
  ProgramPlan plan;
  DenseMap<Value, uint32_t> numbers;
  std::map<std::string, int> kernelNumbers;
};

}  // namespace

ProgramPlan planProgram(const Graph &graph, ModuleOp module, SizeTable sizes,
                        const std::vector<std::map<std::string, KernelInfo>> &infos) {
  return Planner(graph, module, std::move(sizes), infos).run();
}

std::string toString(const ProgramPlan &plan) {
  static constexpr const char *kKinds[] = {"input", "output", "constant", "arena", "state", "host"};
  std::string text;
  uint32_t place = 0;
  for (const auto &[name, range] : plan.sizes.symbols())
    absl::StrAppend(&text, "size ", place++, " = ", name, " in [", range.min, ", ", range.max, "]\n");
  for (const Dim &size : plan.sizes.expressions())
    absl::StrAppend(&text, "size ", place++, " = ", size.ToString(), "\n");
  for (const SizeCheck &check : plan.sizes.checks())
    absl::StrAppend(&text, "check size ", check.a, check.kind == SizeFact::Kind::kEqual ? " == " : " <= ", "size ",
                    check.b, "  ", check.node, ": ", check.what, "\n");
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const ingot_value_t &value = plan.values[i];
    absl::StrAppend(&text, "value ", i, " ", kKinds[value.kind], " bytes=size ", value.bytes, " steps ",
                    value.first_step, "..", value.last_step, " offset ", value.offset, "\n");
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlannedStep &step = plan.steps[i];
    absl::StrAppend(&text, "step ", i, " ", plan.kernels[step.kernel], " tiles=size ",
                    plan.variants[0][step.kernel].tiles, " (");
    for (size_t j = 0; j < step.operands.size(); ++j) absl::StrAppend(&text, j ? ", " : "", step.operands[j]);
    absl::StrAppend(&text, ")  ", step.name, "\n");
  }
  return text;
}

}  // namespace ingot::compiler
