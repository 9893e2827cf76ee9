#include "compiler/codegen/cuda/image.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cuda/device_math.h"
#include "compiler/codegen/cuda/twin.h"
#include "compiler/codegen/llvm_passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

// Of LLVM's back ends, libLLVM has this one whether or not it is the host's.
extern "C" void LLVMInitializeNVPTXTargetInfo();
extern "C" void LLVMInitializeNVPTXTarget();
extern "C" void LLVMInitializeNVPTXTargetMC();
extern "C" void LLVMInitializeNVPTXAsmPrinter();

using namespace llvm;

namespace ingot::compiler::cuda {

namespace {

constexpr char kTriple[] = "nvptx64-nvidia-cuda";
// The architecture of what the host stands in for: it has the instructions of all.
constexpr char kEmulated[] = "sm_90";

absl::StatusOr<std::unique_ptr<TargetMachine>> MakeMachine(const compiler::Target &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string error;
  Triple triple(kTriple);
  const llvm::Target *nvptx = TargetRegistry::lookupTarget(triple, error);
  if (!nvptx) return absl::InternalError(absl::StrCat("LLVM has no NVPTX target: ", error));
  return std::unique_ptr<TargetMachine>(nvptx->createTargetMachine(
      triple, target.level == "emulated" ? kEmulated : target.level, target.features, TargetOptions(), std::nullopt));
}

// Every function that an emitter made is a kernel.
void MarkKernels(Module &module) {
  for (Function &function : module)
    if (!function.isDeclaration()) function.setCallingConv(CallingConv::PTX_Kernel);
}

absl::StatusOr<std::string> EmitPtx(Module &module, TargetMachine &machine) {
  SmallString<0> text;
  raw_svector_ostream stream(text);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::AssemblyFile))
    return absl::InternalError("LLVM cannot emit PTX");
  passes.run(module);
  return std::string(text);
}

}  // namespace

absl::StatusOr<DeviceImage> MakeImage(std::unique_ptr<Module> kernels, const compiler::Target &target) {
  absl::StatusOr<std::unique_ptr<TargetMachine>> machine = MakeMachine(target);
  if (!machine.ok()) return machine.status();
  kernels->setTargetTriple(Triple(kTriple));
  kernels->setDataLayout((*machine)->createDataLayout());
  MarkKernels(*kernels);
  if (absl::Status linked = LinkDeviceMath(*kernels); !linked.ok()) return linked;
  absl::Status status = RunLlvmPasses(*kernels, **machine, [](PassBuilder &builder) {
    return Expected<ModulePassManager>(builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2));
  });
  if (!status.ok()) return status;
  DeviceImage image;
  if (target.level == "emulated") {
    image.symbol = "ingot_emulated_image";
    MakeTwin(*kernels, image.symbol);
    image.code = std::move(kernels);
    return image;
  }
  absl::StatusOr<std::string> ptx = EmitPtx(*kernels, **machine);
  if (!ptx.ok()) return ptx.status();
  image.bytes = *std::move(ptx);
  return image;
}

}  // namespace ingot::compiler::cuda
