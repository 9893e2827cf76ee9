#include "compiler/emit/size_emitter.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Intrinsics.h"

using namespace llvm;

namespace ingot::compiler {

namespace {

class Evaluator {
 public:
  Evaluator(IRBuilder<> &b, llvm::Value *table, const std::map<std::string, uint32_t> &places)
      : b_(b), table_(table), places_(places) {}

  // The value, and in `bad` whether it could not be computed.
  llvm::Value *Evaluate(const Dim &dim, llvm::Value *&bad) {
    llvm::Value *sum = b_.getInt64(0);
    for (const Dim::Term &term : dim.terms()) {
      llvm::Value *product = b_.getInt64(term.coefficient);
      for (const auto &atom : term.atoms) {
        llvm::Value *factor = atom->symbol.empty() ? Call(*atom, bad) : Symbol(atom->symbol);
        product = Checked(Intrinsic::smul_with_overflow, product, factor, bad);
      }
      sum = Checked(Intrinsic::sadd_with_overflow, sum, product, bad);
    }
    return sum;
  }

 private:
  // Loaded at its first use.
  llvm::Value *Symbol(const std::string &name) {
    llvm::Value *&value = symbols_[name];
    if (!value)
      value = b_.CreateLoad(b_.getInt64Ty(), b_.CreateConstGEP1_64(b_.getInt64Ty(), table_, places_.at(name)));
    return value;
  }

  llvm::Value *Checked(Intrinsic::ID id, llvm::Value *x, llvm::Value *y, llvm::Value *&bad) {
    llvm::Value *pair = b_.CreateBinaryIntrinsic(id, x, y);
    bad = b_.CreateOr(bad, b_.CreateExtractValue(pair, 1));
    return b_.CreateExtractValue(pair, 0);
  }

  llvm::Value *Call(const Dim::Atom &atom, llvm::Value *&bad) {
    llvm::Value *x = Evaluate(atom.arguments[0], bad), *y = Evaluate(atom.arguments[1], bad), *zero = b_.getInt64(0);
    if (atom.call == Dim::Call::kMin) return b_.CreateBinaryIntrinsic(Intrinsic::smin, x, y);
    if (atom.call == Dim::Call::kMax) return b_.CreateBinaryIntrinsic(Intrinsic::smax, x, y);
    // What would trap divides by one instead, and counts as bad.
    llvm::Value *overflows =
        b_.CreateAnd(b_.CreateICmpEQ(x, b_.getInt64(INT64_MIN)), b_.CreateICmpEQ(y, b_.getInt64(-1)));
    llvm::Value *traps = b_.CreateOr(b_.CreateICmpEQ(y, zero), overflows);
    bad = b_.CreateOr(bad, traps);
    y = b_.CreateSelect(traps, b_.getInt64(1), y);
    llvm::Value *quotient = b_.CreateSDiv(x, y), *rest = b_.CreateSub(x, b_.CreateMul(quotient, y)),
                *is_rest = b_.CreateICmpNE(rest, zero);
    // Division rounds towards zero: one too high where there is a rest and the signs differ.
    llvm::Value *is_negative = b_.CreateAnd(is_rest, b_.CreateICmpSLT(b_.CreateXor(rest, y), zero));
    llvm::Value *floor = b_.CreateSub(quotient, b_.CreateZExt(is_negative, b_.getInt64Ty()));
    if (atom.call == Dim::Call::kFloorDiv) return floor;
    if (atom.call == Dim::Call::kCeilDiv) return b_.CreateAdd(floor, b_.CreateZExt(is_rest, b_.getInt64Ty()));
    return b_.CreateAdd(rest, b_.CreateSelect(is_negative, y, zero));
  }

  IRBuilder<> &b_;
  llvm::Value *table_;
  const std::map<std::string, uint32_t> &places_;  // of symbols
  std::map<std::string, llvm::Value *> symbols_;
};

}  // namespace

Function *EmitEvalSizes(Module &module, const SizeTable &sizes) {
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context);
  auto *function = Function::Create(FunctionType::get(i32, {PointerType::get(context, 0), i32}, false),
                                    GlobalValue::InternalLinkage, "ingot.eval_sizes", module);
  IRBuilder<> b(BasicBlock::Create(context, "entry", function));
  llvm::Value *table = function->getArg(0);
  std::map<std::string, uint32_t> symbols;
  for (const auto &[name, range] : sizes.symbols()) symbols.emplace(name, static_cast<uint32_t>(symbols.size()));
  const std::vector<uint32_t> stages = sizes.stages();
  const uint32_t num_stages = static_cast<uint32_t>(sizes.LaterStages().size()) + 1,
                 num_symbols = static_cast<uint32_t>(sizes.symbols().size());
  std::vector<std::vector<uint32_t>> places_of(num_stages);
  for (uint32_t place = num_symbols; place < sizes.size(); ++place) places_of[stages[place]].push_back(place);
  auto *none = BasicBlock::Create(context, "none", function);
  auto *choose = b.CreateSwitch(function->getArg(1), none, num_stages);
  IRBuilder<>(none).CreateRet(b.getInt32(0));
  for (uint32_t stage = 0; stage < num_stages; ++stage) {
    auto *block = BasicBlock::Create(context, "stage", function);
    choose->addCase(b.getInt32(stage), block);
    b.SetInsertPoint(block);
    llvm::Value *result = b.getInt32(0);
    Evaluator evaluator(b, table, symbols);
    for (uint32_t place : places_of[stage]) {
      llvm::Value *bad = b.getFalse(), *value = evaluator.Evaluate(sizes.expressions()[place - num_symbols], bad);
      b.CreateStore(value, b.CreateConstGEP1_64(b.getInt64Ty(), table, place));
      // The first bad size is the one that is reported.
      llvm::Value *is_first = b.CreateAnd(bad, b.CreateICmpEQ(result, b.getInt32(0)));
      result = b.CreateSelect(is_first, b.getInt32(place + 1), result);
    }
    b.CreateRet(result);
  }
  return function;
}

}  // namespace ingot::compiler
