// What all kernel emitters share: the kernel's function with the ABI's signature, its buffers, the values of dim
// expressions, and loads and stores of views. Emitted IR is scf, arith, math, vector and LLVM loads and stores on bare
// pointers: no descriptors, no aliasing questions.
#ifndef INGOT_COMPILER_CODEGEN_POINT_KERNELBUILDER_H
#define INGOT_COMPILER_CODEGEN_POINT_KERNELBUILDER_H

#include <map>

#include "compiler/codegen/device.h"
#include "compiler/dialect/ingot.h"
#include "compiler/sizes/size_table.h"
#include "compiler/views/strided_view.h"
#include "ingot/abi.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot::compiler {

// A position in an iteration space.
struct Point {
  llvm::SmallVector<Value> index;  // i64, one per axis; on the last that of lane 0
  int width = 1;                   // lanes along the last axis; 1: scalars
  Value lanes;                     // i64: only the first `lanes` lanes count; null: all
};

// The functions of a kernel, by the ABI's types: ingot_kernel_fn_t, `prepare` of ingot_kernel_t, and what a device
// other than the host starts (ingot_device_kernel_t).
enum class KernelFunction { Run, Prepare, Entry };

// Types in registers and in memory: bool is i1 and i8, floats of 16 and 8 bits are f32 in registers.
mlir::Type ComputeType(mlir::MLIRContext *context, DType dtype);
mlir::Type StorageType(mlir::MLIRContext *context, DType dtype);

class KernelBuilder {
 public:
  using Body = llvm::function_ref<void(Value)>;
  using Reduction = llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;

  // Starts the function.
  KernelBuilder(const KernelRequest &request, KernelFunction kind);
  // Returns `status` (i32), or 0 unless that has been done; nothing from an Entry.
  void Finish(Value status = nullptr);

  mlir::ImplicitLocOpBuilder b;
  mlir::func::FuncOp source;
  const Target &target;
  const Schedule schedule;
  // Of Run, whose caller says which tiles, and of Entry, whose emitter divides `tiles` among threads and blocks. The
  // workspace of an Entry is all there is; its emitter finds a block's or a thread's.
  Value tile_begin, tile_end, tiles, workspace;
  Value object;  // of Prepare: where the library's object is to be stored

  // A fault of the compiler's: reported, and no program comes of it. Emission may go on with any value.
  void Fail(mlir::Location loc, const llvm::Twine &what);
  bool failed() const { return has_failed_; }
  mlir::func::FuncOp function() const { return function_; }
  // Of an Entry: the places in the size table whose numbers are passed behind the other parameters, in order.
  const std::vector<uint32_t> &size_parameters() const { return size_parameters_; }
  // Computations that stand before all others, and once: calls `body` there.
  Value OnEntry(llvm::function_ref<Value()> body);

  // Region values.
  mlir::Block &body() { return source.getBody().front(); }
  mlir::Operation *Terminator() { return body().getTerminator(); }
  // The memory of a kernel operand or result.
  Value Buffer(Value tensor);
  // Behind the buffers: what `prepare` made.
  Value LibraryObject();
  // Calls a C function by its name.
  Value Call(llvm::StringRef function, mlir::ValueRange arguments, mlir::Type result);

  // i64 arithmetic; constants fold.
  Value Constant(int64_t value);
  Value Size(const Dim &expression);  // loaded from the size table, once, in the entry block
  Value Add(Value x, Value y);
  Value Sub(Value x, Value y);
  Value Mul(Value x, Value y);
  Value Min(Value x, Value y);
  Value Udiv(Value x, Value y);
  Value Urem(Value x, Value y);
  Value AddDim(Value x, const Dim &y) { return y.Is(0) ? x : Add(x, Size(y)); }
  Value MulDim(Value x, const Dim &y) { return y.Is(1) ? x : Mul(x, Size(y)); }

  // Control flow.
  void ForRange(Value begin, Value end, Value step, Body body);
  llvm::SmallVector<Value> ForReduce(Value begin, Value end, Value step, mlir::ValueRange init, Reduction body);
  void IfThen(Value condition, llvm::function_ref<void()> body);
  void IfElse(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);
  Value Less(Value x, Value y);
  // Calls body(n) for the n in [least, most] that equals `count` (nothing for others).
  void SwitchOn(Value count, int least, int most, llvm::function_ref<void(int)> body);

  // The same i64, of which the optimiser knows nothing: what is computed from it stays where it is instead of moving,
  // with all that it was computed from, into a loop that uses it.
  Value Opaque(Value x);

  // Splits a flat index over axes [begin, end) of dims; fills index[begin..end).
  void Delinearize(Value flat, const Dims &dims, size_t begin, size_t end, llvm::MutableArrayRef<Value> index);

  // Memory. Offsets are in elements.
  Value ElementPointer(Value base, mlir::Type element, Value offset);
  Value BytePointer(Value base, Value bytes);
  Value Scratch(mlir::Type element, int64_t count);  // aligned stack memory, allocated on entry
  // `alignment` in elements.
  Value Load(Value pointer, DType dtype, int width, Value lanes, int alignment = 1);
  void Store(Value value, Value pointer, DType dtype, int width, Value lanes, int alignment = 1);
  // The lanes that the mask has from memory, the others from `otherwise`, a vector of the compute type.
  Value LoadWhere(Value mask, Value pointer, DType dtype, Value otherwise);
  // Element of a view at a point. The last axis may be contiguous, repeated or strided.
  Value LoadView(Value base, const StridedView &view, DType dtype, const Point &point);
  void StoreContiguous(Value value, Value tensor, const Point &point);
  Value OffsetOf(const StridedView &view, const Point &point);
  // Whether vectors of `width` lanes along the last axis, from multiples of `width` on, begin at multiples of it in a
  // buffer that does. False where that is not known.
  static bool IsAligned(const StridedView &view, int width);

  // Vectors.
  Value Splat(Value scalar, int width);
  Value Zero(mlir::Type element, int width);
  Value LaneMask(Value lanes, int width);

 private:
  Value BufferAt(int64_t slot);
  // What is said of a vector's place in memory. On the host, whose code for it is the same, nothing.
  int AlignmentOf(const StridedView &view, const Point &point) const;
  Value LoadEverySecond(Value pointer, DType dtype, const Point &point);
  Value FromStorage(Value value, DType dtype);
  Value ToStorage(Value value, DType dtype);

  SizeTable &size_table_;
  mlir::func::FuncOp function_;
  KernelFunction kind_;
  bool has_failed_ = false;
  std::vector<uint32_t> size_parameters_;
  mlir::Operation *entry_end_ = nullptr;  // entry computations stand before this op
  Value sizes_, buffers_;
  std::map<int64_t, Value> constants_;
  std::map<uint32_t, Value> dims_;  // by place in the size table
  llvm::DenseMap<Value, Value> buffer_of_;
};

}  // namespace ingot::compiler
#endif
