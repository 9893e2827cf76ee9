#include "compiler/pipeline/pipeline.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/device.h"
#include "compiler/emit/program_emitter.h"
#include "compiler/import/import_graph.h"
#include "compiler/pipeline/split_kernels.h"
#include "compiler/pipeline/verify_phase.h"
#include "compiler/transforms/passes.h"
#include "ingot/interpreter.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace ingot::compiler {

static constexpr std::pair<Phase, llvm::StringLiteral> kPhases[] = {
    {Phase::Import, "import"}, {Phase::Simplify, "simplify"}, {Phase::Fuse, "fuse"},
    {Phase::Vector, "vector"}, {Phase::Buffers, "buffers"},   {Phase::Object, "object"}};

llvm::StringRef Name(Phase phase) {
  for (auto [p, text] : kPhases)
    if (p == phase) return text;
  return "";
}

static DialectRegistry Registry() {
  DialectRegistry registry;
  registry.insert<ir::IngotDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                  cf::ControlFlowDialect, vector::VectorDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  vector::registerConvertVectorToLLVMInterface(registry);
  return registry;
}

Pipeline::Pipeline(Graph graph, const CompileOptions &options, std::vector<Target> levels,
                   std::vector<Target> device_targets)
    : graph_(std::move(graph)),
      options_(options),
      levels_(std::move(levels)),
      device_targets_(std::move(device_targets)),
      context_(Registry(), MLIRContext::Threading::DISABLED) {
  context_.loadAllAvailableDialects();
  context_.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    if (diagnostics_.size() < 2000)
      diagnostics_ += NodeNames(diagnostic.getLocation()) + ": " + diagnostic.str() + "; ";
    return success();
  });
}

absl::Status Pipeline::Internal(const char *what) {
  return absl::InternalError(absl::StrCat("compiler error in ", what, ": ", diagnostics_,
                                          "this is a fault of Ingot's: please report it with the model"));
}

absl::Status Pipeline::Run(Phase last, const std::function<absl::Status(llvm::StringRef, const std::string &)> &dump) {
  for (auto [phase, phase_name] : kPhases) {
    if (phase > last || phase == Phase::Object) break;
    if (options_.progress) options_.progress(phase_name.str());
    absl::Status status;
    switch (phase) {
      case Phase::Import:
        status = Import();
        break;
      case Phase::Simplify:
        status = Simplify();
        break;
      case Phase::Fuse:
        status = Fuse();
        break;
      case Phase::Vector:
        status = EmitKernels();
        break;
      default:
        status = Buffers();
        break;
    }
    if (!status.ok()) return status;
    reached_ = phase;
    if (dump)
      if (absl::Status dumped = dump(phase_name, Text()); !dumped.ok()) return dumped;
  }
  return absl::OkStatus();
}

absl::Status Pipeline::Import() {
  if (absl::StatusOr<int> folded = FoldConstants(graph_); !folded.ok()) return folded.status();
  RemoveDeadNodes(graph_);
  absl::StatusOr<SizeTable> sizes = SizeTable::Of(graph_);
  if (!sizes.ok()) return sizes.status();
  sizes_ = *std::move(sizes);
  module_ = ImportGraph(graph_, context_);
  llvm::SetVector<StringRef> devices;
  for (const Target &target : device_targets_) devices.insert(target.device);
  if (options_.precision == "tf32") (*module_)->setAttr("ingot.tf32", UnitAttr::get(&context_));
  if (!devices.empty()) (*module_)->setAttr("ingot.devices", Builder(&context_).getStrArrayAttr(devices.getArrayRef()));
  return succeeded(verify(*module_)) && succeeded(VerifyAfterImport(*module_)) ? absl::OkStatus() : Internal("import");
}

std::string Pipeline::Text() const {
  if (reached_ == Phase::Buffers) return ToString(plan_);
  std::string result;
  llvm::raw_string_ostream stream(result);
  OpPrintingFlags flags;
  flags.enableDebugInfo(reached_ != Phase::Vector, /*prettyForm=*/false);
  ModuleOp module = reached_ == Phase::Vector ? *kernels_ : *module_;
  module->print(stream, flags);
  if (reached_ == Phase::Vector)
    for (const OwningOpRef<ModuleOp> &kernels : device_kernels_) ModuleOp(*kernels)->print(stream, flags);
  return result;
}

absl::Status Pipeline::RunPasses(llvm::function_ref<void(OpPassManager &)> add) {
  PassManager pm(&context_);
  add(pm);
  return failed(pm.run(*module_)) ? Internal("a pass") : absl::OkStatus();
}

absl::Status Pipeline::Simplify() {
  absl::Status status = RunPasses([](OpPassManager &pm) {
    // First: no later pass knows complex numbers, nor elements that share a byte.
    pm.addPass(createSplitComplex());
    pm.addPass(createPackHalfBytes());
    auto &function = pm.nest<func::FuncOp>();
    // Primitives only from here on: every later pass knows few ops.
    function.addPass(createDecomposeComposites());
    function.addPass(createCSEPass());
    // Before views are resolved, while a transpose is still one op.
    function.addPass(createSinkTransposes());
    function.addPass(createCanonicalizerPass());
    function.addPass(createCSEPass());
  });
  return status.ok() && failed(VerifyAfterSimplify(*module_)) ? Internal("simplify") : status;
}

