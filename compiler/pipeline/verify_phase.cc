#include "compiler/pipeline/verify_phase.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/device.h"
#include "compiler/fusion/region_planner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// Reports `op` and goes on: all of what is wrong is worth seeing.
class Check {
 public:
  explicit Check(StringRef phase) : phase_(phase) {}
  void Fail(Operation *op, const Twine &what) {
    op->emitError() << "after phase '" << phase_ << "': '" << op->getName().getStringRef() << "' " << what;
    failed_ = true;
  }
  LogicalResult result() const { return failure(failed_); }

 private:
  StringRef phase_;
  bool failed_ = false;
};

// @main, or a function of the graph.
bool IsGraphFunction(Operation *op) { return isa<func::FuncOp>(op) && !IsKernel(op); }

// What a step of its own stands for, not a kernel.
bool IsControlOp(Operation *op) {
  return FusionKindOf(op) == FusionKind::kControl || FusionKindOf(op) == FusionKind::kSizes;
}

// Ops that are graph ops, or stand for its data.
bool IsGraphOp(Operation *op) { return KindOf(op) || isa<ir::ConstantOp, ir::ScalarOp, func::ReturnOp>(op); }

bool IsViewOfGraph(Operation *op) {
  std::optional<OpKind> kind = KindOf(op);
  return kind && Schema(*kind).fusion == FusionKind::kView;
}

void CheckComposites(Check &check, Operation *op) {
  if (FusionKindOf(op) == FusionKind::kComposite || isa<ir::ConvOp>(op))
    check.Fail(op, "is not a primitive; --ingot-decompose has to write it out");
}

}  // namespace

LogicalResult VerifyAfterImport(ModuleOp module) {
  Check check("import");
  for (Operation &op : *module.getBody())
    if (!IsGraphFunction(&op)) check.Fail(&op, "is no function of the graph");
  module.walk([&](Operation *op) {
    if (op == module || IsGraphFunction(op)) return;
    if (!IsGraphOp(op))
      check.Fail(op, "is no graph op; compiler/import makes nothing else");
    else if (!isa<func::ReturnOp>(op) && NodeNames(op->getLoc()).empty())
      check.Fail(op, "has lost its node's name; give it a NameLoc");
  });
  return check.result();
}

LogicalResult VerifyAfterSimplify(ModuleOp module) {
  Check check("simplify");
  module.walk([&](Operation *op) {
    CheckComposites(check, op);
    for (Type type : op->getResultTypes())
      if (isa<RankedTensorType>(type) && IsNarrow(ToTensorType(type).dtype))
        check.Fail(op, "has elements that share a byte; --ingot-pack-half-bytes has to make them bytes");
      else if (isa<RankedTensorType>(type) && IsComplex(ToTensorType(type).dtype))
        check.Fail(op, "has complex elements; --ingot-split-complex has to make them floats");
    if (op != module && !IsGraphFunction(op) && !IsGraphOp(op) &&
        !isa<ir::ContractOp, ir::WindowsOp, ir::CopyOp, ir::HalvesOp>(op))
      check.Fail(op, "does not belong here; views, packs and kernels come with the next phase");
  });
  return check.result();
}

// Axes may have been merged.
static bool SameElements(TypeRange a, TypeRange b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           TensorType x = ToTensorType(std::get<0>(pair)), y = ToTensorType(std::get<1>(pair));
           return x.dtype == y.dtype && NumElements(x.dims) == NumElements(y.dims);
         });
}

static void CheckGraphFunction(Check &check, func::FuncOp function) {
  SymbolTable symbols(function->getParentOfType<ModuleOp>());
  for (Operation &op : function.getBody().front()) {
    if (auto dispatch = dyn_cast<ir::DispatchOp>(op)) {
      auto kernel = symbols.lookup<func::FuncOp>(dispatch.getKernel());
      if (!kernel)
        check.Fail(&op, "calls a kernel that does not exist");
      else if (kernel.getArgumentTypes() != dispatch.getOperandTypes() ||
               !SameElements(kernel.getResultTypes(), dispatch.getResultTypes()))
        check.Fail(&op, "does not match the types of @" + dispatch.getKernel());
      for (Value operand : op.getOperands())
        if (operand.getDefiningOp<ir::ViewOp>()) check.Fail(&op, "takes a view; kernels get whole buffers");
    } else if (isa<ir::ViewOp>(op)) {
      if (!llvm::all_of(op.getUsers(), llvm::IsaPred<ir::PackOp>))
        check.Fail(&op, "is used outside kernels; --ingot-form-regions has to take it in");
    } else if (IsControlOp(&op)) {
      for (Value operand : op.getOperands())
        if (isa_and_nonnull<ir::ViewOp, ir::ScalarOp>(operand.getDefiningOp()))
          check.Fail(&op, "takes a view or a scalar; functions get whole buffers");
    } else if (!isa<ir::ConstantOp, ir::PackOp, func::ReturnOp>(op)) {
      check.Fail(&op, "is computed outside kernels; --ingot-form-regions has to place it");
    }
  }
}

