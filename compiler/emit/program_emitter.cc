#include "compiler/emit/program_emitter.h"

#include "compiler/emit/size_emitter.h"
#include "kernels/manifest.h"
#include "llvm/IR/Constants.h"

using namespace llvm;

namespace ingot::compiler {

std::string KernelSymbol(const std::string &kernel, const std::string &level) { return kernel + "." + level; }
std::string PrepareSymbol(const std::string &kernel, const std::string &level) { return kernel + ".prepare." + level; }

namespace {

class Emitter {
 public:
  Emitter(Module &module, const ProgramPlan &plan, const EmitOptions &options)
      : module(module),
        plan(plan),
        options(options),
        context(module.getContext()),
        i32(Type::getInt32Ty(context)),
        i64(Type::getInt64Ty(context)),
        pointer(PointerType::get(context, 0)) {}

  void run() {
    Constant *weights = ConstantPointerNull::get(pointer);
    if (options.embed_weights && plan.weights_bytes > 0) weights = ReserveWeights();
    std::vector<Constant *> symbols, size_texts, checks, stages, size_stages, states, values, operands, steps, variants;
    for (const SizeStage &stage : plan.sizes.LaterStages())
      stages.push_back(structure(
          {number(stage.first_symbol), number(stage.end_symbol), number(stage.first_check), number(stage.end_check)}));
    if (!stages.empty())
      for (uint32_t stage : plan.sizes.stages()) size_stages.push_back(number(stage));
    for (const auto &[name, range] : plan.sizes.symbols()) size_texts.push_back(text(name));
    for (const Dim &size : plan.sizes.expressions()) size_texts.push_back(text(size.ToString()));
    for (const SizeCheck &check : plan.sizes.checks())
      checks.push_back(
          structure({number(check.kind == SizeFact::Kind::kEqual ? INGOT_CHECK_EQUAL : INGOT_CHECK_AT_MOST),
                     number(check.a), number(check.b), number(0), text(check.node), text(check.what)}));
    for (const auto &[name, range] : plan.sizes.symbols())
      symbols.push_back(structure({text(name), number64(range.min), number64(range.max)}));
    for (const auto &[state, io] : zip_equal(plan.states, ios(StateIos())))
      states.push_back(structure({io, number64(state.initial), number(state.fills), number(0)}));
    for (const ingot_value_t &value : plan.values)
      values.push_back(structure({number(value.kind), number(value.slot), number64(value.offset), number(value.bytes),
                                  number(value.first_step), number(value.last_step), number(0)}));
    for (const PlannedStep &step : plan.steps) {
      uint32_t first = static_cast<uint32_t>(operands.size());
      for (uint32_t operand : step.operands) operands.push_back(number(operand));
      steps.push_back(structure({number(step.kind), number(step.kernel), number(first), number(step.operands.size()),
                                 number(0), number(0), number(INGOT_NONE), number(INGOT_NONE), number(step.split),
                                 number(step.end), text(step.name)}));
    }
    for (size_t level = 0; level < options.levels.size(); ++level) {
      std::vector<Constant *> kernels;
      for (size_t i = 0; i < plan.kernels.size(); ++i) {
        const std::string &name = plan.kernels[i], &isa = options.levels[level].level;
        const PlannedKernel &kernel = plan.variants[level][i];
        Constant *run = declare(KernelSymbol(name, isa), {pointer, pointer, i64, i64, pointer}), *prepare = null(),
                 *destroy = null();
        if (kernel.origin == INGOT_ORIGIN_LIBRARY) {
          prepare = declare(PrepareSymbol(name, isa), {pointer, pointer});
          destroy = cast<Constant>(
              module.getOrInsertFunction(INGOT_LIBRARY_MATMUL_DESTROY, Type::getVoidTy(context), pointer).getCallee());
        }
        kernels.push_back(structure({text(name), run, prepare, destroy, number(kernel.tiles), number(kernel.work),
                                     number(kernel.workspace), number(kernel.origin)}));
      }
      variants.push_back(structure({text(options.levels[level].level),
                                    number64(options.levels[level].required_features), array(kernels, "kernels")}));
    }
    Function *evaluate = EmitEvalSizes(module, plan.sizes);
    Constant *program = structure({number(sizeof(ingot_program_desc_t)),
                                   number(INGOT_ABI_VERSION),
                                   text(options.name),
                                   text(options.precision),
                                   number(plan.sizes.NumInputSymbols()),
                                   number(plan.sizes.size()),
                                   number(checks.size()),
                                   array(symbols, "symbols"),
                                   evaluate,
                                   array(size_texts, "size_texts"),
                                   array(checks, "checks"),
                                   number(plan.sizes.ChecksOf("").second),
                                   number(symbols.size() - plan.sizes.NumInputSymbols()),
                                   number(stages.size()),
                                   number(0),
                                   array(stages, "stages"),
                                   array(size_stages, "size_stages"),
                                   number(plan.inputs.size()),
                                   number(plan.outputs.size()),
                                   number(states.size()),
                                   number(plan.values.size()),
                                   array(ios(plan.inputs), "inputs"),
                                   array(ios(plan.outputs), "outputs"),
                                   array(states, "states"),
                                   array(values, "values"),
                                   number(operands.size()),
                                   number(plan.steps.size()),
                                   number(plan.kernels.size()),
                                   number(variants.size()),
                                   array(operands, "operands"),
                                   array(steps, "steps"),
                                   array(variants, "variants"),
                                   weights,
                                   number64(plan.weights_bytes),
                                   number64(options.weights_hash),
                                   options.embed_weights ? null() : text(options.weights_file)});
    new GlobalVariable(module, program->getType(), true, GlobalValue::ExternalLinkage, program,
                       "ingot_program_" + options.name);
  }

