// Sums of products, one thread to a sum: what contractions are made of where no tile is kept in registers.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_PRODUCT_H
#define INGOT_COMPILER_CODEGEN_CUDA_PRODUCT_H

#include "compiler/codegen/point/kernel_builder.h"

namespace ingot::compiler::cuda {

// One operand of a sum over the axes `depth`: where its first element is, and how it goes on along each of them.
struct Factor {
  Value pointer;
  DType dtype;
  Dims strides;
};

// The sum over all of `depth` in `accumulator`'s type. Of long axes the schedule's sum_length terms are added up at a
// time: the error of a sum grows with its length.
Value SumOfProducts(KernelBuilder &k, const Dims &depth, const Factor &x, const Factor &y, DType accumulator);

}  // namespace ingot::compiler::cuda
#endif
