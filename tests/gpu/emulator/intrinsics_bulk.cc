// TMA: boxes of tensors and plain bytes, between global and shared memory. What a copy will write is NaN from the
// begin; the copy itself comes as late as it can (asynchronous.cc). A cluster is one block. Tested by
// tests/gpu/emulator_tensor_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kMapAlignment = 64, kTensorAlignment = 128, kPlainAlignment = 16;

// Reads operands one after the other.
class Reader {
 public:
  explicit Reader(const void *arguments) : arguments_(arguments) {}
  template <class T = const void *>
  T Next() {
    return NextOperand<T>(arguments_, &offset_);
  }
  template <uint32_t kRank>
  void Coordinates(BulkCopy *copy) {
    for (uint32_t d = 0; d < kRank; ++d) copy->at[d] = Next<int32_t>();
  }

 private:
  const void *arguments_;
  size_t offset_ = 0;
};

void Place(const char *name, const void *shared, uint32_t alignment, BulkCopy *copy) {
  TheBlock().CheckShared(name, shared, copy->map.BoxBytes(), alignment);
  copy->shared = static_cast<uint32_t>(static_cast<const char *>(shared) - emu_shared);
}

void Report(const char *name, const void *mbarrier, BulkCopy *copy) {
  copy->mbarrier = TheBlock().MbarrierAddress(name, mbarrier);
  TheBlock().SubmitLoad(name, *copy);
}

template <uint32_t kRank>
void TakeMap(const char *name, const void *map, BulkCopy *copy) {
  Block &block = TheBlock();
  if (reinterpret_cast<uintptr_t>(map) % kMapAlignment != 0)
    block.Fail(name, ": the tensor map is not aligned to 64 bytes");
  memcpy(&copy->map, map, sizeof copy->map);
  if (copy->map.magic != kTensorMapMagic) block.Fail(name, ": cuTensorMapEncodeTiled did not make this tensor map");
  if (copy->map.rank != kRank) block.Fail(name, ": the tensor map is one of rank ", copy->map.rank);
}

void TakeBytes(const char *name, const void *global, uint32_t bytes, BulkCopy *copy) {
  Block &block = TheBlock();
  if (bytes % kPlainAlignment != 0 || bytes == 0) block.Fail(name, ": ", bytes, " bytes are not a multiple of 16");
  if (reinterpret_cast<uintptr_t>(global) % kPlainAlignment != 0) {
    block.Fail(name, ": the address in global memory is not a multiple of 16");
  }
  copy->map.address = reinterpret_cast<uint64_t>(global);
  copy->map.last[0] = bytes - 1;
  copy->map.box[0] = bytes;
}

// What follows the coordinates or the size, for clusters.
void RefuseClusters(const char *name, Reader *operands, bool has_group) {
  operands->Next<uint16_t>();  // the blocks that receive the copy
  operands->Next<uint64_t>();  // a hint for the cache
  const bool multicast = operands->Next<Bit>();
  operands->Next<Bit>();  // whether there is a hint
  const int32_t group = has_group ? operands->Next<int32_t>() : 0;
  if (multicast || group != 0) TheBlock().Fail(name, ": clusters of more than one block are not emulated");
}

// Operands: shared memory, mbarrier, map, coordinates.
template <uint32_t kRank, bool kForCluster>
void LoadTensor(const char *name, const void *arguments) {
  Reader operands(arguments);
  BulkCopy copy;
  const void *shared = operands.Next(), *mbarrier = operands.Next();
  TakeMap<kRank>(name, operands.Next(), &copy);
  operands.Coordinates<kRank>(&copy);
  if (kForCluster) RefuseClusters(name, &operands, true);
  Place(name, shared, kTensorAlignment, &copy);
  Report(name, mbarrier, &copy);
}

