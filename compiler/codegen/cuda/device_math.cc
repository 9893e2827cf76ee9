#include "compiler/codegen/cuda/device_math.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cuda/device_math_bitcode.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;

namespace ingot::compiler::cuda {

namespace {

// Ours in place of an instruction, or nothing: of an intrinsic of LLVM's (llvm.exp.f32), a function of libm (expf), a
// remainder. Functions for float end in f.
std::string OursFor(const Instruction &instruction, const Module &library) {
  bool is_float = instruction.getType()->getScalarType()->isFloatTy();
  if (instruction.getOpcode() == Instruction::FRem) return is_float ? "ingot_fmodf" : "ingot_fmod";
  auto *call = dyn_cast<CallInst>(&instruction);
  const Function *callee = call ? call->getCalledFunction() : nullptr;
  if (!callee) return "";
  std::string name = callee->getName().str();
  if (StringRef intrinsic = name; intrinsic.consume_front("llvm."))
    name = intrinsic.substr(0, intrinsic.find('.')).str() + (is_float ? "f" : "");
  name = "ingot_" + name;
  const Function *ours = library.getFunction(name);
  return ours && !ours->isDeclaration() ? name : "";
}

// By calls of ours, one to a lane.
absl::Status Replace(Instruction &instruction, const std::string &name, const Module &library) {
  Type *type = instruction.getType(), *element = type->getScalarType();
  auto *call = dyn_cast<CallInst>(&instruction);
  SmallVector<Value *> operands(call ? call->arg_begin() : instruction.op_begin(),
                                call ? call->arg_end() : instruction.op_end());
  auto *of_ours = FunctionType::get(element, SmallVector<Type *>(operands.size(), element), false);
  if (library.getFunction(name)->getFunctionType() != of_ours)
    return absl::InternalError(absl::StrCat("a GPU's function '", name, "' takes and gives other types"));
  FunctionCallee ours = instruction.getModule()->getOrInsertFunction(name, of_ours);
  IRBuilder<> builder(&instruction);
  auto lane_of = [&](auto lane) {
    SmallVector<Value *> arguments;
    for (Value *operand : operands) arguments.push_back(lane(operand));
    return builder.CreateCall(ours, arguments);
  };
  Value *result = nullptr;
  if (auto *vector = dyn_cast<FixedVectorType>(type)) {
    result = PoisonValue::get(type);
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      result = builder.CreateInsertElement(
          result, lane_of([&](Value *operand) { return builder.CreateExtractElement(operand, i); }), i);
  } else {
    result = lane_of([](Value *operand) { return operand; });
  }
  instruction.replaceAllUsesWith(result);
  instruction.eraseFromParent();
  return absl::OkStatus();
}

}  // namespace

absl::Status LinkDeviceMath(Module &module) {
  StringRef bytes(reinterpret_cast<const char *>(kDeviceMathBitcode), sizeof(kDeviceMathBitcode));
  Expected<std::unique_ptr<Module>> library =
      parseBitcodeFile(MemoryBufferRef(bytes, "device math"), module.getContext());
  if (!library)
    return absl::InternalError(absl::StrCat("kernels/device/ does not load: ", toString(library.takeError())));
  (*library)->setTargetTriple(module.getTargetTriple());
  (*library)->setDataLayout(module.getDataLayout());
  for (Function &function : **library) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
  }
  SmallVector<std::pair<Instruction *, std::string>> found;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (std::string ours = OursFor(instruction, **library); !ours.empty()) found.emplace_back(&instruction, ours);
  for (auto &[instruction, name] : found)
    if (absl::Status replaced = Replace(*instruction, name, **library); !replaced.ok()) return replaced;
  if (Linker::linkModules(module, std::move(*library), Linker::Flags::LinkOnlyNeeded))
    return absl::InternalError("kernels/device/ does not fit the kernels");
  for (Function &function : make_early_inc_range(module)) {
    if (function.isIntrinsic()) continue;
    if (function.isDeclaration() && function.use_empty()) {
      function.eraseFromParent();
    } else if (function.isDeclaration()) {
      // A driver would say so when it loads the kernels, where nobody can mend it.
      return absl::InternalError(absl::StrCat("a GPU has no function '", function.getName().str(), "'"));
    } else if (function.getCallingConv() != CallingConv::PTX_Kernel) {
      function.setLinkage(GlobalValue::InternalLinkage);
    }
  }
  return absl::OkStatus();
}

}  // namespace ingot::compiler::cuda
