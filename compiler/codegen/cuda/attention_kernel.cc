// contraction -> row ops -> contraction. Where the row ops are a soft-max, by tiles of queries (flash_attention.cc) or,
// where there are few, a query at a time (few_queries.cc); else a row of scores at a time (attention_rows.cc).
#include "compiler/codegen/cuda/attention.h"
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/kernel_parts.h"

using namespace mlir;

namespace ingot::compiler::cuda {

KernelInfo EmitAttentionKernel(KernelBuilder &k) {
  // A tile of fewer queries is mostly empty.
  constexpr int64_t kFewQueries = 4;
  std::optional<SoftMaxRegion> region = MatchSoftMax(k);
  if (!region || !HasFlashTiles(*region)) return EmitAttentionRows(k);
  Value shared =
      SharedMemory(k, k.b.getI8Type(), std::max(FlashAttentionBytes(k, *region), FewQueriesBytes(k, *region)));
  Dim blocks;
  if (std::optional<int64_t> queries = region->queries.constant()) {
    blocks = *queries <= kFewQueries ? EmitFewQueries(k, *region, shared) : EmitFlashAttention(k, *region, shared);
  } else {
    // Which it is, a run says. There are blocks enough for either.
    Dim tiles;
    k.IfElse(
        k.Less(k.Size(region->queries), k.Constant(kFewQueries + 1)),
        [&] { blocks = EmitFewQueries(k, *region, shared); }, [&] { tiles = EmitFlashAttention(k, *region, shared); });
    Dim few = NumElements(Dims(region->space.begin(), region->space.begin() + region->batch)) *
              Dim::Min(region->queries, kFewQueries);
    blocks = Dim::Max(few, tiles);
  }
  Dim work = NumElements(region->space) * ((region->depth + region->columns) * Dim(2) + Dim(CostPerElement(k)));
  KernelInfo info{blocks, work, 0};
  info.launch.emplace().threads = k.schedule.threads;
  return info;
}

}  // namespace ingot::compiler::cuda
