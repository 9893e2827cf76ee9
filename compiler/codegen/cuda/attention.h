// Three ways through contraction -> row ops -> contraction.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_ATTENTION_H
#define INGOT_COMPILER_CODEGEN_CUDA_ATTENTION_H

#include "compiler/codegen/cuda/threads.h"
#include "compiler/codegen/point/attention_region.h"

namespace ingot::compiler::cuda {

// For any row ops: a block to a row of queries, whose scores lie in its workspace.
KernelInfo EmitAttentionRows(KernelBuilder &k);

// Row ops that are element-wise ops on the scores and then their soft-max.
struct SoftMaxRegion : AttentionRegion {
  explicit SoftMaxRegion(KernelBuilder &k) : AttentionRegion(k.source) {}

  Value scores_of_max;       // the soft-max's operand
  bool nan_is_zero = false;  // rows that are masked as a whole give zeros
};
// Nothing where the row ops are others.
std::optional<SoftMaxRegion> MatchSoftMax(KernelBuilder &k);
// Whether the two below have tiles for its sizes and dtype.
bool HasFlashTiles(const SoftMaxRegion &region);
// By tiles of queries, and a query at a time: bytes of shared memory, and the code, which returns the number of blocks.
int64_t FlashAttentionBytes(KernelBuilder &k, const SoftMaxRegion &region);
Dim EmitFlashAttention(KernelBuilder &k, SoftMaxRegion region, Value shared);
int64_t FewQueriesBytes(KernelBuilder &k, const SoftMaxRegion &region);
Dim EmitFewQueries(KernelBuilder &k, SoftMaxRegion region, Value shared);

}  // namespace ingot::compiler::cuda
#endif
