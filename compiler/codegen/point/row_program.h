// The passes over one row that a set of reductions over the last axis needs. Pass p computes the reductions whose
// operands depend on p earlier reductions; a tensor that a later pass needs again is staged in a row of workspace
// unless it only repeats a load. Threads that share a row of a known length keep their part of it in registers instead:
// memory is read once.
#ifndef INGOT_COMPILER_CODEGEN_POINT_ROWPROGRAM_H
#define INGOT_COMPILER_CODEGEN_POINT_ROWPROGRAM_H

#include "compiler/codegen/point/kernel_parts.h"

namespace ingot::compiler {

// Threads that go along a row together, each over elements `first`, `first` + `count` and so on.
struct RowThreads {
  Value first, count;
  int64_t most = 0;  // as many as there are, where rows may be kept in registers
  // What all threads found for a reduction, in a fixed order; every thread gets it.
  std::function<Value(mlir::Operation *reduction, Value found)> combine;
  // Calls body where the code runs on one of them alone.
  std::function<void(llvm::function_ref<void()> body)> on_one;
};

class RowProgram {
 public:
  // `sinks`: full-row tensors that are wanted, besides reductions and per-row tensors. `threads`: null where a row
  // belongs to one; else vectors are one element wide.
  RowProgram(KernelBuilder &k, Dims space, llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<Value> sinks,
             const RowThreads *threads = nullptr);

  int64_t StagedRows() const { return static_cast<int64_t>(staged_.size()); }
  // Bytes from one staged row to the next.
  static Dim RowBytes(const Dim &length) { return (length + 16) * Dim(8); }

  // Emits all passes for the row at `outer` (one index per axis but the last). `memory` gives rows that stand elsewhere
  // (pointers to f32); `sink` is called for each sink with its values at a point of the last pass that has it.
  // Afterwards `per_row` holds the scalars of reductions and per-row tensors.
  void Emit(llvm::ArrayRef<Value> outer, Value staging, const llvm::DenseMap<Value, Value> &memory,
            llvm::function_ref<void(Value, PointEmitter &)> sink);
  llvm::DenseMap<Value, Value> per_row;

 private:
  // Vectors of a row in a thread's registers, and where they are.
  struct Part {
    PointEmitter emitter;
    Value is_there;  // null: all of it
  };
  void FindParts();
  std::vector<Part> PartsOf(llvm::ArrayRef<Value> outer);
  void EmitInRegisters(int pass, llvm::MutableArrayRef<Part> parts,
                       llvm::function_ref<void(Value, PointEmitter &)> sink);
  llvm::SmallVector<mlir::Operation *> ReductionsOf(int pass) const;
  void EmitPass(int pass, llvm::ArrayRef<Value> outer, Value staging, const llvm::DenseMap<Value, Value> &memory,
                llvm::function_ref<void(Value, PointEmitter &)> sink);
  void EmitPerRow(int pass, llvm::ArrayRef<Value> outer);
  bool IsFull(Value value) const;
  int LevelOf(Value value) const;

  KernelBuilder &k_;
  Dims space_;
  llvm::SmallVector<mlir::Operation *> ops_;
  llvm::SmallVector<Value> sinks_;
  llvm::DenseMap<Value, int> level_;  // of tensors computed here
  llvm::SmallVector<Value> staged_;
  int passes_ = 0;
  int part_width_ = 0;  // lanes
  int64_t parts_ = 0;   // of each thread; 0: the row is not kept in registers
  const RowThreads *threads_;
};

}  // namespace ingot::compiler
#endif
