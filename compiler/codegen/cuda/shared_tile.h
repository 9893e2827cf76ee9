// Tiles of a matrix in memory that the threads of a block share: copied there asynchronously, some stages ahead of
// where they are read, and laid out so that threads that read a column of chunks at once read different banks.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_SHAREDTILE_H
#define INGOT_COMPILER_CODEGEN_CUDA_SHAREDTILE_H

#include "compiler/codegen/cuda/threads.h"

namespace ingot::compiler::cuda {

// One operand of a product of matrices in the device's memory: lines (rows of the left one, columns of the right one)
// of `depth` elements, each at the sum of its line's and its depth's offset, in elements.
struct Matrix {
  Value pointer;
  DType dtype;
  std::function<Value(Value line)> line_offset;
  std::function<Value(Value depth)> depth_offset;
  Value lines, depth;  // how many there are
  // What lies side by side: neighbours in depth, or on lines. Of `run` of them, from a multiple of `run` on, the first
  // is aligned to all of them, and all are there or none is.
  bool is_depth_minor = true;
  int64_t run = 1;
};

// Of the elements of `dtype` that a thread copies and reads at once.
int64_t ChunkOf(DType dtype);

class SharedTile {
 public:
  // Stages of `lines` x `depth` elements, powers of two, in shared memory that has room for them.
  SharedTile(KernelBuilder &k, const Matrix &matrix, int64_t lines, int64_t depth, Value memory);

  // From this line on; to be said before Copy, outside of the loop over the depth.
  void SetLine(Value first_line);
  // What of the matrix lies behind the first line and `depth`, into the stage; zeros where there is nothing. The copies
  // of all threads are there after CommitCopies, WaitForCopies and a barrier.
  void Copy(Value stage, Value depth);

  // The pointer to chunk `chunk` (along the minor axis) of line or depth `major`.
  Value ChunkAt(Value stage, Value major, Value chunk);
  // All elements of a chunk, as registers hold them.
  Value LoadChunk(Value stage, Value major, Value chunk);
  DType dtype() const { return matrix_.dtype; }
  bool is_depth_minor() const { return matrix_.is_depth_minor; }
  int64_t chunk() const { return chunk_; }

 private:
  void CopyChunk(Value to, int64_t i, Value depth);
  // So many elements, or as many zeros.
  void CopyElements(int64_t count, Value to, Value from, Value is_there);

  KernelBuilder &k_;
  Matrix matrix_;
  mlir::Type element_;
  int64_t bytes_, chunk_, major_, minor_;
  Value memory_;
  int64_t chunks_per_major_, majors_per_copy_, copies_;  // copies: of each thread
  Value major_of_thread_, chunk_of_thread_;
  llvm::SmallVector<Value> line_offset_, line_is_there_, line_;
};

void CommitCopies(KernelBuilder &k);
// Until at most the newest `pending` groups of this thread's copies are under way.
void WaitForCopies(KernelBuilder &k, int64_t pending);

}  // namespace ingot::compiler::cuda
#endif