static void CheckKernel(Check &check, func::FuncOp kernel) {
  auto kind = kernel->getAttrOfType<StringAttr>("ingot.kind");
  if (!kind || !ParseRegionKind(kind.getValue()) || !kernel->getAttrOfType<ir::DimsAttr>("ingot.space") ||
      !Schedule::Of(kernel))
    return check.Fail(kernel, "has no region kind, space or schedule");
  auto device = kernel->getAttrOfType<StringAttr>("ingot.device");
  if (!device || !FindDevice(device.getValue())) check.Fail(kernel, "is for no device that there is");
  kernel.walk([&](Operation *op) {
    CheckComposites(check, op);
    if (isa<ir::MatMulOp>(op) || IsViewOfGraph(op))
      check.Fail(op, "is not on views; --ingot-resolve-views has to do that");
    if (isa<ir::DispatchOp, ir::PackOp, ir::ConstantOp>(op)) check.Fail(op, "cannot be inside a kernel");
  });
}

LogicalResult VerifyAfterFuse(ModuleOp module) {
  Check check("fuse");
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    IsGraphFunction(function) ? CheckGraphFunction(check, function) : CheckKernel(check, function);
  return check.result();
}

enum class KernelsOf { kHost, kDevice };

// Of ingot_kernel_fn_t or `prepare`; of a device, parameters of 8 bytes.
static bool HasSignature(func::FuncOp function, KernelsOf owner) {
  auto is_pointer = [](Type type) { return isa<LLVM::LLVMPointerType>(type); };
  ArrayRef<Type> types = function.getArgumentTypes(), results = function.getResultTypes();
  if (owner == KernelsOf::kDevice)
    return results.empty() && llvm::all_of(types, [&](Type type) { return is_pointer(type) || type.isInteger(64); });
  bool is_run = types.size() == 5 && is_pointer(types[0]) && is_pointer(types[1]) && types[2].isInteger(64) &&
                types[3].isInteger(64) && is_pointer(types[4]);
  bool is_prepare = types.size() == 2 && llvm::all_of(types, is_pointer);
  return (is_run || is_prepare) && results.size() == 1 && results[0].isInteger(32);
}

static LogicalResult VerifyKernels(ModuleOp kernels, KernelsOf owner) {
  Check check("vector");
  for (Operation &op : *kernels.getBody()) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function) {
      if (owner == KernelsOf::kDevice && isa<LLVM::GlobalOp>(op)) continue;
      check.Fail(&op, "is no function");
      continue;
    }
    if (function.isExternal()) {
      if (!function.getName().starts_with("ingot_library_"))
        check.Fail(function, "'" + function.getName() + "' is declared, and no library of kernels/manifest.h");
      continue;
    }
    if (!HasSignature(function, owner))
      check.Fail(function, "has not the ABI's signature (runtime/include/ingot/abi.h)");
  }
  kernels.walk([&](Operation *op) {
    bool is_known = isa<ModuleOp>(op) ||
                    isa_and_nonnull<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                                    math::MathDialect, scf::SCFDialect, vector::VectorDialect>(op->getDialect());
    if (!is_known) check.Fail(op, "is of a dialect that LowerKernels does not lower");
    for (Type type : op->getResultTypes())
      if (isa<RankedTensorType>(type)) check.Fail(op, "is a tensor; kernels work on memory");
  });
  return check.result();
}

LogicalResult VerifyAfterVector(ModuleOp kernels) { return VerifyKernels(kernels, KernelsOf::kHost); }
LogicalResult VerifyDeviceKernels(ModuleOp kernels) { return VerifyKernels(kernels, KernelsOf::kDevice); }

namespace {

// Steps use sizes of stages that are bound around them alone, and no stage is bound before those that its sizes need.
class StageCheck {
 public:
  explicit StageCheck(const ProgramPlan &plan) : plan_(plan), stages_(plan.sizes.stages()) {
    for (const Dim &size : plan.sizes.expressions()) {
      std::vector<std::string> symbols;
      size.CollectSymbols(symbols);
      for (const std::string &symbol : symbols)
        if (uint32_t stage = plan.sizes.StageOfSymbol(symbol); stage != plan.sizes.StageOf(size))
          needs_[plan.sizes.StageOf(size)].insert(stage);
    }
  }

  std::string Block(size_t begin, size_t end) {
    std::vector<uint32_t> here;
    for (size_t s = begin; s < end; ++s) {
      const PlannedStep &step = plan_.steps[s];
      std::string problem;
      if (step.HasBlocks()) {
        problem = SizesOf(step, s);
        if (problem.empty()) problem = Block(s + 1, step.split);
        if (problem.empty()) problem = Block(step.split, step.end);
        s = step.end - 1;
      } else if (step.kind == INGOT_STEP_BIND) {
        for (uint32_t stage : needs_[step.split])
          if (!IsBound(stage)) return absl::StrCat("step ", s, " binds stage ", step.split, " before ", stage);
        here.push_back(step.split);
        ++bound_[step.split];
      } else {
        problem = SizesOf(step, s);
      }
      if (!problem.empty()) return problem;
    }
    for (uint32_t stage : here) --bound_[stage];
    return "";
  }

