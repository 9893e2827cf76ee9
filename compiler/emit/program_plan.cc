#include "compiler/emit/program_plan.h"

#include "absl/strings/str_cat.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class ProgramPlanner {
 public:
  ProgramPlanner(const Graph &graph, ModuleOp module, SizeTable sizes, const std::vector<KernelInfos> &infos,
                 const std::vector<KernelInfos> &device_infos)
      : graph_(graph), infos_(infos), device_infos_(device_infos), module_(module) {
    main_ = module.lookupSymbol<func::FuncOp>("main");
    plan_.sizes = std::move(sizes);
  }

  ProgramPlan Run() {
    plan_.variants.resize(infos_.size());
    plan_.device_variants.resize(device_infos_.size());
    Block &body = main_.getBody().front();
    for (auto [number, argument] : llvm::enumerate(body.getArguments().take_front(graph_.inputs.size()))) {
      const ingot::Value &value = graph_.value(graph_.inputs[number]);
      plan_.inputs.push_back(MakeIo(value.name, AddValue(argument, INGOT_VALUE_INPUT, number, 0), value.type));
    }
    for (auto [number, argument] : llvm::enumerate(body.getArguments().drop_front(graph_.inputs.size())))
      AddState(number, argument);
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    OperandRange results = ret.getOperands().take_front(graph_.outputs.size());
    for (auto [number, operand] : llvm::enumerate(results))
      // What is as large as data says is made in the arena: the caller cannot have a buffer for it.
      if (llvm::all_of(TypeOf(operand).dims, [&](const Dim &dim) { return plan_.sizes.StageOf(dim) == 0; }))
        outputs_[operand] = static_cast<int>(number);
    AddSteps(body);
    SmallVector<std::pair<uint32_t, uint32_t>> copies;
    for (auto [state, operand] : llvm::zip_equal(plan_.states, ret.getOperands().drop_front(graph_.outputs.size())))
      if (uint32_t from = NumberOf(operand); from != state.io.value) copies.push_back({from, state.io.value});
    AddCopies(std::move(copies), [&](uint32_t to) { return plan_.states[plan_.values[to].slot].io.name; });
    for (auto [number, operand] : llvm::enumerate(results)) {
      ingot_value_t &value = plan_.values[numbers_.at(operand)];
      if (value.kind == INGOT_VALUE_ARENA) value.last_step = NextStep() - 1;
      plan_.outputs.push_back(
          MakeIo(graph_.outputs[number].name, numbers_.at(operand), graph_.type(graph_.outputs[number].value)));
    }
    return std::move(plan_);
  }

 private:
  PlannedIo MakeIo(const std::string &name, uint32_t value, const TensorType &type) {
    PlannedIo io{name, value, type, {}};
    for (const Dim &dim : type.dims) io.dims.push_back(plan_.sizes.Index(dim));
    return io;
  }

  // A state, with what it begins as in the weights. Nothing but the value that takes its place shares its memory.
  void AddState(size_t number, Value argument) {
    const GraphState &state = graph_.states[number];
    uint32_t value = AddValue(argument, INGOT_VALUE_STATE, number, 0);
    plan_.values[value].first_step = INGOT_NONE;
    owned_.insert(argument);
    PlannedState planned{MakeIo(graph_.value(state.input).name, value, graph_.type(state.input)), INGOT_NONE, false};
    if (const Tensor *initial = graph_.constant(state.initial)) {
      WeightItem item;
      item.constant = graph_.value(state.initial).constant;
      item.bytes = initial->bytes();
      planned.initial = AddWeights(std::move(item));
      planned.fills = initial->size() == 1;
    }
    plan_.states.push_back(std::move(planned));
  }

  // Returns the item's offset.
  uint64_t AddWeights(WeightItem item) {
    item.offset = (plan_.weights_bytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
    plan_.weights_bytes = item.offset + item.bytes;
    plan_.weights.push_back(std::move(item));
    return plan_.weights.back().offset;
  }

  uint32_t AddValue(Value value, ingot_value_kind_t kind, size_t slot, uint64_t offset) {
    TensorType type = TypeOf(value);
    ingot_value_t entry = {};
    entry.kind = kind;
    entry.slot = static_cast<uint32_t>(slot);
    entry.offset = offset;
    Dim bytes = StorageSize(type.dtype, NumElements(type.dims));
    // A function's sizes mean nothing until its checks have held.
    entry.bytes = plan_.sizes.Index(depth_ > 0 ? Dim::Max(0, bytes) : bytes);
    uint32_t number = static_cast<uint32_t>(plan_.values.size());
    plan_.values.push_back(entry);
    numbers_[value] = number;
    return number;
  }

  uint32_t ConstantValue(Value value) {
    if (auto found = numbers_.find(value); found != numbers_.end()) return found->second;
    WeightItem item;
    if (auto pack = value.getDefiningOp<ir::PackOp>()) {
      auto view = pack.getX().getDefiningOp<ir::ViewOp>();
      Value source = view ? view.getSource() : pack.getX();
      item.panel_width = *TypeOf(value).dims.back().constant();
      item.matrix = view ? ViewOf(view) : StridedView::Contiguous(TypeOf(source).dims);
      item.constant = source.getDefiningOp<ir::ConstantOp>().getId();
    } else {
      item.constant = value.getDefiningOp<ir::ConstantOp>().getId();
    }
    TensorType type = TypeOf(value);
    item.bytes = static_cast<uint64_t>(*StorageSize(type.dtype, NumElements(type.dims)).constant());
    return AddValue(value, INGOT_VALUE_CONSTANT, 0, AddWeights(std::move(item)));
  }

  int KernelNumber(const std::string &name) {
    auto [entry, is_new] = kernel_numbers_.try_emplace(name, static_cast<int>(plan_.kernels.size()));
    if (is_new) {
      plan_.kernels.push_back(name);
      for (size_t level = 0; level < infos_.size(); ++level) {
        const KernelInfo &info = infos_[level].at(name);
        uint32_t workspace = info.workspace_bytes.Is(0) ? INGOT_NONE : plan_.sizes.Index(info.workspace_bytes);
        plan_.variants[level].push_back(
            {plan_.sizes.Index(info.tiles), plan_.sizes.Index(info.work), workspace, info.origin});
      }
      for (size_t target = 0; target < device_infos_.size(); ++target) {
        const KernelInfo &info = device_infos_[target].at(name);
        uint32_t workspace = info.workspace_bytes.Is(0) ? INGOT_NONE : plan_.sizes.Index(info.workspace_bytes);
        plan_.device_variants[target].push_back({plan_.sizes.Index(info.tiles), workspace, *info.launch});
      }
    }
    return entry->second;
  }

  uint32_t NextStep() const { return static_cast<uint32_t>(plan_.steps.size()); }

  // The number of a value that a step reads: constants get theirs at their first use.
  uint32_t NumberOf(Value value) {
    Operation *producer = value.getDefiningOp();
    return isa_and_nonnull<ir::ConstantOp, ir::PackOp>(producer) ? ConstantValue(value) : numbers_.at(value);
  }

  void MadeHere(uint32_t value) {
    if (plan_.values[value].first_step == INGOT_NONE) plan_.values[value].first_step = NextStep();
  }

  // What the next step makes: an output of the program, what a block was told to write, or a value in the arena.
  uint32_t ResultValue(Value result) {
    if (auto found = targets_.find(result); found != targets_.end()) {
      MadeHere(found->second);
      return numbers_[result] = found->second;
    }
    owned_.insert(result);
    auto output = outputs_.find(result);
    uint32_t value = output != outputs_.end() ? AddValue(result, INGOT_VALUE_OUTPUT, output->second, 0)
                                              : AddValue(result, INGOT_VALUE_ARENA, 0, 0);
    plan_.values[value].first_step = plan_.values[value].last_step = NextStep();
    return value;
  }

  // Ends a step whose operands are complete.
  void Push(PlannedStep step) {
    for (uint32_t value : step.operands)
      plan_.values[value].last_step = std::max(plan_.values[value].last_step, NextStep());
    plan_.steps.push_back(std::move(step));
  }

  void AddSteps(Block &body) {
    for (Operation &op : body) {
      if (auto dispatch = dyn_cast<ir::DispatchOp>(op)) {
        AddKernel(dispatch);
      } else if (auto call = dyn_cast<ir::CallOp>(op)) {
        SmallVector<uint32_t> arguments = NumbersOf(call.getInputs()), results;
        for (Value result : call.getResults()) {
          results.push_back(ResultValue(result));
          if (!targets_.contains(result))
            plan_.values[results.back()].first_step = INGOT_NONE;  // by a step of the function
        }
        AddFunction(call.getFunction(), arguments, results, /*direct=*/true);
      } else if (auto branch = dyn_cast<ir::IfOp>(op)) {
        AddIf(branch, {-1, {NumberOf(branch.getCondition())}, NodeNames(op.getLoc()), INGOT_STEP_IF});
      } else if (auto branch = dyn_cast<ir::IfSizeOp>(op)) {
        int condition = static_cast<int>(plan_.sizes.Index(branch.getCondition().front()));
        AddIf(branch, {condition, {}, NodeNames(op.getLoc()), INGOT_STEP_IF_SIZE});
      } else if (auto loop = dyn_cast<ir::WhileOp>(op)) {
        AddWhile(loop);
      } else if (auto bind = dyn_cast<ir::BindSizesOp>(op)) {
        AddBind(bind);
      }
    }
  }

  void AddKernel(ir::DispatchOp dispatch) {
    PlannedStep step{KernelNumber(dispatch.getKernel().str()), {}, NodeNames(dispatch.getLoc())};
    for (Value operand : dispatch.getOperands()) step.operands.push_back(NumberOf(operand));
    auto kernel = module_.lookupSymbol<func::FuncOp>(dispatch.getKernel());
    if (kernel->getAttrOfType<StringAttr>("ingot.kind").getValue() == Name(RegionKind::Update))
      step.operands.push_back(UpdatedValue(dispatch, kernel, step.name));
    else
      for (Value result : dispatch.getResults()) step.operands.push_back(ResultValue(result));
    Push(std::move(step));
  }

  // Where an update writes: into its operand where nobody else reads that, else into a copy.
  uint32_t UpdatedValue(ir::DispatchOp dispatch, func::FuncOp kernel, const std::string &name) {
    auto op = *kernel.getBody().front().getOps<ir::DynamicUpdateOp>().begin();
    auto argument = cast<BlockArgument>(op.getX());
    Value x = dispatch.getOperands()[argument.getArgNumber()], result = dispatch.getResult(0);
    bool alone = argument.hasOneUse() && x.hasOneUse() && owned_.contains(x);
    if (alone && !outputs_.contains(result) && !targets_.contains(result)) {
      owned_.insert(result);
      MadeHere(NumberOf(x));  // a state is first written here
      return numbers_[result] = NumberOf(x);
    }
    uint32_t from = NumberOf(x), to = ResultValue(result);
    AddCopy(from, to, name);
    return to;
  }

  SmallVector<uint32_t> NumbersOf(ValueRange values) {
    SmallVector<uint32_t> list;
    for (Value value : values) list.push_back(NumberOf(value));
    return list;
  }

  func::FuncOp lookup(StringRef function) { return module_.lookupSymbol<func::FuncOp>(FunctionSymbol(function)); }

  void AddCopy(uint32_t from, uint32_t to, const std::string &name) {
    MadeHere(to);
    Push({-1, {from, to}, name, INGOT_STEP_COPY});
  }

  // Steps of a function: its inputs are `arguments`, its outputs end up in `results`. `direct`: nothing reads `results`
  // meanwhile, so that kernels may write there.
  void AddFunction(StringRef name, ArrayRef<uint32_t> arguments, ArrayRef<uint32_t> results, bool direct) {
    Block &body = lookup(name).getBody().front();
    Operation *ret = body.getTerminator();
    for (auto [argument, number] : llvm::zip_equal(body.getArguments(), arguments)) {
      numbers_[argument] = number;
      // A loop's values are its own, but for those that stay; other arguments may be anybody's.
      if (direct || ret->getOperand(argument.getArgNumber()) == argument)
        owned_.erase(argument);
      else
        owned_.insert(argument);
    }
    auto [first_check, end_check] = plan_.sizes.ChecksOf(name.str());
    if (first_check != end_check) Push({-1, {}, name.str(), INGOT_STEP_CHECK, first_check, end_check});
    for (auto [value, number] : llvm::zip_equal(ret->getOperands(), results)) {
      Operation *producer = value.getDefiningOp();
      if (direct && producer && !isa<ir::ConstantOp, ir::PackOp>(producer)) targets_.try_emplace(value, number);
    }
    ++depth_;
    AddSteps(body);
    --depth_;
    SmallVector<std::pair<uint32_t, uint32_t>> copies;
    for (auto [value, number] : llvm::zip_equal(ret->getOperands(), results)) {
      targets_.erase(value);
      if (uint32_t from = NumberOf(value); from != number) copies.push_back({from, number});
    }
    AddCopies(std::move(copies), [&](uint32_t) { return name.str(); });
  }

  // Copies (from, to), as if all at once. `name_of(to)`: of the step.
  void AddCopies(SmallVector<std::pair<uint32_t, uint32_t>> copies,
                 llvm::function_ref<std::string(uint32_t to)> name_of) {
    // What another copy overwrites goes aside first.
    for (auto &[from, to] : copies) {
      if (llvm::none_of(copies, [from = from](auto &copy) { return copy.second == from; })) continue;
      ingot_value_t aside = plan_.values[from];
      aside.kind = INGOT_VALUE_ARENA;
      aside.first_step = aside.last_step = NextStep();
      uint32_t number = static_cast<uint32_t>(plan_.values.size());
      plan_.values.push_back(aside);
      AddCopy(from, number, name_of(to));
      from = number;
    }
    for (auto [from, to] : copies) AddCopy(from, to, name_of(to));
  }

  // The result is the operand.
  void AddBind(ir::BindSizesOp op) {
    uint32_t from = numbers_[op.getResult()] = NumberOf(op.getX()),
             stage = plan_.sizes.StageOfSymbol(*op.getSizes().front().symbol());
    Push({-1, {from}, NodeNames(op.getLoc()), INGOT_STEP_BIND, stage, 0});
  }

  template <typename If>
  void AddIf(If op, PlannedStep step) {
    SmallVector<uint32_t> arguments = NumbersOf(op.getInputs()), results;
    for (Value result : op.getResults()) results.push_back(ResultValue(result));
    uint32_t at = NextStep();
    Push(std::move(step));
    AddFunction(op.getThenFunction(), arguments, results, /*direct=*/true);
    plan_.steps[at].split = NextStep();
    AddFunction(op.getElseFunction(), arguments, results, /*direct=*/true);
    plan_.steps[at].end = NextStep();
  }

  // What every turn hands on unchanged is read where it is; the rest lives in buffers of the loop's, the results'.
  void AddWhile(ir::WhileOp op) {
    std::string name = NodeNames(op.getLoc());
    Block &body = lookup(op.getBody()).getBody().front();
    SmallVector<uint32_t> carried;
    for (auto [i, initial] : llvm::enumerate(op.getInputs())) {
      Value result = op.getResult(i);
      bool stays = body.getTerminator()->getOperand(i) == body.getArgument(i);
      if (stays && !outputs_.contains(result) && !targets_.contains(result)) {
        carried.push_back(numbers_[result] = NumberOf(initial));
        continue;
      }
      uint32_t from = NumberOf(initial);
      carried.push_back(ResultValue(result));
      AddCopy(from, carried.back(), name);
    }
    uint32_t at = NextStep(), holds = static_cast<uint32_t>(plan_.values.size());
    plan_.values.push_back({INGOT_VALUE_ARENA, 0, 0, plan_.sizes.Index(1), at, at, 0});
    Push({-1, {holds}, name, INGOT_STEP_WHILE});
    AddFunction(op.getCondition(), carried, {holds}, /*direct=*/true);
    plan_.steps[at].split = NextStep();
    AddFunction(op.getBody(), carried, carried, /*direct=*/false);
    uint32_t end = plan_.steps[at].end = NextStep();
    // The next turn reads what this one has read.
    for (ingot_value_t &value : plan_.values)
      if (value.first_step <= at && value.last_step >= at && end > 0)
        value.last_step = std::max(value.last_step, end - 1);
  }

  const Graph &graph_;
  const std::vector<KernelInfos> &infos_, &device_infos_;
  func::FuncOp main_;
  ModuleOp module_;
  ProgramPlan plan_;
  int depth_ = 0;  // of functions around the next step
  DenseMap<Value, uint32_t> numbers_;
  DenseMap<Value, int> outputs_;       // of the program, by their number
  DenseMap<Value, uint32_t> targets_;  // where a block's results go
  llvm::DenseSet<Value> owned_;        // whose memory no other value shares
  std::map<std::string, int> kernel_numbers_;
};

}  // namespace

ProgramPlan PlanProgram(const Graph &graph, ModuleOp module, SizeTable sizes, const std::vector<KernelInfos> &infos,
                        const std::vector<KernelInfos> &device_infos) {
  return ProgramPlanner(graph, module, std::move(sizes), infos, device_infos).Run();
}

std::string ToString(const ProgramPlan &plan) {
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
    static constexpr const char *kSteps[] = {"kernel", "copy", "call",  "if",     "while",
                                             "host",   "bind", "check", "if size"};
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
