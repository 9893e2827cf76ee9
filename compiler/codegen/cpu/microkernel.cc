#include "compiler/codegen/cpu/microkernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::compiler {

DType accumulatorType(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype; }

void Microkernel::emitBlock(KernelBuilder &k, Value first, Value number, int rows, int panels,
                            const Callbacks &callbacks) const {
  auto &b = k.b;
  int width = k.target.vectorWidth, vectors = panels * static_cast<int>(k.schedule.panelWidth) / width,
      perPanel = static_cast<int>(k.schedule.panelWidth) / width;
  Type element = computeType(b.getContext(), dtype), leftElement = storageType(b.getContext(), dtype),
       panelElement = storageType(b.getContext(), panelDType);
  // The optimiser would compute all addresses, with everything that `first` was computed from, anew in every step of
  // the inner loop (seen in LLVM 22).
  first = k.opaque(first);
  SmallVector<Value> rowPointers, panelPointers;
  for (int i = 0; i < rows; ++i) rowPointers.push_back(callbacks.row(k.add(first, k.constant(i))));
  for (int p = 0; p < panels; ++p) panelPointers.push_back(callbacks.panel(p));

  // step(offset of the left operand, flat depth index)
  auto step = [&](Value leftOffset, Value flat, ValueRange sums) {
    SmallVector<Value> right, next;
    Value panelOffset = k.mul(flat, k.constant(k.schedule.panelWidth));
    for (int v = 0; v < vectors; ++v) {
      Value pointer = k.elementPointer(panelPointers[v / perPanel], panelElement,
                                       k.add(panelOffset, k.constant(v % perPanel * width)));
      right.push_back(k.load(pointer, panelDType, width, nullptr));
    }
    for (int i = 0; i < rows; ++i) {
      Value left = k.splat(k.load(k.elementPointer(rowPointers[i], leftElement, leftOffset), dtype, 1, nullptr), width);
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
  Value ahead = callbacks.prefetch && depth.size() == 1 ? callbacks.prefetch(number) : Value();
  // Steps [begin, end) of one axis and all of the axes behind it.
  std::function<SmallVector<Value>(size_t, Value, Value, Value, Value, ValueRange)> nest =
      [&](size_t axis, Value begin, Value end, Value leftOffset, Value flat, ValueRange carried) -> SmallVector<Value> {
    Value inner = k.dim(NumElements(Dims(depth.begin() + axis + 1, depth.end())));
    auto at = [&](Value i, ValueRange values) -> SmallVector<Value> {
      Value left = k.add(leftOffset, k.mulDim(i, strides[axis])), index = k.add(flat, k.mul(i, inner));
      if (axis + 1 == depth.size()) return step(left, index, values);
      return nest(axis + 1, k.constant(0), k.dim(depth[axis + 1]), left, index, values);
    };
    if (!ahead) return k.forReduce(begin, end, k.constant(1), carried, at);
    // Four steps with a prefetch, then the rest.
    Value four = k.constant(kStepsPerPrefetch), whole = k.add(begin, k.mul(k.udiv(k.sub(end, begin), four), four));
    SmallVector<Value> sums = k.forReduce(begin, whole, four, carried, [&](Value i, ValueRange values) {
      Value line = k.bytePointer(ahead, k.mul(i, k.constant(64 / kStepsPerPrefetch)));
      LLVM::Prefetch::create(b, line, /*rw=*/0, /*hint=*/2, /*cache=*/1);
      SmallVector<Value> next(values.begin(), values.end());
      for (int64_t s = 0; s < kStepsPerPrefetch; ++s) next = at(k.add(i, k.constant(s)), next);
      return next;
    });
    if (depth[axis].constant().value_or(1) % kStepsPerPrefetch == 0) return sums;
    return k.forReduce(whole, end, k.constant(1), sums, at);
  };
  DType accumulator = accumulatorType(dtype);
  SmallVector<Value> zeros(rows * vectors, k.zero(element, width));
  auto overSums = [&](llvm::function_ref<void(Value, size_t)> body) {
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < vectors; ++v) body(callbacks.sum(first, i, v * width), static_cast<size_t>(i * vectors + v));
  };
  Value begin = k.constant(0), end = k.dim(depth[0]);
  std::optional<int64_t> total = NumElements(depth).constant();
  if (total && *total <= k.schedule.sumLength) {
    SmallVector<Value> sums = nest(0, begin, end, begin, begin, zeros);
    overSums([&](Value pointer, size_t n) { k.store(sums[n], pointer, accumulator, width, nullptr); });
    return;
  }
  // Blocks of the first axis.
  int64_t perStep = NumElements(Dims(depth.begin() + 1, depth.end())).constant().value_or(k.schedule.sumLength);
  Value block = k.constant(std::max<int64_t>(1, k.schedule.sumLength / std::max<int64_t>(1, perStep)));
  overSums([&](Value pointer, size_t n) { k.store(zeros[n], pointer, accumulator, width, nullptr); });
  k.forRange(begin, end, block, [&](Value from) {
    SmallVector<Value> sums = nest(0, from, k.min(end, k.add(from, block)), begin, begin, zeros);
    overSums([&](Value pointer, size_t n) {
      Value old = k.load(pointer, accumulator, width, nullptr);
      Value sum = isa<FloatType>(element) ? Value(arith::AddFOp::create(b, old, sums[n]))
                                          : Value(arith::AddIOp::create(b, old, sums[n]));
      k.store(sum, pointer, accumulator, width, nullptr);
    });
  });
}

void Microkernel::emit(KernelBuilder &k, Value begin, Value end, int panels, int maxRows, const Callbacks &callbacks,
                       int minRest) const {
  Value step = k.constant(maxRows), whole = k.add(begin, k.mul(k.udiv(k.sub(end, begin), step), step));
  auto number = [&](Value first) { return callbacks.prefetch ? k.udiv(k.sub(first, begin), step) : Value(); };
  k.forRange(begin, whole, step, [&](Value first) {
    emitBlock(k, first, number(first), maxRows, panels, callbacks);
    callbacks.after(first, step);
  });
  if (maxRows == 1) return;
  Value left = k.sub(end, whole);
  k.switchOn(left, minRest, maxRows - 1,
             [&](int rows) { emitBlock(k, whole, number(whole), rows, panels, callbacks); });
  k.ifThen(k.less(whole, end), [&] { callbacks.after(whole, left); });
}

void emitPack(KernelBuilder &k, Value from, DType dtype, const Dims &depth, const Dims &depthStrides,
              const Dim &columnStride, Value columns, Value first, Value count, Value to) {
  DType packed = accumulatorType(dtype);
  Type fromElement = storageType(k.b.getContext(), dtype), toElement = storageType(k.b.getContext(), packed);
  Value total = k.dim(NumElements(depth)), columnsOfPanel = k.constant(k.schedule.panelWidth);
  // Calls body(offset of the source, flat depth index) for all of the depth.
  auto overDepth = [&](llvm::function_ref<void(Value, Value)> body) {
    std::function<void(size_t, Value, Value)> nest = [&](size_t axis, Value offset, Value flat) {
      if (axis == depth.size()) return body(offset, flat);
      if (depth[axis].Is(1)) return nest(axis + 1, offset, flat);
      Value inner = k.dim(NumElements(Dims(depth.begin() + axis + 1, depth.end())));
      k.forRange(k.constant(0), k.dim(depth[axis]), k.constant(1), [&](Value i) {
        nest(axis + 1, k.add(offset, k.mulDim(i, depthStrides[axis])), k.add(flat, k.mul(i, inner)));
      });
    };
    nest(0, k.constant(0), k.constant(0));
  };
  int width = k.target.vectorWidth;
  k.forRange(k.constant(0), count, k.constant(1), [&](Value p) {
    Value panel = k.elementPointer(to, toElement, k.mul(p, k.mul(total, columnsOfPanel)));
    Value column = k.add(first, k.mul(p, columnsOfPanel));
    Value valid = k.min(k.sub(columns, column), columnsOfPanel);
    if (columnStride.Is(1)) {
      auto copy = [&](bool masked) {
        overDepth([&](Value offset, Value flat) {
          for (int v = 0; v < k.schedule.panelWidth; v += width) {
            Value at = k.add(column, k.constant(v)), lanes = masked ? k.sub(valid, k.constant(v)) : Value();
            Value value = k.load(k.elementPointer(from, fromElement, k.add(offset, at)), dtype, width, lanes);
            k.store(value, k.elementPointer(panel, toElement, k.add(k.mul(flat, columnsOfPanel), k.constant(v))),
                    packed, width, nullptr);
          }
        });
      };
      Value full = arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, valid, columnsOfPanel);
      k.ifThen(full, [&] { copy(false); });
      k.ifThen(k.less(valid, columnsOfPanel), [&] { copy(true); });
      return;
    }
    k.forRange(k.constant(0), columnsOfPanel, k.constant(1), [&](Value lane) {
      Value at = k.mulDim(k.add(column, lane), columnStride);
      Value real = k.less(lane, valid);
      // A column that does not exist reads column `first` and stores zero.
      at = arith::SelectOp::create(k.b, real, at, k.mulDim(first, columnStride));
      overDepth([&](Value offset, Value flat) {
        Value value = k.load(k.elementPointer(from, fromElement, k.add(offset, at)), dtype, 1, nullptr);
        value = arith::SelectOp::create(k.b, real, value, k.zero(value.getType(), 1));
        k.store(value, k.elementPointer(panel, toElement, k.add(k.mul(flat, columnsOfPanel), lane)), packed, 1,
                nullptr);
      });
    });
  });
}

}  // namespace ingot::compiler