 private:
  bool IsBound(uint32_t stage) { return stage == 0 || bound_[stage] > 0; }

  std::string SizesOf(const PlannedStep &step, size_t s) {
    std::vector<uint32_t> sizes;
    for (uint32_t operand : step.operands) sizes.push_back(plan_.values[operand].bytes);
    if (step.kind == INGOT_STEP_IF_SIZE) sizes.push_back(static_cast<uint32_t>(step.kernel));
    for (size_t level = 0; step.kind == INGOT_STEP_KERNEL && level < plan_.variants.size(); ++level) {
      const PlannedKernel &kernel = plan_.variants[level][static_cast<size_t>(step.kernel)];
      sizes.insert(sizes.end(), {kernel.tiles, kernel.work});
      if (kernel.workspace != INGOT_NONE) sizes.push_back(kernel.workspace);
    }
    for (size_t target = 0; step.kind == INGOT_STEP_KERNEL && target < plan_.device_variants.size(); ++target) {
      const PlannedDeviceKernel &kernel = plan_.device_variants[target][static_cast<size_t>(step.kernel)];
      sizes.push_back(kernel.tiles);
      sizes.insert(sizes.end(), kernel.launch.sizes.begin(), kernel.launch.sizes.end());
      if (kernel.workspace != INGOT_NONE) sizes.push_back(kernel.workspace);
    }
    for (uint32_t size : sizes)
      if (!IsBound(stages_[size]))
        return absl::StrCat("step ", s, " (", step.name, ") uses size ", size, " of stage ", stages_[size],
                            ", which is not bound there");
    return "";
  }

  const ProgramPlan &plan_;
  std::vector<uint32_t> stages_;
  std::map<uint32_t, std::set<uint32_t>> needs_;
  std::map<uint32_t, int> bound_;
};

}  // namespace

std::string VerifyPlan(const ProgramPlan &plan) {
  size_t sizes = plan.sizes.size();
  std::vector<bool> written(plan.values.size());
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const ingot_value_t &value = plan.values[i];
    if (value.bytes >= sizes) return absl::StrCat("value ", i, " has no size");
    written[i] =
        value.kind == INGOT_VALUE_INPUT || value.kind == INGOT_VALUE_CONSTANT || value.kind == INGOT_VALUE_STATE;
  }
  std::vector<bool> used(plan.kernels.size());
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    const PlannedStep &step = plan.steps[s];
    std::string where = absl::StrCat("step ", s, " (", step.name, ")");
    if (step.kind == INGOT_STEP_KERNEL) {
      if (step.kernel < 0 || static_cast<size_t>(step.kernel) >= plan.kernels.size())
        return absl::StrCat(where, " names a kernel outside the table");
      used[static_cast<size_t>(step.kernel)] = true;
    }
    if (step.HasBlocks()) {
      if (step.split <= s || step.end < step.split || step.end > plan.steps.size())
        return absl::StrCat(where, " has blocks outside the program");
      // What is made here is written by the blocks.
      for (size_t v = 0; v < plan.values.size(); ++v) written[v] = written[v] || plan.values[v].first_step == s;
    }
    for (uint32_t operand : step.operands) {
      if (operand >= plan.values.size()) return absl::StrCat(where, " names a value outside the table");
      const ingot_value_t &value = plan.values[operand];
      bool makes = (value.kind == INGOT_VALUE_ARENA || value.kind == INGOT_VALUE_OUTPUT) && value.first_step == s &&
                   step.kind <= INGOT_STEP_COPY;
      if (makes && written[operand]) return absl::StrCat(where, " writes value ", operand, " a second time");
      if (!makes && !written[operand]) return absl::StrCat(where, " reads value ", operand, " before it is written");
      if (value.kind == INGOT_VALUE_ARENA && (s < value.first_step || s > value.last_step))
        return absl::StrCat(where, " uses value ", operand, " outside its lifetime");
      written[operand] = true;
    }
  }
  for (const PlannedIo &output : plan.outputs)
    if (output.value >= written.size() || !written[output.value])
      return absl::StrCat("output '", output.name, "' is never written");
  for (size_t k = 0; k < used.size(); ++k)
    if (!used[k]) return absl::StrCat("kernel ", plan.kernels[k], " is never run");
  for (const std::vector<PlannedKernel> &kernels : plan.variants)
    for (size_t k = 0; k < kernels.size(); ++k)
      if (kernels[k].tiles >= sizes || kernels[k].work >= sizes ||
          (kernels[k].workspace != INGOT_NONE && kernels[k].workspace >= sizes))
        return absl::StrCat("kernel ", plan.kernels[k], " names a size outside the table");
  uint64_t end = 0;
  for (const WeightItem &item : plan.weights) {
    if (item.offset < end || item.offset % INGOT_ALIGNMENT != 0)
      return absl::StrCat("the weights at ", item.offset, " overlap others or are misaligned");
    end = item.offset + item.bytes;
  }
  if (end != plan.weights_bytes) return "the weights' size is not the sum of its parts";
  return plan.sizes.LaterStages().empty() ? "" : StageCheck(plan).Block(0, plan.steps.size());
}

}  // namespace ingot::compiler
