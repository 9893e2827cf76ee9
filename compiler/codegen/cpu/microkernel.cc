#include "compiler/codegen/cpu/microkernel.h"

#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// Some rows times some panels, whose sums are in registers.
class BlockEmitter {
 public:
  BlockEmitter(KernelBuilder &k, const Microkernel &micro, const Microkernel::Callbacks &callbacks, int rows,
               int panels)
      : k_(k), micro_(micro), callbacks_(callbacks), depth_(micro.depth), rows_(rows) {
    int width = k.target.vector_width;
    per_panel_ = static_cast<int>(k.schedule.panel_width) / width;
    vectors_ = panels * per_panel_;
    element_ = ComputeType(k.b.getContext(), micro.dtype);
    zeros_.assign(rows * vectors_, k.Zero(element_, width));
  }

  void Emit(Value first, Value number, int panels) {
    // The optimiser would compute all addresses, with everything that `first` was computed from, anew in every step of
    // the inner loop (seen in LLVM 22).
    first_ = k_.Opaque(first);
    for (int i = 0; i < rows_; ++i) row_pointers_.push_back(callbacks_.row(k_.Add(first_, k_.Constant(i))));
    for (int p = 0; p < panels; ++p) panel_pointers_.push_back(callbacks_.panel(p));
    if (callbacks_.prefetch) ahead_ = callbacks_.prefetch(number);
    Value zero = k_.Constant(0);
    std::optional<int64_t> total = NumElements(depth_).constant();
    if (total && *total <= k_.schedule.sum_length) {
      SmallVector<Value> sums = Nest(0, zero, k_.Size(depth_[0]), zero, zero, zeros_);
      OverSums([&](Value pointer, size_t n) { Store(sums[n], pointer); });
      return;
    }
    // Blocks of one axis, the first of which one step is no longer than a sum may be.
    while (blocked_ + 1 < depth_.size() && Behind(blocked_).constant().value_or(0) > k_.schedule.sum_length) ++blocked_;
    OverSums([&](Value pointer, size_t n) { Store(zeros_[n], pointer); });
    Blocks(0, zero, zero);
  }

 private:
  // The elements of the contracted axes behind this one.
  Dim Behind(size_t axis) const { return NumElements(Dims(depth_.begin() + axis + 1, depth_.end())); }
  DType accumulator() const { return AccumulatorType(micro_.dtype); }
  void Store(Value sum, Value pointer) { k_.Store(sum, pointer, accumulator(), k_.target.vector_width, nullptr); }

  void OverSums(llvm::function_ref<void(Value, size_t)> body) {
    for (int i = 0; i < rows_; ++i)
      for (int v = 0; v < vectors_; ++v)
        body(callbacks_.sum(first_, i, v * k_.target.vector_width), static_cast<size_t>(i * vectors_ + v));
  }

  // One step of the depth, at this offset of the left operand and this flat index.
  SmallVector<Value> Step(Value left_offset, Value flat, ValueRange sums) {
    int width = k_.target.vector_width;
    Type left_element = StorageType(k_.b.getContext(), micro_.dtype),
         panel_element = StorageType(k_.b.getContext(), micro_.panel_dtype);
    SmallVector<Value> right, next;
    Value panel_offset = k_.Mul(flat, k_.Constant(k_.schedule.panel_width));
    for (int v = 0; v < vectors_; ++v) {
      Value pointer = k_.ElementPointer(panel_pointers_[v / per_panel_], panel_element,
                                        k_.Add(panel_offset, k_.Constant(v % per_panel_ * width)));
      right.push_back(k_.Load(pointer, micro_.panel_dtype, width, nullptr));
    }
    for (int i = 0; i < rows_; ++i) {
      Value pointer = k_.ElementPointer(row_pointers_[i], left_element, left_offset);
      Value left = k_.Splat(k_.Load(pointer, micro_.dtype, 1, nullptr), width);
      for (int v = 0; v < vectors_; ++v) {
        Value sum = sums[i * vectors_ + v];
        next.push_back(MultiplyAdd(k_, left, right[v], sum));
      }
    }
    return next;
  }

