#include "compiler/codegen/cuda/threads.h"

#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// Blocks that share a workspace between them, each with a part of its own: enough to keep a device busy, few enough to
// have room for.
constexpr int64_t kBlocksWithWorkspace = 1024, kBlocksOfThreadsWithWorkspace = 8;

Value Intrinsic(KernelBuilder &k, StringRef name, Type result, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(k.b, result, k.b.getStringAttr(name), arguments).getResult(0);
}

Value SpecialRegister(KernelBuilder &k, const Twine &name) {
  return k.OnEntry([&] {
    Value number = Intrinsic(k, ("llvm.nvvm.read.ptx.sreg." + name).str(), k.b.getI32Type(), {});
    return arith::ExtUIOp::create(k.b, k.b.getI64Type(), number).getResult();
  });
}

Value Number(KernelBuilder &k, int64_t value) { return arith::ConstantOp::create(k.b, k.b.getI32IntegerAttr(value)); }

// What `count` neighbouring threads have, combined: each step adds what lies half as far away, so that all get the
// same.
Value CombineWithin(KernelBuilder &k, Operation *reduction, Value value, int64_t count) {
  for (int64_t distance = count / 2; distance >= 1; distance /= 2)
    value = ReductionStep(k, reduction, value, ExchangeWithin(k, value, distance), nullptr);
  return value;
}

}  // namespace

Value ExchangeWithin(KernelBuilder &k, Value value, int64_t mask) {
  Type type = value.getType(), i32 = k.b.getI32Type();
  unsigned bits = type.getIntOrFloatBitWidth();
  auto exchange = [&](Value word) {
    return Intrinsic(k, "llvm.nvvm.shfl.sync.bfly.i32", i32, {Number(k, -1), word, Number(k, mask), Number(k, 0x1f)});
  };
  Type integer = k.b.getIntegerType(bits);
  Value pattern = isa<FloatType>(type) ? Value(arith::BitcastOp::create(k.b, integer, value)) : value;
  Value result;
  if (bits == 64) {
    Value half = arith::ConstantOp::create(k.b, k.b.getI64IntegerAttr(32));
    Value low = exchange(arith::TruncIOp::create(k.b, i32, pattern)),
          high = exchange(arith::TruncIOp::create(k.b, i32, arith::ShRUIOp::create(k.b, pattern, half)));
    high = arith::ShLIOp::create(k.b, arith::ExtUIOp::create(k.b, integer, high), half);
    result = arith::OrIOp::create(k.b, high, arith::ExtUIOp::create(k.b, integer, low));
  } else if (bits == 32) {
    result = exchange(pattern);
  } else {
    result = arith::TruncIOp::create(k.b, integer, exchange(arith::ExtUIOp::create(k.b, i32, pattern)));
  }
  return isa<FloatType>(type) ? Value(arith::BitcastOp::create(k.b, type, result)) : result;
}

void ForBlocks(KernelBuilder &k, Value count, KernelBuilder::Body body) {
  k.ForRange(BlockNumber(k), count, NumberOfBlocks(k), body);
}

Value ThreadNumber(KernelBuilder &k) { return SpecialRegister(k, "tid.x"); }
Value BlockNumber(KernelBuilder &k) { return SpecialRegister(k, "ctaid.x"); }
Value NumberOfBlocks(KernelBuilder &k) { return SpecialRegister(k, "nctaid.x"); }

void Barrier(KernelBuilder &k) {
  LLVM::CallIntrinsicOp::create(k.b, k.b.getStringAttr("llvm.nvvm.barrier.cta.sync.aligned.all"),
                                ValueRange{Number(k, 0)});
}

Value SharedMemory(KernelBuilder &k, Type element, int64_t count) {
  func::FuncOp function = k.function();
  auto module = function->getParentOfType<ModuleOp>();
  std::string name;
  for (int number = 0; name.empty() || module.lookupSymbol(name); ++number)
    name = (function.getName() + "_shared_" + Twine(number)).str();
  constexpr unsigned kShared = 3;
  auto type = LLVM::LLVMArrayType::get(element, static_cast<uint64_t>(count));
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  LLVM::GlobalOp::create(top, k.b.getLoc(), type, /*isConstant=*/false, LLVM::Linkage::Internal, name,
                         mlir::Attribute(),
                         /*alignment=*/16, kShared);
  return k.OnEntry([&] {
    return LLVM::AddressOfOp::create(k.b, LLVM::LLVMPointerType::get(k.b.getContext(), kShared), name).getResult();
  });
}

