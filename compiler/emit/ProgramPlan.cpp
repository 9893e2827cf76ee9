#include "compiler/emit/ProgramPlan.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ingot::compiler {

std::map<std::string, int> symbolPlaces(const Graph &graph) {
  std::map<std::string, int> places;
  for (const auto &[name, range] : graph.symbols)
    places.emplace(name, static_cast<int>(places.size()));
  return places;
}

uint32_t ProgramPlan::sizeIndex(const Dim &dim) {
  if (auto symbol = dim.symbol())
    return static_cast<uint32_t>(symbolIndex.at(*symbol));
  auto [entry, isNew] = sizeNumbers.try_emplace(dim.ToString(), static_cast<uint32_t>(symbols.size() + sizes.size()));
  if (isNew)
    sizes.push_back(dim);
  return entry->second;
}

namespace {

class Planner {
public:
  Planner(const Graph &graph, ModuleOp module, const std::vector<std::map<std::string, KernelInfo>> &infos) : graph(graph), infos(infos) {
    main = module.lookupSymbol<func::FuncOp>("main");
  }

  ProgramPlan run() {
    for (const auto &[name, range] : graph.symbols)
      plan.symbols.push_back({name, range});
    plan.symbolIndex = symbolPlaces(graph);
    plan.workspaces.resize(infos.size());
    Block &body = main.getBody().front();
    for (auto [number, argument] : llvm::enumerate(body.getArguments())) {
      const ingot::Value &value = graph.value(graph.inputs[number]);
      plan.inputs.push_back(makeIo(value.name, addValue(argument, INGOT_VALUE_INPUT, number, 0), value.type));
    }
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    for (Operation &op : body)
      if (auto dispatch = dyn_cast<ir::DispatchOp>(op))
        addStep(dispatch, ret);
    for (auto [number, operand] : llvm::enumerate(ret.getOperands()))
      plan.outputs.push_back(makeIo(graph.outputs[number].name, numbers.at(operand), graph.type(graph.outputs[number].value)));
    return std::move(plan);
  }

private:
  PlannedIo makeIo(const std::string &name, uint32_t value, const TensorType &type) {
    PlannedIo io{name, value, type, {}};
    for (const Dim &dim : type.dims)
      io.dims.push_back(plan.sizeIndex(dim));
    return io;
  }

  uint32_t addValue(Value value, ingot_value_kind_t kind, size_t slot, uint64_t offset) {
    TensorType type = typeOf(value);
    ingot_value_t entry = {};
    entry.kind = kind;
    entry.slot = static_cast<uint32_t>(slot);
    entry.offset = offset;
    entry.bytes = plan.sizeIndex(NumElements(type.dims) * Dim(static_cast<int64_t>(ByteSize(type.dtype))));
    uint32_t number = static_cast<uint32_t>(plan.values.size());
    plan.values.push_back(entry);
    numbers[value] = number;
    return number;
  }

  uint32_t constantValue(Value value) {
    if (auto found = numbers.find(value); found != numbers.end())
      return found->second;
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
      plan.kernelInfo.push_back(infos[0].at(name));
      for (size_t level = 0; level < infos.size(); ++level) {
        const Dim &bytes = infos[level].at(name).workspaceBytes;
        plan.workspaces[level].push_back(bytes.Is(0) ? INGOT_NONE : plan.sizeIndex(bytes));
      }
    }
    return entry->second;
  }

  void addStep(ir::DispatchOp dispatch, func::ReturnOp ret) {
    uint32_t number = static_cast<uint32_t>(plan.steps.size());
    PlannedStep step;
    step.kernel = kernelNumber(dispatch.getKernel().str());
    const KernelInfo &info = plan.kernelInfo[step.kernel];
    step.tiles = plan.sizeIndex(info.tiles);
    step.work = plan.sizeIndex(info.work);
    step.name = nodeNames(dispatch.getLoc());
    for (Value operand : dispatch.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      uint32_t value = isa_and_nonnull<ir::ConstantOp, ir::PackOp>(producer) ? constantValue(operand) : numbers.at(operand);
      plan.values[value].last_step = number;
      step.operands.push_back(value);
    }
    for (Value result : dispatch.getResults()) {
      int output = -1;
      for (auto [i, operand] : llvm::enumerate(ret.getOperands()))
        if (operand == result)
          output = static_cast<int>(i);
      uint32_t value = output >= 0 ? addValue(result, INGOT_VALUE_OUTPUT, output, 0) : addValue(result, INGOT_VALUE_ARENA, 0, 0);
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

} // namespace

ProgramPlan planProgram(const Graph &graph, ModuleOp module, const std::vector<std::map<std::string, KernelInfo>> &infos) { return Planner(graph, module, infos).run(); }

std::string toString(const ProgramPlan &plan) {
  static constexpr const char *kKinds[] = {"input", "output", "constant", "arena", "state", "host"};
  std::string text;
  for (size_t i = 0; i < plan.symbols.size(); ++i)
    absl::StrAppend(&text, "size ", i, " = ", plan.symbols[i].first, " in [", plan.symbols[i].second.min, ", ", plan.symbols[i].second.max, "]\n");
  for (size_t i = 0; i < plan.sizes.size(); ++i)
    absl::StrAppend(&text, "size ", plan.symbols.size() + i, " = ", plan.sizes[i].ToString(), "\n");
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const ingot_value_t &value = plan.values[i];
    absl::StrAppend(&text, "value ", i, " ", kKinds[value.kind], " bytes=size ", value.bytes, " steps ", value.first_step, "..", value.last_step, " offset ", value.offset, "\n");
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlannedStep &step = plan.steps[i];
    absl::StrAppend(&text, "step ", i, " ", plan.kernels[step.kernel], " tiles=size ", step.tiles, " (");
    for (size_t j = 0; j < step.operands.size(); ++j)
      absl::StrAppend(&text, j ? ", " : "", step.operands[j]);
    absl::StrAppend(&text, ")  ", step.name, "\n");
  }
  return text;
}

} // namespace ingot::compiler
