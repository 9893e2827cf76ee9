#include "compiler/codegen/cpu/row_program.h"

#include "compiler/codegen/cpu/scalar_math.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

RowProgram::RowProgram(KernelBuilder &k, Dims space, ArrayRef<Operation *> ops, ArrayRef<Value> sinks)
    : k(k), space(std::move(space)), ops(ops), sinks(sinks) {
  for (Operation *op : ops) {
    int depth = 0;
    for (Value operand : op->getOperands()) depth = std::max(depth, levelOf(operand));
    level[op->getResult(0)] = depth + (isReduction(op) ? 1 : 0);
    passes = std::max(passes, depth + 1);
  }
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (isReduction(op) || !isFull(value) || isa<ir::CopyOp, ir::IotaOp>(op)) continue;
    for (Operation *user : value.getUsers())
      if (llvm::is_contained(ops, user) && isFull(user->getOperand(0))) {
        int when = isReduction(user) ? levelOf(user->getResult(0)) - 1 : levelOf(user->getResult(0));
        if (when > level[value] && !llvm::is_contained(staged, value)) staged.push_back(value);
      }
  }
}

bool RowProgram::isFull(Value value) const { return rowExtent(typeOf(value).dims, space) == RowExtent::Full; }

int RowProgram::levelOf(Value value) const {
  if (auto view = value.getDefiningOp<ir::ViewOp>()) value = view.getSource();
  auto found = level.find(value);
  return found == level.end() ? 0 : found->second;
}

void RowProgram::emit(ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                      llvm::function_ref<void(Value, PointEmitter &)> sink) {
  perRow.clear();
  emitPerRow(0, outer);
  for (int pass = 0; pass < passes; ++pass) {
    emitPass(pass, outer, staging, memory, sink);
    emitPerRow(pass + 1, outer);
  }
}

// Element-wise work on per-row scalars, as soon as its operands are known.
void RowProgram::emitPerRow(int pass, ArrayRef<Value> outer) {
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (isReduction(op) || isFull(value) || level[value] != pass) continue;
    Point point;
    point.index.assign(outer.begin(), outer.end());
    if (typeOf(value).dims.size() == space.size()) point.index.push_back(k.constant(0));
    PointEmitter emitter(k, point);
    for (auto [tensor, scalar] : perRow) emitter.set(tensor, scalar);
    perRow[value] = emitter.at(value);
  }
}

void RowProgram::emitPass(int pass, ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                          llvm::function_ref<void(Value, PointEmitter &)> sink) {
  SmallVector<Operation *> reductions;
  for (Operation *op : ops)
    if (isReduction(op) && levelOf(op->getResult(0)) == pass + 1) reductions.push_back(op);
  SmallVector<Value> toStage, toSink;
  for (Value value : staged)
    if (level[value] == pass) toStage.push_back(value);
  for (Value value : sinks)
    if (levelOf(value) == pass) toSink.push_back(value);
  if (reductions.empty() && toStage.empty() && toSink.empty()) return;

  Dim length = space.back();
  int width = vectorWidthFor(k, length);
  auto rowOf = [&](Value value) {
    size_t number = llvm::find(staged, value) - staged.begin();
    return k.bytePointer(staging, k.dim(rowBytes(length) * Dim(static_cast<int64_t>(number))));
  };
  // Memory form of staged and borrowed rows: half types stay f32.
  auto rowDType = [](Value value) {
    DType dtype = typeOf(value).dtype;
    return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype;
  };
  auto element = [&](Value value) { return storageType(k.b.getContext(), rowDType(value)); };
  auto prepare = [&](PointEmitter &emitter, Value j, Value lanes) {
    for (auto [tensor, scalar] : perRow) emitter.set(tensor, scalar);
    for (auto [tensor, pointer] : memory)
      emitter.set(tensor, k.load(k.elementPointer(pointer, element(tensor), j), rowDType(tensor), width, lanes));
    for (Value value : staged)
      if (level[value] < pass)
        emitter.set(value, k.load(k.elementPointer(rowOf(value), element(value), j), rowDType(value), width, lanes));
  };
  auto body = [&](Value j, Value lanes, SmallVectorImpl<Value> &accumulators, size_t firstAccumulator) {
    Point point;
    point.index.assign(outer.begin(), outer.end());
    point.index.push_back(j);
    point.width = width;
    point.lanes = lanes;
    PointEmitter emitter(k, point);
    prepare(emitter, j, lanes);
    for (size_t i = 0; i < reductions.size(); ++i) {
      Value &accumulator = accumulators[firstAccumulator + i];
      accumulator = reductionStep(k, reductions[i], accumulator, emitter.at(reductions[i]->getOperand(0)), lanes);
    }
    for (Value value : toStage)
      k.store(emitter.at(value), k.elementPointer(rowOf(value), element(value), j), rowDType(value), width, lanes);
    for (Value value : toSink) sink(value, emitter);
  };

  // Several vectors per step hide the latency of the sums; their accumulators are combined in a fixed order.
  std::optional<int64_t> constant = length.constant();
  constexpr int kUnroll = 4;
  bool unroll = width > 1 && (!constant || *constant >= kUnroll * width);
  size_t count = reductions.size();
  SmallVector<Value> accumulators;
  for (int u = 0; u < (unroll ? kUnroll : 1); ++u)
    for (Operation *reduction : reductions) accumulators.push_back(reductionStart(k, reduction, width));
  Value begin = k.constant(0), end = k.dim(length), step = k.constant(width);
  Value at = begin;
  auto loop = [&](Value stop, int copies) {
    Value stride = k.constant(copies * width);
    accumulators = k.forReduce(at, stop, stride, accumulators, [&](Value j, ValueRange carried) {
      SmallVector<Value> next(carried.begin(), carried.end());
      for (int u = 0; u < copies; ++u) body(k.add(j, k.constant(u * width)), nullptr, next, u * count);
      return next;
    });
    at = stop;
  };
  auto wholeUpTo = [&](int64_t piece) {
    return constant ? k.constant(*constant / piece * piece) : k.mul(k.udiv(end, k.constant(piece)), k.constant(piece));
  };
  if (unroll) {
    loop(wholeUpTo(kUnroll * width), kUnroll);
    for (int u = kUnroll - 1; u >= 1; --u)
      for (size_t i = 0; i < count; ++i) {
        Value &left = accumulators[(u - 1) * count + i];
        left = reductionStep(k, reductions[i], left, accumulators[u * count + i], nullptr);
      }
    accumulators.resize(count);
  }
  if (!constant || *constant % (unroll ? kUnroll * width : width) >= width || (!unroll && *constant >= width))
    loop(wholeUpTo(width), 1);
  if (width > 1 && (!constant || *constant % width != 0)) {
    // The last, partial vector; without one, no lane counts and nothing is stored.
    if (count == 0) {
      k.ifThen(k.less(at, end), [&] { body(at, k.sub(end, at), accumulators, 0); });
    } else {
      accumulators = k.forReduce(at, end, step, accumulators, [&](Value j, ValueRange carried) {
        SmallVector<Value> next(carried.begin(), carried.end());
        body(j, k.sub(end, j), next, 0);
        return next;
      });
    }
  }
  for (size_t i = 0; i < count; ++i)
    perRow[reductions[i]->getResult(0)] = reductionFinish(k, reductions[i], accumulators[i]);
}

}  // namespace ingot::compiler
