#include "compiler/emit/object_emitter.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "compiler/codegen/llvm_passes.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace ingot::compiler {

static constexpr char kTriple[] = "x86_64-unknown-linux-gnu";

// Kernels come vectorized, unrolled and without calls of each other, so what -O2 does to those costs time alone: these
// passes take a third of its time and the code is as fast (docs/performance.md, "Compiling").
static constexpr char kPasses[] =
    "function<eager-inv>(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),gvn,"
    "instcombine<no-verify-fixpoint>,adce,simplifycfg)";

static absl::StatusOr<std::unique_ptr<TargetMachine>> MakeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    InitializeNativeTargetAsmParser();
  });
  std::string error;
  Triple triple(kTriple);
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target) return absl::InternalError(absl::StrCat("LLVM has no x86-64 target: ", error));
  TargetOptions options;
  options.UniqueSectionNames = false;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, "x86-64", "", options, Reloc::PIC_, std::nullopt, CodeGenOptLevel::Default));
}

absl::Status Optimize(Module &module) {
  auto target = MakeTarget();
  if (!target.ok()) return target.status();
  module.setTargetTriple(Triple(kTriple));
  module.setDataLayout((*target)->createDataLayout());
  return RunLlvmPasses(module, **target, [](PassBuilder &builder) -> Expected<ModulePassManager> {
    ModulePassManager passes;
    if (Error error = builder.parsePassPipeline(passes, kPasses)) return std::move(error);
    return std::move(passes);
  });
}

absl::StatusOr<std::string> EmitCode(Module &module, CodeForm form) {
  auto target = MakeTarget();
  if (!target.ok()) return target.status();
  SmallString<0> buffer;
  raw_svector_ostream stream(buffer);
  legacy::PassManager passes;
  CodeGenFileType type = form == CodeForm::Object ? CodeGenFileType::ObjectFile : CodeGenFileType::AssemblyFile;
  if ((*target)->addPassesToEmitFile(passes, stream, nullptr, type))
    return absl::InternalError("LLVM cannot emit code for this target");
  passes.run(module);
  return std::string(buffer);
}

absl::StatusOr<std::unique_ptr<Module>> LinkBitcode(const std::vector<std::string> &units, LLVMContext &context) {
  auto fault = [](const std::string &what) { return absl::InternalError(absl::StrCat("bitcode: ", what)); };
  auto result = std::make_unique<Module>("", context);
  for (const std::string &unit : units) {
    Expected<std::unique_ptr<Module>> module = parseBitcodeFile(MemoryBufferRef(unit, "unit"), context);
    if (!module) return fault(toString(module.takeError()));
    result->setModuleIdentifier((*module)->getModuleIdentifier());
    result->setSourceFileName((*module)->getSourceFileName());
    if (Linker::linkModules(*result, std::move(*module))) return fault("units of a program do not fit together");
  }
  for (Function &function : *result)
    if (!function.isDeclaration() && function.hasHiddenVisibility()) function.setLinkage(GlobalValue::InternalLinkage);
  return result;
}

absl::StatusOr<std::string> MainProgramObject(const std::string &name) {
  LLVMContext context;
  Module module("main_program", context);
  auto *pointer = PointerType::get(context, 0);
  auto *program = new GlobalVariable(module, Type::getInt8Ty(context), true, GlobalValue::ExternalLinkage, nullptr,
                                     "ingot_program_" + name);
  new GlobalVariable(module, pointer, true, GlobalValue::ExternalLinkage, program, "ingot_main_program");
  if (absl::Status status = Optimize(module); !status.ok()) return status;
  return EmitCode(module, CodeForm::Object);
}

}  // namespace ingot::compiler
