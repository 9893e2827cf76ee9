#include "compiler/codegen/cuda/twin.h"

#include "compiler/codegen/cuda/accesses.h"
#include "ingot/abi.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace ingot::compiler::cuda {

namespace {

constexpr unsigned kShared = 3;
constexpr uint64_t kSharedBytes = 256 << 10;

class TwinMaker {
 public:
  explicit TwinMaker(Module &module)
      : module_(module), context_(module.getContext()), pointer_(PointerType::get(context_, 0)) {}

  void Run(StringRef image) {
    module_.setTargetTriple(Triple("x86_64-unknown-linux-gnu"));
    module_.setDataLayout("e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128");
    SmallVector<Function *> kernels;
    for (Function &function : module_)
      if (function.getCallingConv() == CallingConv::PTX_Kernel) kernels.push_back(&function);
    CheckAccesses(module_);
    std::vector<uint64_t> shared_bytes;
    for (Function *kernel : kernels) shared_bytes.push_back(PlaceShared(*kernel));
    RewriteCalls();
    for (Function &function : module_) {
      function.removeFnAttr("target-features");
      function.removeFnAttr(Attribute::Memory);  // what the emulator does is not in it
      if (function.isDeclaration()) continue;
      function.addFnAttr("target-cpu", "x86-64-v3");
      // Of others, calls say the same convention.
      if (function.getCallingConv() == CallingConv::PTX_Kernel) function.setCallingConv(CallingConv::C);
      function.setLinkage(GlobalValue::InternalLinkage);
    }
    EmitImage(image, kernels, shared_bytes);
  }

 private:
  // Shared memory whose size a launch says: all such variables of a kernel begin at one place.
  static bool IsDynamic(const GlobalVariable &variable) {
    return variable.getAddressSpace() == kShared && variable.isDeclaration();
  }

  // The kernel's shared variables, one behind the other, in the memory that the emulator gives to a block, and dynamic
  // memory behind them. Returns where that begins.
  uint64_t PlaceShared(Function &kernel) {
    std::string prefix = (kernel.getName() + "_shared_").str();
    Type *byte = Type::getInt8Ty(context_);
    if (!memory_) {
      memory_ = new GlobalVariable(module_, ArrayType::get(byte, kSharedBytes), false, GlobalValue::ExternalLinkage,
                                   nullptr, "emu_shared", nullptr, GlobalValue::NotThreadLocal, kShared);
      for (GlobalVariable *variable : DynamicVariables()) convertUsersOfConstantsToInstructions(variable);
    }
    auto place = [&](uint64_t at) {
      return ConstantExpr::getGetElementPtr(byte, memory_, ConstantInt::get(Type::getInt64Ty(context_), at));
    };
    uint64_t bytes = 0;
    for (GlobalVariable &variable : make_early_inc_range(module_.globals())) {
      if (variable.getAddressSpace() != kShared || !variable.getName().starts_with(prefix) || IsDynamic(variable))
        continue;
      bytes = alignTo(bytes, std::max(Align(16), variable.getAlign().valueOrOne()));
      Constant *here = place(bytes);
      bytes += module_.getDataLayout().getTypeAllocSize(variable.getValueType());
      variable.replaceAllUsesWith(here);
      variable.eraseFromParent();
    }
    auto is_here = [&](const Use &use) {
      auto *user = dyn_cast<Instruction>(use.getUser());
      return user && user->getFunction() == &kernel;
    };
    for (GlobalVariable *variable : DynamicVariables())
      if (any_of(variable->uses(), is_here))
        bytes = alignTo(bytes, std::max(Align(16), variable->getAlign().valueOrOne()));
    for (GlobalVariable *variable : DynamicVariables()) {
      variable->replaceUsesWithIf(place(bytes), is_here);
      if (variable->use_empty()) variable->eraseFromParent();
    }
    return bytes;
  }

  SmallVector<GlobalVariable *> DynamicVariables() {
    SmallVector<GlobalVariable *> found;
    for (GlobalVariable &variable : module_.globals())
      if (&variable != memory_ && IsDynamic(variable)) found.push_back(&variable);
    return found;
  }

  // PTX as text is known by its opcode: the longest word with dots.
  static std::string NameOfAssembly(StringRef text) {
    std::string best, word;
    for (char c : (text + " ").str()) {
      if (isAlnum(c) || c == '_' || c == '.' || c == ':') {
        word += c;
        continue;
      }
      if (StringRef(word).contains('.') && word.size() > best.size()) best = word;
      word.clear();
    }
    return best;
  }

  // PTX "@$2 ..." is executed where operand 2 is true. MLIR writes it only where there is no result.
  static void RewritePredicate(CallInst &call) {
    StringRef text = cast<InlineAsm>(call.getCalledOperand())->getAsmString();
    unsigned operand = 0;
    if (!call.getType()->isVoidTy() || !text.consume_front("@$") || text.consumeInteger(10, operand)) return;
    call.moveBefore(SplitBlockAndInsertIfThen(call.getArgOperand(operand), call.getIterator(), false)->getIterator());
  }

  // What the emulator calls the instruction.
  static std::string NameOf(const CallInst &call) {
    if (!call.isInlineAsm()) return call.getCalledFunction()->getName().drop_front(strlen("llvm.nvvm.")).str();
    std::string name = NameOfAssembly(cast<InlineAsm>(call.getCalledOperand())->getAsmString());
    // The operand behind the sums is a descriptor of A, or else the first of its registers.
    auto *sums = dyn_cast<StructType>(call.getType());
    if (StringRef(name).starts_with("wgmma.mma_async") && sums &&
        call.getArgOperand(sums->getNumElements())->getType()->isIntegerTy(32))
      name += ".registers";
    return name;
  }

