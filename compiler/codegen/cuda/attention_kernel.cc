// contraction -> row ops -> contraction. Where the row ops are a soft-max and there are several queries, by tiles of
// them (flash_attention.cc); else a row at a time (attention_rows.cc).
#include "compiler/codegen/cuda/attention.h"
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/kernel_parts.h"

using namespace mlir;

namespace ingot::compiler::cuda {

KernelInfo EmitAttentionKernel(KernelBuilder &k) {
  // A tile of fewer queries is mostly empty.
  constexpr int64_t kFewQueries = 4;
  std::optional<SoftMaxRegion> region = MatchSoftMax(k);
  if (!region || !HasFlashTiles(*region) || region->queries.constant().value_or(kFewQueries + 1) <= kFewQueries)
    return EmitAttentionRows(k);
  if (!region->queries.is_constant()) {
    // Which it is, a run says. There are blocks enough for either.
    KernelInfo info;
    k.IfElse(
        k.Less(k.Size(region->queries), k.Constant(kFewQueries + 1)), [&] { info = EmitAttentionRows(k); },
        [&] { EmitFlashAttention(k, *region); });
    return info;
  }
  Dim work = NumElements(region->space) * ((region->depth + region->columns) * Dim(2) + Dim(CostPerElement(k)));
  KernelInfo info{EmitFlashAttention(k, *region), work, 0};
  info.launch.emplace().threads = k.schedule.threads;
  return info;
}

}  // namespace ingot::compiler::cuda
