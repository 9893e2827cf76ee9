#include "compiler/codegen/cuda/accesses.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace ingot::compiler::cuda {

namespace {

constexpr unsigned kShared = 3;

struct Touched {
  Instruction *instruction;
  Value *pointer, *bytes;
};

// Copies and loads that are instructions of their own.
void FindTouchedByCall(CallInst &call, SmallVectorImpl<Touched> &found) {
  Function *callee = call.getCalledFunction();
  StringRef name = callee ? callee->getName() : "";
  auto number = [&](uint64_t value) { return ConstantInt::get(Type::getInt64Ty(call.getContext()), value); };
  if (name.consume_front("llvm.nvvm.cp.async.") && (name.consume_front("ca.") || name.consume_front("cg."))) {
    // "shared.global.16", and ".s" where a third operand says how many bytes are read.
    uint64_t bytes = 0;
    bool has_size = name.consume_back(".s");
    name.rsplit('.').second.getAsInteger(10, bytes);
    found.push_back({&call, call.getArgOperand(0), number(bytes)});
    found.push_back({&call, call.getArgOperand(1), has_size ? call.getArgOperand(2) : number(bytes)});
  }
  if (name.starts_with("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4"))
    found.push_back({&call, call.getArgOperand(0), number(16)});
}

void FindTouched(Instruction &instruction, SmallVectorImpl<Touched> &found) {
  const DataLayout &layout = instruction.getModule()->getDataLayout();
  if (Value *pointer = getLoadStorePointerOperand(&instruction)) {
    uint64_t bytes = layout.getTypeStoreSize(getLoadStoreType(&instruction));
    found.push_back({&instruction, pointer, ConstantInt::get(Type::getInt64Ty(instruction.getContext()), bytes)});
  } else if (auto *fill = dyn_cast<MemIntrinsic>(&instruction)) {
    found.push_back({fill, fill->getRawDest(), fill->getLength()});
    if (auto *copy = dyn_cast<MemTransferInst>(fill)) found.push_back({copy, copy->getRawSource(), copy->getLength()});
  } else if (auto *call = dyn_cast<CallInst>(&instruction)) {
    FindTouchedByCall(*call, found);
  }
}

// A call in front of what is touched: of a shared variable, of a parameter's buffer, or of any of them.
void EmitCheck(Module &module, const Touched &touched) {
  const Value *object = getUnderlyingObject(touched.pointer, /*MaxLookup=*/0);
  auto *variable = dyn_cast<GlobalVariable>(object);
  if (isa<AllocaInst>(object) || (variable && variable->getAddressSpace() != kShared)) return;
  IRBuilder<> builder(touched.instruction);
  Type *nothing = builder.getVoidTy(), *pointer = builder.getPtrTy(), *i64 = builder.getInt64Ty();
  auto plain = [&](const Value *value) { return builder.CreateAddrSpaceCast(const_cast<Value *>(value), pointer); };
  Value *address = plain(touched.pointer), *bytes = builder.CreateZExtOrTrunc(touched.bytes, i64);
  auto call = [&](StringRef name, ArrayRef<Value *> more) {
    SmallVector<Value *> arguments{address, bytes};
    arguments.append(more.begin(), more.end());
    SmallVector<Type *> types;
    for (Value *argument : arguments) types.push_back(argument->getType());
    builder.CreateCall(module.getOrInsertFunction(name, FunctionType::get(nothing, types, false)), arguments);
  };
  if (variable && !variable->isDeclaration())
    call("emu:touch.variable",
         {plain(variable), ConstantInt::get(i64, module.getDataLayout().getTypeAllocSize(variable->getValueType()))});
  else if (auto *parameter = dyn_cast<Argument>(object))
    call("emu:touch.buffer", {ConstantInt::get(i64, parameter->getArgNo())});
  else
    call("emu:touch", {});
}

}  // namespace

void CheckAccesses(Module &module) {
  SmallVector<Touched> found;
  for (Function &function : module)
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      for (Instruction &instruction : instructions(function)) FindTouched(instruction, found);
  for (const Touched &touched : found) EmitCheck(module, touched);
}

}  // namespace ingot::compiler::cuda
