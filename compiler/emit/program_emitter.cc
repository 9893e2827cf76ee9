#include "compiler/emit/program_emitter.h"

#include "compiler/emit/size_emitter.h"
#include "kernels/manifest.h"
#include "llvm/IR/Constants.h"

using namespace llvm;

namespace ingot::compiler {

std::string KernelSymbol(const std::string &kernel, const std::string &level) { return kernel + "." + level; }
std::string PrepareSymbol(const std::string &kernel, const std::string &level) { return kernel + ".prepare." + level; }

// Names in PTX have no dots.
std::string EntrySymbol(const std::string &kernel, const std::string &level) { return kernel + "_" + level; }

namespace {

class Emitter {
 public:
  Emitter(Module &module, const ProgramPlan &plan, const EmitOptions &options)
      : module_(module),
        plan_(plan),
        options_(options),
        context_(module.getContext()),
        i32_(Type::getInt32Ty(context_)),
        i64_(Type::getInt64Ty(context_)),
        pointer_(PointerType::get(context_, 0)) {}

  void Run() {
    Constant *weights = ConstantPointerNull::get(pointer_);
    if (options_.embed_weights && plan_.weights_bytes > 0) weights = ReserveWeights();
    std::vector<Constant *> symbols, size_texts, checks, stages, size_stages, states, values, operands, steps, variants;
    for (const SizeStage &stage : plan_.sizes.LaterStages())
      stages.push_back(structure(
          {number(stage.first_symbol), number(stage.end_symbol), number(stage.first_check), number(stage.end_check)}));
    if (!stages.empty())
      for (uint32_t stage : plan_.sizes.stages()) size_stages.push_back(number(stage));
    for (const auto &[name, range] : plan_.sizes.symbols()) size_texts.push_back(Text(name));
    for (const Dim &size : plan_.sizes.expressions()) size_texts.push_back(Text(size.ToString()));
    for (const SizeCheck &check : plan_.sizes.checks())
      checks.push_back(
          structure({number(check.kind == SizeFact::Kind::kEqual ? INGOT_CHECK_EQUAL : INGOT_CHECK_AT_MOST),
                     number(check.a), number(check.b), number(0), Text(check.node), Text(check.what)}));
    for (const auto &[name, range] : plan_.sizes.symbols())
      symbols.push_back(structure({Text(name), number64(range.min), number64(range.max)}));
    for (const auto &[state, io] : zip_equal(plan_.states, Ios(StateIos())))
      states.push_back(structure({io, number64(state.initial), number(state.fills), number(0)}));
    for (const ingot_value_t &value : plan_.values)
      values.push_back(structure({number(value.kind), number(value.slot), number64(value.offset), number(value.bytes),
                                  number(value.first_step), number(value.last_step), number(0)}));
    for (const PlannedStep &step : plan_.steps) {
      uint32_t first = static_cast<uint32_t>(operands.size());
      for (uint32_t operand : step.operands) operands.push_back(number(operand));
      steps.push_back(structure({number(step.kind), number(step.kernel), number(first), number(step.operands.size()),
                                 number(0), number(0), number(INGOT_NONE), number(INGOT_NONE), number(step.split),
                                 number(step.end), Text(step.name)}));
    }
    for (size_t level = 0; level < options_.levels.size(); ++level) {
      std::vector<Constant *> kernels;
      for (size_t i = 0; i < plan_.kernels.size(); ++i) {
        const std::string &name = plan_.kernels[i], &isa = options_.levels[level].level;
        const PlannedKernel &kernel = plan_.variants[level][i];
        Constant *run = Declare(KernelSymbol(name, isa), {pointer_, pointer_, i64_, i64_, pointer_}), *prepare = null(),
                 *destroy = null();
        if (kernel.origin == INGOT_ORIGIN_LIBRARY) {
          prepare = Declare(PrepareSymbol(name, isa), {pointer_, pointer_});
          destroy = cast<Constant>(
              module_.getOrInsertFunction(INGOT_LIBRARY_MATMUL_DESTROY, Type::getVoidTy(context_), pointer_)
                  .getCallee());
        }
        kernels.push_back(structure({Text(name), run, prepare, destroy, number(kernel.tiles), number(kernel.work),
                                     number(kernel.workspace), number(kernel.origin)}));
      }
      variants.push_back(structure({Text(options_.levels[level].level),
                                    number64(options_.levels[level].required_features), Array(kernels, "kernels")}));
    }
    Function *evaluate = EmitEvalSizes(module_, plan_.sizes);
    std::vector<Constant *> fields = {
        number(plan_.device_variants.empty() ? INGOT_HOST_PROGRAM_BYTES : sizeof(ingot_program_desc_t)),
        number(INGOT_ABI_VERSION),
        Text(options_.name),
        Text(options_.precision),
        number(plan_.sizes.NumInputSymbols()),
        number(plan_.sizes.size()),
        number(checks.size()),
        Array(symbols, "symbols"),
        evaluate,
        Array(size_texts, "size_texts"),
        Array(checks, "checks"),
        number(plan_.sizes.ChecksOf("").second),
        number(symbols.size() - plan_.sizes.NumInputSymbols()),
        number(stages.size()),
        number(plan_.device_variants.size()),
        Array(stages, "stages"),
        Array(size_stages, "size_stages"),
        number(plan_.inputs.size()),
        number(plan_.outputs.size()),
        number(states.size()),
        number(plan_.values.size()),
        Array(Ios(plan_.inputs), "inputs"),
        Array(Ios(plan_.outputs), "outputs"),
        Array(states, "states"),
        Array(values, "values"),
        number(operands.size()),
        number(plan_.steps.size()),
        number(plan_.kernels.size()),
        number(variants.size()),
        Array(operands, "operands"),
        Array(steps, "steps"),
        Array(variants, "variants"),
        weights,
        number64(plan_.weights_bytes),
        number64(options_.weights_hash),
        options_.embed_weights ? null() : Text(options_.weights_file)};
    if (!plan_.device_variants.empty()) fields.push_back(Array(DeviceVariants(), "device_variants"));
    Constant *program = structure(fields);
    new GlobalVariable(module_, program->getType(), true, GlobalValue::ExternalLinkage, program,
                       "ingot_program_" + options_.name);
  }

