#include "compiler/codegen/point/row_program.h"

#include "compiler/codegen/point/scalar_math.h"
#include "compiler/fusion/region_planner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

RowProgram::RowProgram(KernelBuilder &k, Dims space, ArrayRef<Operation *> ops, ArrayRef<Value> sinks,
                       const RowThreads *threads)
    : k_(k), space_(std::move(space)), ops_(ops), sinks_(sinks), threads_(threads) {
  for (Operation *op : ops) {
    int depth = 0;
    for (Value operand : op->getOperands()) depth = std::max(depth, LevelOf(operand));
    level_[op->getResult(0)] = depth + (IsReduction(op) ? 1 : 0);
    passes_ = std::max(passes_, depth + 1);
  }
  FindParts();
  if (parts_ != 0) return;
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (IsReduction(op) || !IsFull(value) || isa<ir::CopyOp, ir::IotaOp>(op)) continue;
    for (Operation *user : value.getUsers())
      if (llvm::is_contained(ops, user) && IsFull(user->getOperand(0))) {
        int when = IsReduction(user) ? LevelOf(user->getResult(0)) - 1 : LevelOf(user->getResult(0));
        if (when > level_[value] && !llvm::is_contained(staged_, value)) staged_.push_back(value);
      }
  }
}

bool RowProgram::IsFull(Value value) const { return RowExtentOf(TypeOf(value).dims, space_) == RowExtent::Full; }

int RowProgram::LevelOf(Value value) const {
  if (auto view = value.getDefiningOp<ir::ViewOp>()) value = view.getSource();
  auto found = level_.find(value);
  return found == level_.end() ? 0 : found->second;
}

void RowProgram::Emit(ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                      llvm::function_ref<void(Value, PointEmitter &)> sink) {
  per_row.clear();
  EmitPerRow(0, outer);
  std::vector<Part> parts = PartsOf(outer);
  for (int pass = 0; pass < passes_; ++pass) {
    if (parts.empty())
      EmitPass(pass, outer, staging, memory, sink);
    else
      EmitInRegisters(pass, parts, sink);
    EmitPerRow(pass + 1, outer);
  }
}

// As wide as memory is read, and no more of them than registers hold: several values of each element live at once.
void RowProgram::FindParts() {
  constexpr int64_t kMostBytes = 64;
  std::optional<int64_t> length = space_.back().constant();
  if (!threads_ || threads_->most == 0 || !length || *length == 0) return;
  int64_t bytes = ElementBytes(DType::kF32);
  for (Operation *op : ops_) bytes = std::max(bytes, ElementBytes(TypeOf(op->getResult(0)).dtype));
  part_width_ = static_cast<int>(ElementsIn16Bytes(k_));
  while (*length % part_width_ != 0) part_width_ /= 2;
  int64_t parts = (*length + part_width_ * threads_->most - 1) / (part_width_ * threads_->most);
  if (parts * part_width_ * bytes <= kMostBytes) parts_ = parts;
}

// Those that are not there repeat the last.
std::vector<RowProgram::Part> RowProgram::PartsOf(ArrayRef<Value> outer) {
  std::vector<Part> parts;
  for (int64_t i = 0; i < parts_; ++i) {
    int64_t length = *space_.back().constant();
    Value at = k_.Mul(k_.Add(threads_->first, k_.Constant(i * threads_->most)), k_.Constant(part_width_)), is_there;
    if ((i + 1) * threads_->most * part_width_ > length) {
      is_there = k_.Less(at, k_.Constant(length));
      at = k_.Min(at, k_.Constant(length - part_width_));
    }
    Point point;
    point.index.assign(outer.begin(), outer.end());
    point.index.push_back(at);
    point.width = part_width_;
    parts.push_back({PointEmitter(k_, point), is_there});
  }
  return parts;
}

SmallVector<Operation *> RowProgram::ReductionsOf(int pass) const {
  SmallVector<Operation *> reductions;
  for (Operation *op : ops_)
    if (IsReduction(op) && LevelOf(op->getResult(0)) == pass + 1) reductions.push_back(op);
  return reductions;
}

// Emitters keep what they have computed: a later pass finds it in registers.
void RowProgram::EmitInRegisters(int pass, MutableArrayRef<Part> parts,
                                 llvm::function_ref<void(Value, PointEmitter &)> sink) {
  for (Part &part : parts)
    for (auto [tensor, scalar] : per_row) part.emitter.Set(tensor, scalar);
  SmallVector<Value> found;
  SmallVector<Operation *> reductions = ReductionsOf(pass);
  for (Operation *reduction : reductions) {
    Value start = ReductionStart(k_, reduction, part_width_), accumulator = start;
    for (Part &part : parts) {
      Value next = ReductionStep(k_, reduction, accumulator, part.emitter.At(reduction->getOperand(0)), nullptr);
      accumulator = part.is_there ? arith::SelectOp::create(k_.b, part.is_there, next, accumulator) : next;
    }
    found.push_back(ReductionFinish(k_, reduction, accumulator));
  }
  for (Value value : sinks_) {
    if (LevelOf(value) != pass) continue;
    for (Part &part : parts) {
      (void)part.emitter.At(value);
      if (part.is_there)
        k_.IfThen(part.is_there, [&] { sink(value, part.emitter); });
      else
        sink(value, part.emitter);
    }
  }
  for (auto [reduction, value] : llvm::zip_equal(reductions, found))
    per_row[reduction->getResult(0)] = threads_->combine(reduction, value);
}