 private:
  // A function of another code unit.
  Function *declare(const std::string &symbol, ArrayRef<Type *> parameters) {
    auto *function =
        Function::Create(FunctionType::get(i32, parameters, false), GlobalValue::ExternalLinkage, symbol, module);
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  Constant *number(uint64_t value) { return ConstantInt::get(i32, static_cast<uint32_t>(value)); }
  Constant *number64(uint64_t value) { return ConstantInt::get(i64, value); }
  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *structure(ArrayRef<Constant *> fields) { return ConstantStruct::getAnon(context, fields); }

  Constant *text(const std::string &value) {
    Constant *&known = texts[value];
    if (!known) {
      Constant *data = ConstantDataArray::getString(context, value);
      auto *global = new GlobalVariable(module, data->getType(), true, GlobalValue::PrivateLinkage, data, "ingot.text");
      global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
      global->setAlignment(Align(1));  // else LLVM aligns texts of 16 characters and more
      known = global;
    }
    return known;
  }

  Constant *array(ArrayRef<Constant *> elements, const char *name) {
    if (elements.empty()) return null();
    auto *type = ArrayType::get(elements[0]->getType(), elements.size());
    return new GlobalVariable(module, type, true, GlobalValue::InternalLinkage, ConstantArray::get(type, elements),
                              std::string("ingot.") + name);
  }

  std::vector<PlannedIo> StateIos() const {
    std::vector<PlannedIo> list;
    for (const PlannedState &state : plan.states) list.push_back(state.io);
    return list;
  }

  std::vector<Constant *> ios(const std::vector<PlannedIo> &list) {
    std::vector<Constant *> result;
    for (const PlannedIo &io : list) {
      SmallVector<Constant *> dims;
      for (size_t i = 0; i < INGOT_MAX_RANK; ++i) dims.push_back(number(i < io.dims.size() ? io.dims[i] : INGOT_NONE));
      result.push_back(
          structure({text(io.name), number(io.value), number(static_cast<uint32_t>(io.type.dtype)),
                     number(io.type.rank()), ConstantArray::get(ArrayType::get(i32, INGOT_MAX_RANK), dims)}));
    }
    return result;
  }

  // Room without contents: the assembler makes a section of the right size, which weights.cc turns into data.
  Constant *ReserveWeights() {
    std::string symbol = "ingot_weights_" + options.name;
    module.appendModuleInlineAsm(".section " + std::string(kWeightsSection) +
                                 ",\"al\",@nobits\n.balign 4096\n.hidden " + symbol + "\n.globl " + symbol + "\n" +
                                 symbol + ":\n.zero " + std::to_string(plan.weights_bytes) + "\n.text\n");
    auto *global =
        new GlobalVariable(module, Type::getInt8Ty(context), true, GlobalValue::ExternalLinkage, nullptr, symbol);
    global->setVisibility(GlobalValue::HiddenVisibility);
    global->setCodeModel(CodeModel::Large);
    return global;
  }

  Module &module;
  const ProgramPlan &plan;
  const EmitOptions &options;
  LLVMContext &context;
  Type *i32, *i64;
  PointerType *pointer;
  std::map<std::string, Constant *> texts;
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
  Emitter(module, plan, options).run();
}

}  // namespace ingot::compiler