 private:
  // A function of another code unit.
  Function *Declare(const std::string &symbol, ArrayRef<Type *> parameters) {
    auto *function =
        Function::Create(FunctionType::get(i32_, parameters, false), GlobalValue::ExternalLinkage, symbol, module_);
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  Constant *number(uint64_t value) { return ConstantInt::get(i32_, static_cast<uint32_t>(value)); }
  Constant *number64(uint64_t value) { return ConstantInt::get(i64_, value); }
  Constant *null() { return ConstantPointerNull::get(pointer_); }
  Constant *structure(ArrayRef<Constant *> fields) { return ConstantStruct::getAnon(context_, fields); }

  Constant *Text(const std::string &value) {
    Constant *&known = texts_[value];
    if (!known) {
      Constant *data = ConstantDataArray::getString(context_, value);
      auto *global =
          new GlobalVariable(module_, data->getType(), true, GlobalValue::PrivateLinkage, data, "ingot.text");
      global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
      global->setAlignment(Align(1));  // else LLVM aligns texts of 16 characters and more
      known = global;
    }
    return known;
  }

  Constant *Array(ArrayRef<Constant *> elements, const char *name) {
    if (elements.empty()) return null();
    auto *type = ArrayType::get(elements[0]->getType(), elements.size());
    return new GlobalVariable(module_, type, true, GlobalValue::InternalLinkage, ConstantArray::get(type, elements),
                              std::string("ingot.") + name);
  }

  std::vector<PlannedIo> StateIos() const {
    std::vector<PlannedIo> list;
    for (const PlannedState &state : plan_.states) list.push_back(state.io);
    return list;
  }

  std::vector<Constant *> Ios(const std::vector<PlannedIo> &list) {
    std::vector<Constant *> result;
    for (const PlannedIo &io : list) {
      SmallVector<Constant *> dims;
      for (size_t i = 0; i < INGOT_MAX_RANK; ++i) dims.push_back(number(i < io.dims.size() ? io.dims[i] : INGOT_NONE));
      result.push_back(
          structure({Text(io.name), number(io.value), number(static_cast<uint32_t>(io.type.dtype)),
                     number(io.type.rank()), ConstantArray::get(ArrayType::get(i32_, INGOT_MAX_RANK), dims)}));
    }
    return result;
  }

  std::vector<Constant *> DeviceVariants() {
    std::vector<Constant *> variants;
    for (size_t target = 0; target < plan_.device_variants.size(); ++target) {
      const std::string &level = options_.device_targets[target].level;
      const DeviceImage &image = (*options_.device_images)[target];
      std::vector<Constant *> kernels;
      for (size_t i = 0; i < plan_.kernels.size(); ++i) {
        const PlannedDeviceKernel &kernel = plan_.device_variants[target][i];
        std::vector<Constant *> sizes;
        for (uint32_t size : kernel.launch.sizes) sizes.push_back(number(size));
        kernels.push_back(structure({Text(EntrySymbol(plan_.kernels[i], level)), number(kernel.launch.threads),
                                     number(kernel.launch.tiles_per_block), number(kernel.launch.most_blocks),
                                     number(kernel.launch.shared_bytes), number(kernel.tiles), number(kernel.workspace),
                                     number(sizes.size()), number(0), Array(sizes, "launch_sizes")}));
      }
      variants.push_back(
          structure({Text(level), number(FindDevice(options_.device_targets[target].device)->kind), number(0),
                     Image(image), number64(image.bytes.size()), Array(kernels, "device_kernels")}));
    }
    return variants;
  }

  // PTX is read up to a zero.
  Constant *Image(const DeviceImage &image) {
    if (!image.symbol.empty()) {
      auto *global = new GlobalVariable(module_, i64_, true, GlobalValue::ExternalLinkage, nullptr, image.symbol);
      global->setVisibility(GlobalValue::HiddenVisibility);
      return global;
    }
    Constant *data = ConstantDataArray::getString(context_, image.bytes);
    auto *global = new GlobalVariable(module_, data->getType(), true, GlobalValue::PrivateLinkage, data, "ingot.image");
    global->setAlignment(Align(16));
    return global;
  }

  // Room without contents: the assembler makes a section of the right size, which weights.cc turns into data.
  Constant *ReserveWeights() {
    std::string symbol = "ingot_weights_" + options_.name;
    module_.appendModuleInlineAsm(".section " + std::string(kWeightsSection) +
                                  ",\"al\",@nobits\n.balign 4096\n.hidden " + symbol + "\n.globl " + symbol + "\n" +
                                  symbol + ":\n.zero " + std::to_string(plan_.weights_bytes) + "\n.text\n");
    auto *global =
        new GlobalVariable(module_, Type::getInt8Ty(context_), true, GlobalValue::ExternalLinkage, nullptr, symbol);
    global->setVisibility(GlobalValue::HiddenVisibility);
    global->setCodeModel(CodeModel::Large);
    return global;
  }

  Module &module_;
  const ProgramPlan &plan_;
  const EmitOptions &options_;
  LLVMContext &context_;
  Type *i32_, *i64_;
  PointerType *pointer_;
  std::map<std::string, Constant *> texts_;
};

}  // namespace

// Names of functions end in the level.
void SetTargets(Module &module, const std::vector<Target> &levels) {
  for (Function &function : module) {
    if (function.isDeclaration()) continue;
    function.setVisibility(GlobalValue::HiddenVisibility);
    for (const Target &level : levels) {
      if (!function.getName().ends_with("." + level.level)) continue;
      function.addFnAttr("target-cpu", level.level);
      if (!level.features.empty()) function.addFnAttr("target-features", level.features);
      std::string width = std::to_string(level.vector_width * 32);
      function.addFnAttr("prefer-vector-width", width);
      function.addFnAttr("min-legal-vector-width", width);
    }
  }
}

void EmitProgram(Module &module, const ProgramPlan &plan, const EmitOptions &options) {
  Emitter(module, plan, options).Run();
}

}  // namespace ingot::compiler
