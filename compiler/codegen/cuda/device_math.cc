#include "compiler/codegen/cuda/device_math.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cuda/device_math_bitcode.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;

namespace ingot::compiler::cuda {

namespace {

// What kernels/device/ has, for double; for float with an f behind the name.
const StringSet<> &Functions() {
  static const StringSet<> functions = {"exp",  "exp2",  "expm1", "log",   "log2", "log1p", "sin",
                                        "cos",  "tan",   "asin",  "acos",  "atan", "sinh",  "cosh",
                                        "tanh", "asinh", "acosh", "atanh", "erf",  "pow",   "fmod"};
  return functions;
}

// The function's name without the type, or nothing: of an intrinsic of LLVM's (llvm.exp.f32), a function of libm
// (expf), a remainder.
std::string MathFunctionOf(const Instruction &instruction) {
  if (instruction.getOpcode() == Instruction::FRem) return "fmod";
  auto *call = dyn_cast<CallInst>(&instruction);
  const Function *callee = call ? call->getCalledFunction() : nullptr;
  if (!callee) return "";
  StringRef name = callee->getName();
  if (name.consume_front("llvm.")) {
    name = name.substr(0, name.find('.'));
  } else if (call->getType()->isFloatTy()) {
    name.consume_back("f");
  }
  return callee->isDeclaration() && Functions().contains(name) ? name.str() : "";
}

}  // namespace

absl::Status LinkDeviceMath(Module &module) {
  SmallVector<std::pair<Instruction *, std::string>> found;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (std::string name = MathFunctionOf(instruction); !name.empty()) found.emplace_back(&instruction, name);
  if (found.empty()) return absl::OkStatus();
  for (auto &[instruction, name] : found) {
    Type *type = instruction->getType();
    auto *call = dyn_cast<CallInst>(instruction);
    SmallVector<Value *> arguments(call ? call->arg_begin() : instruction->op_begin(),
                                   call ? call->arg_end() : instruction->op_end());
    SmallVector<Type *> types(arguments.size(), type);
    FunctionCallee ours = module.getOrInsertFunction("ingot_" + name + (type->isFloatTy() ? "f" : ""),
                                                     FunctionType::get(type, types, false));
    IRBuilder<> builder(instruction);
    instruction->replaceAllUsesWith(builder.CreateCall(ours, arguments));
    instruction->eraseFromParent();
  }
  StringRef bytes(reinterpret_cast<const char *>(kDeviceMathBitcode), sizeof(kDeviceMathBitcode));
  Expected<std::unique_ptr<Module>> library =
      parseBitcodeFile(MemoryBufferRef(bytes, "device math"), module.getContext());
  if (!library)
    return absl::InternalError(absl::StrCat("kernels/device/ does not load: ", toString(library.takeError())));
  (*library)->setTargetTriple(module.getTargetTriple());
  (*library)->setDataLayout(module.getDataLayout());
  StringSet<> own;
  for (Function &function : **library) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    if (!function.isDeclaration()) own.insert(function.getName());
  }
  if (Linker::linkModules(module, std::move(*library), Linker::Flags::LinkOnlyNeeded))
    return absl::InternalError("kernels/device/ does not fit the kernels");
  for (Function &function : module)
    if (own.contains(function.getName())) function.setLinkage(GlobalValue::InternalLinkage);
  return absl::OkStatus();
}

}  // namespace ingot::compiler::cuda
