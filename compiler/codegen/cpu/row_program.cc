#include "compiler/codegen/cpu/row_program.h"

#include "compiler/codegen/cpu/scalar_math.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

RowProgram::RowProgram(KernelBuilder &k, Dims space, ArrayRef<Operation *> ops, ArrayRef<Value> sinks)
    : k(k), space(std::move(space)), ops(ops), sinks(sinks) {
  for (Operation *op : ops) {
    int depth = 0;
    for (Value operand : op->getOperands()) depth = std::max(depth, LevelOf(operand));
    level[op->getResult(0)] = depth + (IsReduction(op) ? 1 : 0);
    passes = std::max(passes, depth + 1);
  }
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (IsReduction(op) || !IsFull(value) || isa<ir::CopyOp, ir::IotaOp>(op)) continue;
    for (Operation *user : value.getUsers())
      if (llvm::is_contained(ops, user) && IsFull(user->getOperand(0))) {
        int when = IsReduction(user) ? LevelOf(user->getResult(0)) - 1 : LevelOf(user->getResult(0));
        if (when > level[value] && !llvm::is_contained(staged, value)) staged.push_back(value);
      }
  }
}

bool RowProgram::IsFull(Value value) const { return RowExtentOf(TypeOf(value).dims, space) == RowExtent::Full; }

int RowProgram::LevelOf(Value value) const {
  if (auto view = value.getDefiningOp<ir::ViewOp>()) value = view.getSource();
  auto found = level.find(value);
  return found == level.end() ? 0 : found->second;
}

void RowProgram::emit(ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                      llvm::function_ref<void(Value, PointEmitter &)> sink) {
  per_row.clear();
  EmitPerRow(0, outer);
  for (int pass = 0; pass < passes; ++pass) {
    EmitPass(pass, outer, staging, memory, sink);
    EmitPerRow(pass + 1, outer);
  }
}

// Element-wise work on per-row scalars, as soon as its operands are known.
void RowProgram::EmitPerRow(int pass, ArrayRef<Value> outer) {
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (IsReduction(op) || IsFull(value) || level[value] != pass) continue;
    Point point;
    point.index.assign(outer.begin(), outer.end());
    if (TypeOf(value).dims.size() == space.size()) point.index.push_back(k.constant(0));
    PointEmitter emitter(k, point);
    for (auto [tensor, scalar] : per_row) emitter.set(tensor, scalar);
    per_row[value] = emitter.at(value);
  }
}

void RowProgram::EmitPass(int pass, ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                          llvm::function_ref<void(Value, PointEmitter &)> sink) {
  SmallVector<Operation *> reductions;
  for (Operation *op : ops)
    if (IsReduction(op) && LevelOf(op->getResult(0)) == pass + 1) reductions.push_back(op);
  SmallVector<Value> to_stage, to_sink;
  for (Value value : staged)
    if (level[value] == pass) to_stage.push_back(value);
  for (Value value : sinks)
    if (LevelOf(value) == pass) to_sink.push_back(value);
  if (reductions.empty() && to_stage.empty() && to_sink.empty()) return;

  Dim length = space.back();
  int width = VectorWidthFor(k, length);
  auto row_of = [&](Value value) {
    size_t number = llvm::find(staged, value) - staged.begin();
    return k.BytePointer(staging, k.dim(RowBytes(length) * Dim(static_cast<int64_t>(number))));
  };
  // Memory form of staged and borrowed rows: half types stay f32.
  auto row_d_type = [](Value value) {
    DType dtype = TypeOf(value).dtype;
    return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype;
  };
  auto element = [&](Value value) { return StorageType(k.b.getContext(), row_d_type(value)); };
  auto prepare = [&](PointEmitter &emitter, Value j, Value lanes) {
    for (auto [tensor, scalar] : per_row) emitter.set(tensor, scalar);
    for (auto [tensor, pointer] : memory)
      emitter.set(tensor, k.load(k.ElementPointer(pointer, element(tensor), j), row_d_type(tensor), width, lanes));
    for (Value value : staged)
      if (level[value] < pass)
        emitter.set(value, k.load(k.ElementPointer(row_of(value), element(value), j), row_d_type(value), width, lanes));
  };
  auto body = [&](Value j, Value lanes, SmallVectorImpl<Value> &accumulators, size_t first_accumulator) {
    Point point;
    point.index.assign(outer.begin(), outer.end());
    point.index.push_back(j);
    point.width = width;
    point.lanes = lanes;
    PointEmitter emitter(k, point);
    prepare(emitter, j, lanes);
    for (size_t i = 0; i < reductions.size(); ++i) {
      Value &accumulator = accumulators[first_accumulator + i];
      accumulator = ReductionStep(k, reductions[i], accumulator, emitter.at(reductions[i]->getOperand(0)), lanes);
    }
    for (Value value : to_stage)
      k.store(emitter.at(value), k.ElementPointer(row_of(value), element(value), j), row_d_type(value), width, lanes);
    for (Value value : to_sink) sink(value, emitter);
  };

  // Several vectors per step hide the latency of the sums; their accumulators are combined in a fixed order.
  std::optional<int64_t> constant = length.constant();
  constexpr int kUnroll = 4;
  bool unroll = width > 1 && (!constant || *constant >= kUnroll * width);
  size_t count = reductions.size();
  SmallVector<Value> accumulators;
  for (int u = 0; u < (unroll ? kUnroll : 1); ++u)
    for (Operation *reduction : reductions) accumulators.push_back(ReductionStart(k, reduction, width));
  Value begin = k.constant(0), end = k.dim(length), step = k.constant(width);
  Value at = begin;
  auto loop = [&](Value stop, int copies) {
    Value stride = k.constant(copies * width);
    accumulators = k.ForReduce(at, stop, stride, accumulators, [&](Value j, ValueRange carried) {
      SmallVector<Value> next(carried.begin(), carried.end());
      for (int u = 0; u < copies; ++u) body(k.add(j, k.constant(u * width)), nullptr, next, u * count);
      return next;
    });
    at = stop;
  };
  auto whole_up_to = [&](int64_t piece) {
    return constant ? k.constant(*constant / piece * piece) : k.mul(k.udiv(end, k.constant(piece)), k.constant(piece));
  };
  if (unroll) {
    loop(whole_up_to(kUnroll * width), kUnroll);
    for (int u = kUnroll - 1; u >= 1; --u)
      for (size_t i = 0; i < count; ++i) {
        Value &left = accumulators[(u - 1) * count + i];
        left = ReductionStep(k, reductions[i], left, accumulators[u * count + i], nullptr);
      }
    accumulators.resize(count);
  }
  if (!constant || *constant % (unroll ? kUnroll * width : width) >= width || (!unroll && *constant >= width))
    loop(whole_up_to(width), 1);
  if (width > 1 && (!constant || *constant % width != 0)) {
    // The last, partial vector; without one, no lane counts and nothing is stored.
    if (count == 0) {
      k.IfThen(k.less(at, end), [&] { body(at, k.sub(end, at), accumulators, 0); });
    } else {
      accumulators = k.ForReduce(at, end, step, accumulators, [&](Value j, ValueRange carried) {
        SmallVector<Value> next(carried.begin(), carried.end());
        body(j, k.sub(end, j), next, 0);
        return next;
      });
    }
  }
  for (size_t i = 0; i < count; ++i)
    per_row[reductions[i]->getResult(0)] = ReductionFinish(k, reductions[i], accumulators[i]);
}

}  // namespace ingot::compiler