  void RewriteCalls() {
    SmallVector<CallInst *> calls;
    for (Function &function : module_)
      for (Instruction &instruction : instructions(function))
        if (auto *call = dyn_cast<CallInst>(&instruction)) {
          Function *callee = call->getCalledFunction();
          if (call->isInlineAsm() || (callee && callee->getName().starts_with("llvm.nvvm."))) calls.push_back(call);
        }
    for (CallInst *call : calls) RewriteCall(*call);
    for (Function &function : make_early_inc_range(module_))
      if (function.isIntrinsic() && function.use_empty()) function.eraseFromParent();
  }

  // Arguments and result go through memory, so that the emulator's functions all look alike; special registers are
  // plain functions.
  void RewriteCall(CallInst &call) {
    if (call.isInlineAsm()) RewritePredicate(call);
    std::string name = "emu:" + NameOf(call);
    Type *type = call.getType();
    IRBuilder<> builder(&call);
    if (call.arg_empty() && type->isIntegerTy()) {
      call.replaceAllUsesWith(builder.CreateCall(module_.getOrInsertFunction(name, type)));
      call.eraseFromParent();
      return;
    }
    BasicBlock &entry = call.getFunction()->getEntryBlock();
    IRBuilder<> on_entry(&entry, entry.getFirstInsertionPt());
    Value *null = ConstantPointerNull::get(pointer_), *arguments = null, *result = null;
    SmallVector<Type *> types;
    for (Value *argument : call.args()) types.push_back(argument->getType());
    if (!types.empty()) {
      auto *structure = StructType::get(context_, types);
      arguments = on_entry.CreateAlloca(structure);
      for (unsigned i = 0; i < types.size(); ++i)
        builder.CreateStore(call.getArgOperand(i), builder.CreateStructGEP(structure, arguments, i));
    }
    if (!type->isVoidTy()) result = on_entry.CreateAlloca(type);
    builder.CreateCall(module_.getOrInsertFunction(name, Type::getVoidTy(context_), pointer_, pointer_),
                       {result, arguments});
    if (!type->isVoidTy()) call.replaceAllUsesWith(builder.CreateLoad(type, result));
    call.eraseFromParent();
  }

  // A function that takes the parameters as the driver does: pointers to each.
  Function *EmitEntry(Function &kernel) {
    auto *entry = Function::Create(FunctionType::get(Type::getVoidTy(context_), {pointer_}, false),
                                   GlobalValue::InternalLinkage, "kernel:" + kernel.getName(), module_);
    entry->addFnAttr("target-cpu", "x86-64-v3");
    IRBuilder<> builder(BasicBlock::Create(context_, "", entry));
    SmallVector<Value *> parameters;
    for (Argument &parameter : kernel.args()) {
      Value *place =
          builder.CreateLoad(pointer_, builder.CreateConstGEP1_64(pointer_, entry->getArg(0), parameter.getArgNo()));
      // What NVPTX passes by value has a pointer to it here too: a thread must not write to it.
      bool by_value = parameter.hasByValAttr();
      kernel.removeParamAttr(parameter.getArgNo(), Attribute::ByVal);
      parameters.push_back(by_value ? place : builder.CreateLoad(parameter.getType(), place));
    }
    builder.CreateCall(&kernel, parameters);
    builder.CreateRetVoid();
    return entry;
  }

  // The parameters' sizes, where they are not all those of a pointer.
  Constant *ParameterBytes(Function &kernel) {
    SmallVector<uint32_t> sizes;
    for (Argument &parameter : kernel.args())
      sizes.push_back(parameter.hasByValAttr() ? module_.getDataLayout().getTypeAllocSize(parameter.getParamByValType())
                                               : 8);
    if (all_of(sizes, [](uint32_t bytes) { return bytes == 8; })) return ConstantPointerNull::get(pointer_);
    Constant *list = ConstantDataArray::get(context_, sizes);
    return new GlobalVariable(module_, list->getType(), true, GlobalValue::PrivateLinkage, list);
  }

  void EmitImage(StringRef image, ArrayRef<Function *> kernels, ArrayRef<uint64_t> shared_bytes) {
    Type *i32 = Type::getInt32Ty(context_);
    auto constant = [&](Constant *value) {
      auto *global = new GlobalVariable(module_, value->getType(), true, GlobalValue::PrivateLinkage, value);
      return global;
    };
    SmallVector<Constant *> rows;
    for (auto [kernel, bytes] : zip_equal(kernels, shared_bytes)) {
      Constant *parameter_bytes = ParameterBytes(*kernel);
      rows.push_back(ConstantStruct::getAnon({constant(ConstantDataArray::getString(context_, kernel->getName())),
                                              EmitEntry(*kernel), ConstantInt::get(i32, kernel->arg_size()),
                                              ConstantInt::get(i32, bytes), parameter_bytes}));
    }
    Constant *list = ConstantPointerNull::get(pointer_);
    if (!rows.empty()) list = constant(ConstantArray::get(ArrayType::get(rows[0]->getType(), rows.size()), rows));
    Constant *magic = ConstantDataArray::getString(context_, StringRef(INGOT_EMULATED_MAGIC, 16), /*AddNull=*/false);
    Constant *all = ConstantStruct::getAnon({magic, ConstantInt::get(Type::getInt64Ty(context_), rows.size()), list});
    auto *global = new GlobalVariable(module_, all->getType(), true, GlobalValue::ExternalLinkage, all, image);
    global->setVisibility(GlobalValue::HiddenVisibility);
  }

  Module &module_;
  LLVMContext &context_;
  PointerType *pointer_;
  GlobalVariable *memory_ = nullptr;
};

}  // namespace

void MakeTwin(Module &module, StringRef image) { TwinMaker(module).Run(image); }

}  // namespace ingot::compiler::cuda