  // Steps [begin, end) of one axis and all of the axes behind it.
  SmallVector<Value> Nest(size_t axis, Value begin, Value end, Value left_offset, Value flat, ValueRange carried) {
    Value inner = k_.Size(Behind(axis));
    auto at = [&](Value i, ValueRange values) -> SmallVector<Value> {
      Value left = k_.Add(left_offset, k_.MulDim(i, micro_.strides[axis])), index = k_.Add(flat, k_.Mul(i, inner));
      if (axis + 1 == depth_.size()) return Step(left, index, values);
      return Nest(axis + 1, k_.Constant(0), k_.Size(depth_[axis + 1]), left, index, values);
    };
    if (!ahead_ || axis + 1 != depth_.size()) return k_.ForReduce(begin, end, k_.Constant(1), carried, at);
    // Four steps with a prefetch, then the rest.
    constexpr int64_t kSteps = Microkernel::kStepsPerPrefetch;
    Value four = k_.Constant(kSteps), whole = k_.Add(begin, k_.Mul(k_.Udiv(k_.Sub(end, begin), four), four));
    SmallVector<Value> sums = k_.ForReduce(begin, whole, four, carried, [&](Value i, ValueRange values) {
      Value line = k_.BytePointer(ahead_, k_.Mul(k_.Add(flat, i), k_.Constant(64 / kSteps)));
      LLVM::Prefetch::create(k_.b, line, /*rw=*/0, /*hint=*/2, /*cache=*/1);
      SmallVector<Value> next(values.begin(), values.end());
      for (int64_t s = 0; s < kSteps; ++s) next = at(k_.Add(i, k_.Constant(s)), next);
      return next;
    });
    if (depth_[axis].constant().value_or(1) % kSteps == 0) return sums;
    return k_.ForReduce(whole, end, k_.Constant(1), sums, at);
  }

  // The axes from this one on, in blocks whose sums are added up in memory.
  void Blocks(size_t axis, Value left_offset, Value flat) {
    Value begin = k_.Constant(0), end = k_.Size(depth_[axis]);
    if (axis < blocked_) {
      k_.ForRange(begin, end, k_.Constant(1), [&](Value i) {
        Blocks(axis + 1, k_.Add(left_offset, k_.MulDim(i, micro_.strides[axis])),
               k_.Add(flat, k_.Mul(i, k_.Size(Behind(axis)))));
      });
      return;
    }
    int64_t per_step = Behind(axis).constant().value_or(k_.schedule.sum_length);
    Value block = k_.Constant(std::max<int64_t>(1, k_.schedule.sum_length / std::max<int64_t>(1, per_step)));
    k_.ForRange(begin, end, block, [&](Value from) {
      SmallVector<Value> sums = Nest(axis, from, k_.Min(end, k_.Add(from, block)), left_offset, flat, zeros_);
      OverSums([&](Value pointer, size_t n) {
        Value old = k_.Load(pointer, accumulator(), k_.target.vector_width, nullptr);
        Store(isa<FloatType>(element_) ? Value(arith::AddFOp::create(k_.b, old, sums[n]))
                                       : Value(arith::AddIOp::create(k_.b, old, sums[n])),
              pointer);
      });
    });
  }

  KernelBuilder &k_;
  const Microkernel &micro_;
  const Microkernel::Callbacks &callbacks_;
  const Dims &depth_;
  int rows_, per_panel_, vectors_;
  Type element_;
  SmallVector<Value> zeros_, row_pointers_, panel_pointers_;
  Value first_, ahead_;
  size_t blocked_ = 0;  // the axis that goes in blocks
};

}  // namespace