// Element-wise work on per-row scalars, as soon as its operands are known.
void RowProgram::EmitPerRow(int pass, ArrayRef<Value> outer) {
  for (Operation *op : ops_) {
    Value value = op->getResult(0);
    if (IsReduction(op) || IsFull(value) || level_[value] != pass) continue;
    Point point;
    point.index.assign(outer.begin(), outer.end());
    if (TypeOf(value).dims.size() == space_.size()) point.index.push_back(k_.Constant(0));
    PointEmitter emitter(k_, point);
    for (auto [tensor, scalar] : per_row) emitter.Set(tensor, scalar);
    per_row[value] = emitter.At(value);
  }
}

void RowProgram::EmitPass(int pass, ArrayRef<Value> outer, Value staging, const DenseMap<Value, Value> &memory,
                          llvm::function_ref<void(Value, PointEmitter &)> sink) {
  SmallVector<Operation *> reductions = ReductionsOf(pass);
  SmallVector<Value> to_stage, to_sink;
  for (Value value : staged_)
    if (level_[value] == pass) to_stage.push_back(value);
  for (Value value : sinks_)
    if (LevelOf(value) == pass) to_sink.push_back(value);
  if (reductions.empty() && to_stage.empty() && to_sink.empty()) return;

  Dim length = space_.back();
  int width = VectorWidthFor(k_, length);
  auto row_of = [&](Value value) {
    size_t number = llvm::find(staged_, value) - staged_.begin();
    return k_.BytePointer(staging, k_.Size(RowBytes(length) * Dim(static_cast<int64_t>(number))));
  };
  // Memory form of staged and borrowed rows: half types stay f32.
  auto row_dtype = [](Value value) { return AccumulatorType(TypeOf(value).dtype); };
  auto element = [&](Value value) { return StorageType(k_.b.getContext(), row_dtype(value)); };
  auto prepare = [&](PointEmitter &emitter, Value j, Value lanes) {
    for (auto [tensor, scalar] : per_row) emitter.Set(tensor, scalar);
    for (auto [tensor, pointer] : memory)
      emitter.Set(tensor, k_.Load(k_.ElementPointer(pointer, element(tensor), j), row_dtype(tensor), width, lanes));
    for (Value value : staged_)
      if (level_[value] < pass)
        emitter.Set(value,
                    k_.Load(k_.ElementPointer(row_of(value), element(value), j), row_dtype(value), width, lanes));
  };
  auto body = [&](Value j, Value lanes, SmallVectorImpl<Value> &accumulators, size_t first_accumulator) {
    Point point;
    point.index.assign(outer.begin(), outer.end());
    point.index.push_back(j);
    point.width = width;
    point.lanes = lanes;
    PointEmitter emitter(k_, point);
    prepare(emitter, j, lanes);
    for (size_t i = 0; i < reductions.size(); ++i) {
      Value &accumulator = accumulators[first_accumulator + i];
      accumulator = ReductionStep(k_, reductions[i], accumulator, emitter.At(reductions[i]->getOperand(0)), lanes);
    }
    for (Value value : to_stage)
      k_.Store(emitter.At(value), k_.ElementPointer(row_of(value), element(value), j), row_dtype(value), width, lanes);
    for (Value value : to_sink) sink(value, emitter);
  };

  // Several vectors per step hide the latency of the sums; their accumulators are combined in a fixed order.
  std::optional<int64_t> constant = length.constant();
  constexpr int kUnroll = 4;
  bool unroll = width > 1 && (!constant || *constant >= kUnroll * width);
  size_t count = reductions.size();
  SmallVector<Value> accumulators;
  for (int u = 0; u < (unroll ? kUnroll : 1); ++u)
    for (Operation *reduction : reductions) accumulators.push_back(ReductionStart(k_, reduction, width));
  Value end = k_.Size(length), step = threads_ ? threads_->count : k_.Constant(width);
  Value at = threads_ ? threads_->first : k_.Constant(0);
  auto loop = [&](Value stop, int copies) {
    Value stride = copies == 1 ? step : k_.Constant(copies * width);
    accumulators = k_.ForReduce(at, stop, stride, accumulators, [&](Value j, ValueRange carried) {
      SmallVector<Value> next(carried.begin(), carried.end());
      for (int u = 0; u < copies; ++u) body(k_.Add(j, k_.Constant(u * width)), nullptr, next, u * count);
      return next;
    });
    at = stop;
  };
  auto whole_up_to = [&](int64_t piece) {
    return constant ? k_.Constant(*constant / piece * piece)
                    : k_.Mul(k_.Udiv(end, k_.Constant(piece)), k_.Constant(piece));
  };
  if (unroll) {
    loop(whole_up_to(kUnroll * width), kUnroll);
    for (int u = kUnroll - 1; u >= 1; --u)
      for (size_t i = 0; i < count; ++i) {
        Value &left = accumulators[(u - 1) * count + i];
        left = ReductionStep(k_, reductions[i], left, accumulators[u * count + i], nullptr);
      }
    accumulators.resize(count);
  }
  if (!constant || *constant % (unroll ? kUnroll * width : width) >= width || (!unroll && *constant >= width))
    loop(whole_up_to(width), 1);
  if (width > 1 && (!constant || *constant % width != 0)) {
    // The last, partial vector; without one, no lane counts and nothing is stored.
    if (count == 0) {
      k_.IfThen(k_.Less(at, end), [&] { body(at, k_.Sub(end, at), accumulators, 0); });
    } else {
      accumulators = k_.ForReduce(at, end, step, accumulators, [&](Value j, ValueRange carried) {
        SmallVector<Value> next(carried.begin(), carried.end());
        body(j, k_.Sub(end, j), next, 0);
        return next;
      });
    }
  }
  for (size_t i = 0; i < count; ++i) {
    Value found = ReductionFinish(k_, reductions[i], accumulators[i]);
    per_row[reductions[i]->getResult(0)] = threads_ ? threads_->combine(reductions[i], found) : found;
  }
}

}  // namespace ingot::compiler