// As text: shared memory, map, coordinates, mbarrier.
template <uint32_t kRank>
void LoadTensorText(const char *name, const void *arguments) {
  Reader operands(arguments);
  BulkCopy copy;
  const void *shared = operands.Next();
  TakeMap<kRank>(name, operands.Next(), &copy);
  operands.Coordinates<kRank>(&copy);
  Place(name, shared, kTensorAlignment, &copy);
  Report(name, operands.Next(), &copy);
}

// Operands: shared memory and map, as text the other way round, and coordinates.
template <uint32_t kRank, bool kText>
void StoreTensor(const char *name, const void *arguments) {
  Reader operands(arguments);
  BulkCopy copy;
  const void *first = operands.Next(), *second = operands.Next();
  TakeMap<kRank>(name, kText ? first : second, &copy);
  operands.Coordinates<kRank>(&copy);
  Place(name, kText ? second : first, kTensorAlignment, &copy);
  TheBlock().SubmitStore(copy);
}

template <bool kForCluster>
void LoadBytes(const char *name, const void *arguments) {
  Reader operands(arguments);
  BulkCopy copy;
  const void *shared = operands.Next(), *mbarrier = operands.Next(), *global = operands.Next();
  TakeBytes(name, global, operands.Next<uint32_t>(), &copy);
  if (kForCluster) RefuseClusters(name, &operands, false);
  Place(name, shared, kPlainAlignment, &copy);
  Report(name, mbarrier, &copy);
}

void StoreBytes(const char *name, const void *arguments) {
  Reader operands(arguments);
  BulkCopy copy;
  const void *global = operands.Next(), *shared = operands.Next();
  TakeBytes(name, global, operands.Next<uint32_t>(), &copy);
  Place(name, shared, kPlainAlignment, &copy);
  TheBlock().SubmitStore(copy);
}

}  // namespace

#define COPY(name, function) \
  INSTRUCTION(name) { function(name, arguments); }
#define COPY_TENSOR(rank, digit)                                                                                    \
  COPY("cp.async.bulk.tensor.g2s.tile." digit "d", (LoadTensor<rank, true>))                                        \
  COPY("cp.async.bulk.tensor.g2s.cta.tile." digit "d", (LoadTensor<rank, false>))                                   \
  COPY("cp.async.bulk.tensor." digit "d.shared::cluster.global.mbarrier::complete_tx::bytes", LoadTensorText<rank>) \
  COPY("cp.async.bulk.tensor.s2g.tile." digit "d", (StoreTensor<rank, false>))                                      \
  COPY("cp.async.bulk.tensor." digit "d.global.shared::cta.bulk_group", (StoreTensor<rank, true>))                  \
  INSTRUCTION("cp.async.bulk.tensor.prefetch.tile." digit "d") {}
COPY_TENSOR(1, "1")
COPY_TENSOR(2, "2")
COPY_TENSOR(3, "3")
COPY_TENSOR(4, "4")
COPY_TENSOR(5, "5")
COPY("cp.async.bulk.global.to.shared.cluster", LoadBytes<true>)
COPY("cp.async.bulk.global.to.shared.cta", LoadBytes<false>)
COPY("cp.async.bulk.shared.cta.to.global", StoreBytes)

INSTRUCTION("cp.async.bulk.commit.group") {
  Thread &thread = TheBlock().Current();
  thread.store_groups.push_back(std::move(thread.open_stores));
  thread.open_stores.clear();
}
LANE_INSTRUCTION("cp.async.bulk.wait.group",
                 [](uint32_t pending) { TheBlock().WaitStores("cp.async.bulk.wait.group", pending, false); })
LANE_INSTRUCTION("cp.async.bulk.wait.group.read",
                 [](uint32_t pending) { TheBlock().WaitStores("cp.async.bulk.wait.group.read", pending, true); })

INSTRUCTION("cp.async.bulk.prefetch.L2") {}
INSTRUCTION("prefetch.tensormap") {}
INSTRUCTION("prefetch.tensormap.p0") {}
INSTRUCTION("prefetch.tensormap.p4") {}

}  // namespace ingot::gpu_emulator