void Microkernel::Emit(KernelBuilder &k, Value begin, Value end, int panels, int max_rows, const Callbacks &callbacks,
                       int min_rest) const {
  Value step = k.Constant(max_rows), whole = k.Add(begin, k.Mul(k.Udiv(k.Sub(end, begin), step), step));
  auto number = [&](Value first) { return callbacks.prefetch ? k.Udiv(k.Sub(first, begin), step) : Value(); };
  k.ForRange(begin, whole, step, [&](Value first) {
    BlockEmitter(k, *this, callbacks, max_rows, panels).Emit(first, number(first), panels);
    callbacks.after(first, step);
  });
  if (max_rows == 1) return;
  Value left = k.Sub(end, whole);
  k.SwitchOn(left, min_rest, max_rows - 1,
             [&](int rows) { BlockEmitter(k, *this, callbacks, rows, panels).Emit(whole, number(whole), panels); });
  k.IfThen(k.Less(whole, end), [&] { callbacks.after(whole, left); });
}

void EmitPack(KernelBuilder &k, Value from, DType dtype, const Dims &depth, const Dims &depth_strides,
              const Dim &column_stride, Value columns, Value first, Value count, Value to) {
  DType packed = AccumulatorType(dtype);
  Type from_element = StorageType(k.b.getContext(), dtype), to_element = StorageType(k.b.getContext(), packed);
  Value total = k.Size(NumElements(depth)), columns_of_panel = k.Constant(k.schedule.panel_width);
  // Calls body(offset of the source, flat depth index) for all of the depth.
  auto over_depth = [&](llvm::function_ref<void(Value, Value)> body) {
    std::function<void(size_t, Value, Value)> nest = [&](size_t axis, Value offset, Value flat) {
      if (axis == depth.size()) return body(offset, flat);
      if (depth[axis].Is(1)) return nest(axis + 1, offset, flat);
      Value inner = k.Size(NumElements(Dims(depth.begin() + axis + 1, depth.end())));
      k.ForRange(k.Constant(0), k.Size(depth[axis]), k.Constant(1), [&](Value i) {
        nest(axis + 1, k.Add(offset, k.MulDim(i, depth_strides[axis])), k.Add(flat, k.Mul(i, inner)));
      });
    };
    nest(0, k.Constant(0), k.Constant(0));
  };
  int width = k.target.vector_width;
  k.ForRange(k.Constant(0), count, k.Constant(1), [&](Value p) {
    Value panel = k.ElementPointer(to, to_element, k.Mul(p, k.Mul(total, columns_of_panel)));
    Value column = k.Add(first, k.Mul(p, columns_of_panel));
    Value valid = k.Min(k.Sub(columns, column), columns_of_panel);
    if (column_stride.Is(1)) {
      auto copy = [&](bool masked) {
        over_depth([&](Value offset, Value flat) {
          for (int v = 0; v < k.schedule.panel_width; v += width) {
            Value at = k.Add(column, k.Constant(v)), lanes = masked ? k.Sub(valid, k.Constant(v)) : Value();
            Value value = k.Load(k.ElementPointer(from, from_element, k.Add(offset, at)), dtype, width, lanes);
            k.Store(value, k.ElementPointer(panel, to_element, k.Add(k.Mul(flat, columns_of_panel), k.Constant(v))),
                    packed, width, nullptr);
          }
        });
      };
      Value full = arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, valid, columns_of_panel);
      k.IfThen(full, [&] { copy(false); });
      k.IfThen(k.Less(valid, columns_of_panel), [&] { copy(true); });
      return;
    }
    k.ForRange(k.Constant(0), columns_of_panel, k.Constant(1), [&](Value lane) {
      Value at = k.MulDim(k.Add(column, lane), column_stride);
      Value real = k.Less(lane, valid);
      // A column that does not exist reads column `first` and stores zero.
      at = arith::SelectOp::create(k.b, real, at, k.MulDim(first, column_stride));
      over_depth([&](Value offset, Value flat) {
        Value value = k.Load(k.ElementPointer(from, from_element, k.Add(offset, at)), dtype, 1, nullptr);
        value = arith::SelectOp::create(k.b, real, value, k.Zero(value.getType(), 1));
        k.Store(value, k.ElementPointer(panel, to_element, k.Add(k.Mul(flat, columns_of_panel), lane)), packed, 1,
                nullptr);
      });
    });
  });
}

}  // namespace ingot::compiler
