#include "compiler/emit/program_plan.h"

#include "absl/strings/str_cat.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class Planner {
 public:
  Planner(const Graph &graph, ModuleOp module, SizeTable sizes,
          const std::vector<std::map<std::string, KernelInfo>> &infos)
      : graph(graph), infos(infos), module(module) {
    main = module.lookupSymbol<func::FuncOp>("main");
    plan.sizes = std::move(sizes);
  }

  ProgramPlan run() {
    plan.variants.resize(infos.size());
    Block &body = main.getBody().front();
    for (auto [number, argument] : llvm::enumerate(body.getArguments().take_front(graph.inputs.size()))) {
      const ingot::Value &value = graph.value(graph.inputs[number]);
      plan.inputs.push_back(makeIo(value.name, addValue(argument, INGOT_VALUE_INPUT, number, 0), value.type));
    }
    for (auto [number, argument] : llvm::enumerate(body.getArguments().drop_front(graph.inputs.size())))
      addState(number, argument);
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    OperandRange results = ret.getOperands().take_front(graph.outputs.size());
    for (auto [number, operand] : llvm::enumerate(results))
      // What is as large as data says is made in the arena: the caller cannot have a buffer for it.
      if (llvm::all_of(typeOf(operand).dims, [&](const Dim &dim) { return plan.sizes.stageOf(dim) == 0; }))
        outputs[operand] = static_cast<int>(number);
    addSteps(body);
    SmallVector<std::pair<uint32_t, uint32_t>> copies;
    for (auto [state, operand] : llvm::zip_equal(plan.states, ret.getOperands().drop_front(graph.outputs.size())))
      if (uint32_t from = numberOf(operand); from != state.io.value) copies.push_back({from, state.io.value});
    addCopies(std::move(copies), [&](uint32_t to) { return plan.states[plan.values[to].slot].io.name; });
    for (auto [number, operand] : llvm::enumerate(results)) {
      ingot_value_t &value = plan.values[numbers.at(operand)];
      if (value.kind == INGOT_VALUE_ARENA) value.last_step = nextStep() - 1;
      plan.outputs.push_back(
          makeIo(graph.outputs[number].name, numbers.at(operand), graph.type(graph.outputs[number].value)));
    }
    return std::move(plan);
  }

 private:
  PlannedIo makeIo(const std::string &name, uint32_t value, const TensorType &type) {
    PlannedIo io{name, value, type, {}};
    for (const Dim &dim : type.dims) io.dims.push_back(plan.sizes.index(dim));
    return io;
  }

  // A state, with what it begins as in the weights. Nothing but the value that takes its place shares its memory.
  void addState(size_t number, Value argument) {
    const GraphState &state = graph.states[number];
    uint32_t value = addValue(argument, INGOT_VALUE_STATE, number, 0);
    plan.values[value].first_step = INGOT_NONE;
    owned.insert(argument);
    PlannedState planned{makeIo(graph.value(state.input).name, value, graph.type(state.input)), INGOT_NONE, false};
    if (const Tensor *initial = graph.constant(state.initial)) {
      WeightItem item;
      item.constant = graph.value(state.initial).constant;
      item.bytes = initial->bytes();
      planned.initial = addWeights(std::move(item));
      planned.fills = initial->size() == 1;
    }
    plan.states.push_back(std::move(planned));
  }

  // Returns the item's offset.
  uint64_t addWeights(WeightItem item) {
    item.offset = (plan.weightsBytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
    plan.weightsBytes = item.offset + item.bytes;
    plan.weights.push_back(std::move(item));
    return plan.weights.back().offset;
  }

  uint32_t addValue(Value value, ingot_value_kind_t kind, size_t slot, uint64_t offset) {
    TensorType type = typeOf(value);
    ingot_value_t entry = {};
    entry.kind = kind;
    entry.slot = static_cast<uint32_t>(slot);
    entry.offset = offset;
    Dim bytes = storageBytes(type.dtype, NumElements(type.dims));
    // A function's sizes mean nothing until its checks have held.
    entry.bytes = plan.sizes.index(depth > 0 ? Dim::Max(0, bytes) : bytes);
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
      item.panelWidth = *typeOf(value).dims.back().constant();
      item.matrix = view ? viewOf(view) : StridedView::contiguous(typeOf(source).dims);
      item.constant = source.getDefiningOp<ir::ConstantOp>().getId();
    } else {
      item.constant = value.getDefiningOp<ir::ConstantOp>().getId();
    }
    TensorType type = typeOf(value);
    item.bytes = static_cast<uint64_t>(*storageBytes(type.dtype, NumElements(type.dims)).constant());
    return addValue(value, INGOT_VALUE_CONSTANT, 0, addWeights(std::move(item)));
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

  uint32_t nextStep() const { return static_cast<uint32_t>(plan.steps.size()); }

  // The number of a value that a step reads: constants get theirs at their first use.
  uint32_t numberOf(Value value) {
    Operation *producer = value.getDefiningOp();
    return isa_and_nonnull<ir::ConstantOp, ir::PackOp>(producer) ? constantValue(value) : numbers.at(value);
  }

  void madeHere(uint32_t value) {
    if (plan.values[value].first_step == INGOT_NONE) plan.values[value].first_step = nextStep();
  }

  // What the next step makes: an output of the program, what a block was told to write, or a value in the arena.
  uint32_t resultValue(Value result) {
    if (auto found = targets.find(result); found != targets.end()) {
      madeHere(found->second);
      return numbers[result] = found->second;
    }
    owned.insert(result);
    auto output = outputs.find(result);
    uint32_t value = output != outputs.end() ? addValue(result, INGOT_VALUE_OUTPUT, output->second, 0)
                                             : addValue(result, INGOT_VALUE_ARENA, 0, 0);
    plan.values[value].first_step = plan.values[value].last_step = nextStep();
    return value;
  }

  // Ends a step whose operands are complete.
  void push(PlannedStep step) {
    for (uint32_t value : step.operands)
      plan.values[value].last_step = std::max(plan.values[value].last_step, nextStep());
    plan.steps.push_back(std::move(step));
  }

  void addSteps(Block &body) {
    for (Operation &op : body) {
      if (auto dispatch = dyn_cast<ir::DispatchOp>(op)) {
        addKernel(dispatch);
      } else if (auto call = dyn_cast<ir::CallOp>(op)) {
        SmallVector<uint32_t> arguments = numbersOf(call.getInputs()), results;
        for (Value result : call.getResults()) {
          results.push_back(resultValue(result));
          if (!targets.contains(result))
            plan.values[results.back()].first_step = INGOT_NONE;  // by a step of the function
        }
        addFunction(call.getFunction(), arguments, results, /*direct=*/true);
      } else if (auto branch = dyn_cast<ir::IfOp>(op)) {
        addIf(branch);
      } else if (auto loop = dyn_cast<ir::WhileOp>(op)) {
        addWhile(loop);
      } else if (auto bind = dyn_cast<ir::BindSizesOp>(op)) {
        addBind(bind);
      }
    }
  }

  void addKernel(ir::DispatchOp dispatch) {
    PlannedStep step{kernelNumber(dispatch.getKernel().str()), {}, nodeNames(dispatch.getLoc())};
    for (Value operand : dispatch.getOperands()) step.operands.push_back(numberOf(operand));
    auto kernel = module.lookupSymbol<func::FuncOp>(dispatch.getKernel());
    if (kernel->getAttrOfType<StringAttr>("ingot.kind").getValue() == name(RegionKind::Update))
      step.operands.push_back(updatedValue(dispatch, kernel, step.name));
    else
      for (Value result : dispatch.getResults()) step.operands.push_back(resultValue(result));
    push(std::move(step));
  }

  // Where an update writes: into its operand where nobody else reads that, else into a copy.
  uint32_t updatedValue(ir::DispatchOp dispatch, func::FuncOp kernel, const std::string &name) {
    auto op = *kernel.getBody().front().getOps<ir::DynamicUpdateOp>().begin();
    auto argument = cast<BlockArgument>(op.getX());
    Value x = dispatch.getOperands()[argument.getArgNumber()], result = dispatch.getResult(0);
    bool alone = argument.hasOneUse() && x.hasOneUse() && owned.contains(x);
    if (alone && !outputs.contains(result) && !targets.contains(result)) {
      owned.insert(result);
      madeHere(numberOf(x));  // a state is first written here
      return numbers[result] = numberOf(x);
    }
    uint32_t from = numberOf(x), to = resultValue(result);
    addCopy(from, to, name);
    return to;
  }

  SmallVector<uint32_t> numbersOf(ValueRange values) {
    SmallVector<uint32_t> list;
    for (Value value : values) list.push_back(numberOf(value));
    return list;
  }

  func::FuncOp lookup(StringRef function) { return module.lookupSymbol<func::FuncOp>(functionSymbol(function)); }

  void addCopy(uint32_t from, uint32_t to, const std::string &name) {
    madeHere(to);
    push({-1, {from, to}, name, INGOT_STEP_COPY});
  }

  // Steps of a function: its inputs are `arguments`, its outputs end up in `results`. `direct`: nothing reads `results`
  // meanwhile, so that kernels may write there.
  void addFunction(StringRef name, ArrayRef<uint32_t> arguments, ArrayRef<uint32_t> results, bool direct) {
    Block &body = lookup(name).getBody().front();
    Operation *ret = body.getTerminator();
    for (auto [argument, number] : llvm::zip_equal(body.getArguments(), arguments)) {
      numbers[argument] = number;
      // A loop's values are its own, but for those that stay; other arguments may be anybody's.
      if (direct || ret->getOperand(argument.getArgNumber()) == argument)
        owned.erase(argument);
      else
        owned.insert(argument);
    }
    auto [firstCheck, endCheck] = plan.sizes.checksOf(name.str());
    if (firstCheck != endCheck) push({-1, {}, name.str(), INGOT_STEP_CHECK, firstCheck, endCheck});
    for (auto [value, number] : llvm::zip_equal(ret->getOperands(), results)) {
      Operation *producer = value.getDefiningOp();
      if (direct && producer && !isa<ir::ConstantOp, ir::PackOp>(producer)) targets.try_emplace(value, number);
    }
    ++depth;
    addSteps(body);
    --depth;
    SmallVector<std::pair<uint32_t, uint32_t>> copies;
    for (auto [value, number] : llvm::zip_equal(ret->getOperands(), results)) {
      targets.erase(value);
      if (uint32_t from = numberOf(value); from != number) copies.push_back({from, number});
    }
    addCopies(std::move(copies), [&](uint32_t) { return name.str(); });
  }

  // Copies (from, to), as if all at once. `nameOf(to)`: of the step.
  void addCopies(SmallVector<std::pair<uint32_t, uint32_t>> copies,
                 llvm::function_ref<std::string(uint32_t to)> nameOf) {
    // What another copy overwrites goes aside first.
    for (auto &[from, to] : copies) {
      if (llvm::none_of(copies, [from = from](auto &copy) { return copy.second == from; })) continue;
      ingot_value_t aside = plan.values[from];
      aside.kind = INGOT_VALUE_ARENA;
      aside.first_step = aside.last_step = nextStep();
      uint32_t number = static_cast<uint32_t>(plan.values.size());
      plan.values.push_back(aside);
      addCopy(from, number, nameOf(to));
      from = number;
    }
    for (auto [from, to] : copies) addCopy(from, to, nameOf(to));
  }

  // The result is the operand.
  void addBind(ir::BindSizesOp op) {
    uint32_t from = numbers[op.getResult()] = numberOf(op.getX()),
             stage = plan.sizes.stageOfSymbol(*op.getSizes().front().symbol());
    push({-1, {from}, nodeNames(op.getLoc()), INGOT_STEP_BIND, stage, 0});
  }

  void addIf(ir::IfOp op) {
    SmallVector<uint32_t> arguments = numbersOf(op.getInputs()), results;
    for (Value result : op.getResults()) results.push_back(resultValue(result));
    uint32_t at = nextStep();
    push({-1, {numberOf(op.getCondition())}, nodeNames(op.getLoc()), INGOT_STEP_IF});
    addFunction(op.getThenFunction(), arguments, results, /*direct=*/true);
    plan.steps[at].split = nextStep();
    addFunction(op.getElseFunction(), arguments, results, /*direct=*/true);
    plan.steps[at].end = nextStep();
  }

  // What every turn hands on unchanged is read where it is; the rest lives in buffers of the loop's, the results'.
  void addWhile(ir::WhileOp op) {
    std::string name = nodeNames(op.getLoc());
    Block &body = lookup(op.getBody()).getBody().front();
    SmallVector<uint32_t> carried;
    for (auto [i, initial] : llvm::enumerate(op.getInputs())) {
      Value result = op.getResult(i);
      bool stays = body.getTerminator()->getOperand(i) == body.getArgument(i);
      if (stays && !outputs.contains(result) && !targets.contains(result)) {
        carried.push_back(numbers[result] = numberOf(initial));
        continue;
      }
      uint32_t from = numberOf(initial);
      carried.push_back(resultValue(result));
      addCopy(from, carried.back(), name);
    }
    uint32_t at = nextStep(), holds = static_cast<uint32_t>(plan.values.size());
    plan.values.push_back({INGOT_VALUE_ARENA, 0, 0, plan.sizes.index(1), at, at, 0});
    push({-1, {holds}, name, INGOT_STEP_WHILE});
    addFunction(op.getCondition(), carried, {holds}, /*direct=*/true);
    plan.steps[at].split = nextStep();
    addFunction(op.getBody(), carried, carried, /*direct=*/false);
    uint32_t end = plan.steps[at].end = nextStep();
    // The next turn reads what this one has read.
    for (ingot_value_t &value : plan.values)
      if (value.first_step <= at && value.last_step >= at && end > 0)
        value.last_step = std::max(value.last_step, end - 1);
  }

  const Graph &graph;
  const std::vector<std::map<std::string, KernelInfo>> &infos;
  func::FuncOp main;
  ModuleOp module;
  ProgramPlan plan;
  int depth = 0;  // of functions around the next step
  DenseMap<Value, uint32_t> numbers;
  DenseMap<Value, int> outputs;       // of the program, by their number
  DenseMap<Value, uint32_t> targets;  // where a block's results go
  llvm::DenseSet<Value> owned;        // whose memory no other value shares
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
    static constexpr const char *kSteps[] = {"kernel", "copy", "call", "if", "while", "host", "bind", "check"};
    absl::StrAppend(&text, "step ", i, " ");
    if (step.kind == INGOT_STEP_KERNEL)
      absl::StrAppend(&text, plan.kernels[step.kernel], " tiles=size ", plan.variants[0][step.kernel].tiles);
    else
      absl::StrAppend(&text, kSteps[step.kind]);
    if (step.kind > INGOT_STEP_COPY) absl::StrAppend(&text, " [", step.split, ", ", step.end, ")");
    text += " (";
    for (size_t j = 0; j < step.operands.size(); ++j) absl::StrAppend(&text, j ? ", " : "", step.operands[j]);
    absl::StrAppend(&text, ")  ", step.name, "\n");
  }
  return text;
}

}  // namespace ingot::compiler
