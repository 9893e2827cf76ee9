#include "compiler/codegen/cpu/microkernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::compiler {

DType AccumulatorType(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype; }

void Microkernel::EmitBlock(KernelBuilder &k, Value first, Value number, int rows, int panels,
                            const Callbacks &callbacks) const {
  auto &b = k.b;
  int width = k.target.vector_width, vectors = panels * static_cast<int>(k.schedule.panel_width) / width,
      per_panel = static_cast<int>(k.schedule.panel_width) / width;
  Type element = ComputeType(b.getContext(), dtype), left_element = StorageType(b.getContext(), dtype),
       panel_element = StorageType(b.getContext(), panel_dtype);
  // The optimiser would compute all addresses, with everything that `first` was computed from, anew in every step of
  // the inner loop (seen in LLVM 22).
  first = k.Opaque(first);
  SmallVector<Value> row_pointers, panel_pointers;
  for (int i = 0; i < rows; ++i) row_pointers.push_back(callbacks.row(k.Add(first, k.Constant(i))));
  for (int p = 0; p < panels; ++p) panel_pointers.push_back(callbacks.panel(p));

  // step(offset of the left operand, flat depth index)
  auto step = [&](Value left_offset, Value flat, ValueRange sums) {
    SmallVector<Value> right, next;
    Value panel_offset = k.Mul(flat, k.Constant(k.schedule.panel_width));
    for (int v = 0; v < vectors; ++v) {
      Value pointer = k.ElementPointer(panel_pointers[v / per_panel], panel_element,
                                       k.Add(panel_offset, k.Constant(v % per_panel * width)));
      right.push_back(k.Load(pointer, panel_dtype, width, nullptr));
    }
    for (int i = 0; i < rows; ++i) {
      Value left =
          k.Splat(k.Load(k.ElementPointer(row_pointers[i], left_element, left_offset), dtype, 1, nullptr), width);
      for (int v = 0; v < vectors; ++v) {
        Value sum = sums[i * vectors + v];
        if (isa<FloatType>(element))
          next.push_back(math::FmaOp::create(b, left, right[v], sum));
        else
          next.push_back(arith::AddIOp::create(b, arith::MulIOp::create(b, left, right[v]), sum));
      }
    }
    return next;
  };
  Value ahead = callbacks.prefetch ? callbacks.prefetch(number) : Value();
  // Steps [begin, end) of one axis and all of the axes behind it.
  std::function<SmallVector<Value>(size_t, Value, Value, Value, Value, ValueRange)> nest =
      [&](size_t axis, Value begin, Value end, Value left_offset, Value flat,
          ValueRange carried) -> SmallVector<Value> {
    Value inner = k.Size(NumElements(Dims(depth.begin() + axis + 1, depth.end())));
    auto at = [&](Value i, ValueRange values) -> SmallVector<Value> {
      Value left = k.Add(left_offset, k.MulDim(i, strides[axis])), index = k.Add(flat, k.Mul(i, inner));
      if (axis + 1 == depth.size()) return step(left, index, values);
      return nest(axis + 1, k.Constant(0), k.Size(depth[axis + 1]), left, index, values);
    };
    if (!ahead || axis + 1 != depth.size()) return k.ForReduce(begin, end, k.Constant(1), carried, at);
    // Four steps with a prefetch, then the rest.
    Value four = k.Constant(kStepsPerPrefetch), whole = k.Add(begin, k.Mul(k.Udiv(k.Sub(end, begin), four), four));
    SmallVector<Value> sums = k.ForReduce(begin, whole, four, carried, [&](Value i, ValueRange values) {
      Value line = k.BytePointer(ahead, k.Mul(k.Add(flat, i), k.Constant(64 / kStepsPerPrefetch)));
      LLVM::Prefetch::create(b, line, /*rw=*/0, /*hint=*/2, /*cache=*/1);
      SmallVector<Value> next(values.begin(), values.end());
      for (int64_t s = 0; s < kStepsPerPrefetch; ++s) next = at(k.Add(i, k.Constant(s)), next);
      return next;
    });
    if (depth[axis].constant().value_or(1) % kStepsPerPrefetch == 0) return sums;
    return k.ForReduce(whole, end, k.Constant(1), sums, at);
  };
  DType accumulator = AccumulatorType(dtype);
  SmallVector<Value> zeros(rows * vectors, k.Zero(element, width));
  auto over_sums = [&](llvm::function_ref<void(Value, size_t)> body) {
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < vectors; ++v) body(callbacks.sum(first, i, v * width), static_cast<size_t>(i * vectors + v));
  };
  Value begin = k.Constant(0);
  std::optional<int64_t> total = NumElements(depth).constant();
  if (total && *total <= k.schedule.sum_length) {
    SmallVector<Value> sums = nest(0, begin, k.Size(depth[0]), begin, begin, zeros);
    over_sums([&](Value pointer, size_t n) { k.Store(sums[n], pointer, accumulator, width, nullptr); });
    return;
  }
  // Blocks of one axis, the first of which one step is no longer than a sum may be.
  auto behind = [&](size_t axis) { return NumElements(Dims(depth.begin() + axis + 1, depth.end())); };
  size_t blocked = 0;
  while (blocked + 1 < depth.size() && behind(blocked).constant().value_or(0) > k.schedule.sum_length) ++blocked;
  int64_t per_step = behind(blocked).constant().value_or(k.schedule.sum_length);
  Value block = k.Constant(std::max<int64_t>(1, k.schedule.sum_length / std::max<int64_t>(1, per_step)));
  over_sums([&](Value pointer, size_t n) { k.Store(zeros[n], pointer, accumulator, width, nullptr); });
  std::function<void(size_t, Value, Value)> blocks = [&](size_t axis, Value left_offset, Value flat) {
    if (axis < blocked) {
      k.ForRange(begin, k.Size(depth[axis]), k.Constant(1), [&](Value i) {
        blocks(axis + 1, k.Add(left_offset, k.MulDim(i, strides[axis])), k.Add(flat, k.Mul(i, k.Size(behind(axis)))));
      });
      return;
    }
    Value last = k.Size(depth[axis]);
    k.ForRange(begin, last, block, [&](Value from) {
      SmallVector<Value> sums = nest(axis, from, k.Min(last, k.Add(from, block)), left_offset, flat, zeros);
      over_sums([&](Value pointer, size_t n) {
        Value old = k.Load(pointer, accumulator, width, nullptr);
        Value sum = isa<FloatType>(element) ? Value(arith::AddFOp::create(b, old, sums[n]))
                                            : Value(arith::AddIOp::create(b, old, sums[n]));
        k.Store(sum, pointer, accumulator, width, nullptr);
      });
    });
  };
  blocks(0, begin, begin);
}

void Microkernel::Emit(KernelBuilder &k, Value begin, Value end, int panels, int max_rows, const Callbacks &callbacks,
                       int min_rest) const {
  Value step = k.Constant(max_rows), whole = k.Add(begin, k.Mul(k.Udiv(k.Sub(end, begin), step), step));
  auto number = [&](Value first) { return callbacks.prefetch ? k.Udiv(k.Sub(first, begin), step) : Value(); };
  k.ForRange(begin, whole, step, [&](Value first) {
    EmitBlock(k, first, number(first), max_rows, panels, callbacks);
    callbacks.after(first, step);
  });
  if (max_rows == 1) return;
  Value left = k.Sub(end, whole);
  k.SwitchOn(left, min_rest, max_rows - 1,
             [&](int rows) { EmitBlock(k, whole, number(whole), rows, panels, callbacks); });
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