RowThreads BlockThreads(KernelBuilder &k) {
  RowThreads threads;
  Value thread = ThreadNumber(k);
  int64_t warps = k.schedule.threads / kWarp;
  // Every reduction has memory of its own, and each row has all of them in the same order.
  bool is_alone = llvm::count_if(k.body(), [](Operation &op) { return IsReduction(&op); }) == 1;
  threads.first = thread;
  threads.count = k.Constant(k.schedule.threads);
  threads.combine = [&k, thread, warps, is_alone](Operation *reduction, Value found) {
    found = CombineWithin(k, reduction, found, kWarp);
    if (warps == 1) return found;
    // One number per warp goes through shared memory, where every thread reads all of them in the same order.
    DType stored = AccumulatorType(TypeOf(reduction->getOperand(0)).dtype);
    Value memory = SharedMemory(k, StorageType(k.b.getContext(), stored), warps);
    auto at = [&](Value warp) { return k.ElementPointer(memory, StorageType(k.b.getContext(), stored), warp); };
    Value is_first =
        arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, k.Urem(thread, k.Constant(kWarp)), k.Constant(0));
    k.IfThen(is_first, [&] { k.Store(found, at(k.Udiv(thread, k.Constant(kWarp))), stored, 1, nullptr); });
    Barrier(k);
    Value result = k.Load(at(k.Constant(0)), stored, 1, nullptr);
    for (int64_t warp = 1; warp < warps; ++warp)
      result = ReductionStep(k, reduction, result, k.Load(at(k.Constant(warp)), stored, 1, nullptr), nullptr);
    // Before the next row writes there. Of several reductions, the barriers of the others are in between.
    if (is_alone) Barrier(k);
    return result;
  };
  threads.on_one = [&k, thread](llvm::function_ref<void()> body) {
    k.IfThen(arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, thread, k.Constant(0)), body);
  };
  return threads;
}

KernelInfo OverTiles(KernelBuilder &k, TilesOf owner, llvm::function_ref<KernelInfo()> emit) {
  bool by_block = owner == TilesOf::Blocks;
  Value first = BlockNumber(k), step = NumberOfBlocks(k), width = k.Constant(k.schedule.threads);
  if (!by_block) {
    first = k.OnEntry([&] { return k.Add(k.Mul(first, width), ThreadNumber(k)); });
    step = k.OnEntry([&] { return k.Mul(step, width); });
  }
  // How far apart the parts of the workspace lie is known when the code is there.
  Value whole = k.workspace;
  auto part =
      LLVM::GEPOp::create(k.b, k.workspace.getType(), k.b.getI8Type(), k.workspace, ArrayRef<LLVM::GEPArg>{first});
  k.workspace = part;
  KernelInfo info;
  k.ForRange(first, k.tiles, step, [&](Value tile) {
    k.tile_begin = tile;
    k.tile_end = k.Add(tile, k.Constant(1));
    info = emit();
  });
  Launch launch;
  launch.threads = k.schedule.threads;
  launch.tiles_per_block = by_block ? 1 : launch.threads;
  if (info.workspace_bytes.Is(0)) {
    part.replaceAllUsesWith(whole);
    part.erase();
  } else {
    // Every part begins where any number may lie.
    constexpr int64_t kAlignment = INGOT_ALIGNMENT;
    Dim bytes = Dim::CeilDiv(info.workspace_bytes, kAlignment) * Dim(kAlignment);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPoint(part);
    part.getDynamicIndicesMutable().assign(k.Mul(first, k.Size(bytes)));
    launch.most_blocks = by_block ? kBlocksWithWorkspace : kBlocksOfThreadsWithWorkspace;
    info.workspace_bytes = by_block ? bytes : bytes * Dim(launch.threads);
  }
  info.launch = launch;
  return info;
}

}  // namespace ingot::compiler