absl::Status Pipeline::Fuse() {
  absl::Status status = RunPasses([this](OpPassManager &pm) {
    {
      auto &function = pm.nest<func::FuncOp>();
      function.addPass(createResolveViews());
      // Before weights are packed: a library reads them as they are.
      if (options_.library_kernels) function.addPass(createAssignLibrary());
      function.addPass(createPackConstants());
      // Equal packs and views become one: a weight used twice is stored once.
      function.addPass(createCanonicalizerPass());
      function.addPass(createCSEPass());
    }
    pm.addPass(createFormRegions());
  });
  return status.ok() && failed(VerifyAfterFuse(*module_)) ? Internal("fuse") : status;
}

absl::Status Pipeline::EmitKernels() {
  kernels_ = ModuleOp::create(UnknownLoc::get(&context_));
  infos_.assign(levels_.size(), {});
  device_infos_.assign(device_targets_.size(), {});
  for (size_t i = 0; i < device_targets_.size(); ++i)
    device_kernels_.push_back(ModuleOp::create(UnknownLoc::get(&context_)));
  bool is_sound = true;
  for (func::FuncOp function : module_->getOps<func::FuncOp>()) {
    if (!IsKernel(function)) continue;
    for (size_t level = 0; level < levels_.size(); ++level) {
      const Target &target = levels_[level];
      std::string kernel = function.getName().str();
      std::optional<KernelInfo> info = DeviceOf(function).emit({function, *kernels_, KernelSymbol(kernel, target.level),
                                                                PrepareSymbol(kernel, target.level), target, sizes_});
      is_sound &= info.has_value();
      infos_[level][kernel] = std::move(info).value_or(KernelInfo());
    }
    for (size_t i = 0; i < device_targets_.size(); ++i) {
      const Target &target = device_targets_[i];
      std::string kernel = function.getName().str();
      std::optional<KernelInfo> info = FindDevice(target.device)
                                           ->emit({function, *device_kernels_[i], EntrySymbol(kernel, target.level),
                                                   /*prepare_symbol=*/"", target, sizes_});
      is_sound &= info.has_value();
      if (info) device_infos_[i][kernel] = *std::move(info);
    }
  }
  for (OwningOpRef<ModuleOp> &kernels : device_kernels_)
    is_sound &= succeeded(verify(*kernels)) && succeeded(VerifyDeviceKernels(*kernels));
  return is_sound && succeeded(verify(*kernels_)) && succeeded(VerifyAfterVector(*kernels_))
             ? absl::OkStatus()
             : Internal("code generation");
}

absl::Status Pipeline::Buffers() {
  plan_ = PlanProgram(graph_, *module_, std::move(sizes_), infos_, device_infos_);
  if (std::string problem = VerifyPlan(plan_); !problem.empty())
    return absl::InternalError(absl::StrCat("compiler error in the program's plan: ", problem));
  return LowerToLlvm();
}

absl::Status Pipeline::LowerToLlvm() {
  // Kernels are independent of each other from here on, and most of the time goes into them. Before, there is one large
  // function, and a context that knows of one thread alone is faster.
  if (options_.threads != 1) {
    threads_ = std::make_unique<llvm::StdThreadPool>(
        llvm::hardware_concurrency(static_cast<unsigned>(std::max(options_.threads, 0))));
    context_.setThreadPool(*threads_);
  }
  OwningOpRef<ModuleOp> split = SplitKernels(*kernels_);
  if (failed(Devices().front()->lower(*split))) return Internal("lowering to LLVM");
  SmallVector<ModuleOp> modules(split->getOps<ModuleOp>());
  units_.resize(modules.size());
  ParallelFor(modules.size(), [&](size_t i) {
    units_[i].context = std::make_unique<llvm::LLVMContext>();
    units_[i].module = translateModuleToLLVMIR(modules[i], *units_[i].context, options_.name);
    if (units_[i].module) SetTargets(*units_[i].module, levels_);
  });
  bool is_translated = llvm::all_of(units_, [](const CodeUnit &unit) { return unit.module != nullptr; });
  return is_translated ? LowerForDevices() : Internal("translation to LLVM IR");
}

absl::Status Pipeline::LowerForDevices() {
  for (size_t i = 0; i < device_targets_.size(); ++i) {
    OwningOpRef<ModuleOp> outer = ModuleOp::create(UnknownLoc::get(&context_));
    ModuleOp kernels = device_kernels_[i].release();
    outer->push_back(kernels);
    if (failed(FindDevice(device_targets_[i].device)->lower(*outer))) return Internal("lowering for a device");
    CodeUnit unit{std::make_unique<llvm::LLVMContext>(), nullptr};
    unit.module = translateModuleToLLVMIR(kernels, *unit.context, options_.name);
    if (!unit.module) return Internal("translation to LLVM IR");
    device_units_.push_back(std::move(unit));
  }
  return absl::OkStatus();
}

void Pipeline::ParallelFor(size_t count, llvm::function_ref<void(size_t)> work) {
  mlir::parallelFor(&context_, 0, count, work);
}

}  // namespace ingot::compiler
