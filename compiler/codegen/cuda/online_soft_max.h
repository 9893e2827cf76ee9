// The arithmetic of a soft-max whose scores come one after another: the region's element-wise ops on them, and weights
// below the largest score so far. All in f32.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_ONLINESOFTMAX_H
#define INGOT_COMPILER_CODEGEN_CUDA_ONLINESOFTMAX_H

#include "compiler/codegen/cuda/attention.h"

namespace ingot::compiler::cuda {

class OnlineSoftMax {
 public:
  OnlineSoftMax(KernelBuilder &k, SoftMaxRegion region) : k_(k), region_(std::move(region)) {}

  // The one of the batch that scores belong to from now on.
  void SetBatch(Value batch);
  // What the soft-max takes of the product of a query and a key; -infinity behind the last key.
  Value ScoreAt(Value query, Value key, Value product);
  // What weights are below, given the largest score; of a row that is masked so far, nothing: its weights are zeros.
  Value Below(Value largest);
  Value ExpOfDifference(Value x, Value y);
  // Weighed values over the sum of weights.
  Value Quotient(Value weighed, Value sum);

  Value Real(double value);
  Value Max(Value x, Value y);
  Value Add(Value x, Value y);
  Value Multiply(Value x, Value y);
  Value MultiplyAdd(Value x, Value y, Value z);

 private:
  KernelBuilder &k_;
  SoftMaxRegion region_;
  llvm::SmallVector<Value> batch_;
};

}  // namespace ingot::compiler::cuda
#endif
