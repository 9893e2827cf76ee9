// NVIDIA GPUs as a device: architectures, how kernels are cut into tiles and threads, and who emits them.
#include "compiler/codegen/cuda/cuda_device.h"

#include "compiler/codegen/cuda/bounds.h"
#include "compiler/codegen/cuda/image.h"
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/attention_region.h"
#include "compiler/codegen/point/kernels.h"
#include "compiler/codegen/point/lower_kernels.h"
#include "compiler/fusion/region_planner.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

constexpr int64_t kThreads = 128, kThreadsOfLongRows = 512;
// The error of a sum grows with its length.
constexpr int64_t kProductSum = 256, kColumnSum = 128;

// The last stands for a GPU on the CPU: the same kernels, as machine code of the host that runs a thread at a time.
ArrayRef<Target> CudaTargets() {
  static const Target targets[] = {
      {"sm_90", "+ptx78", 0, 1, 255, "cuda"},
      {"sm_80", "+ptx71", 0, 1, 255, "cuda"},
      {"emulated", "+ptx78", 0, 1, 255, "cuda"},
  };
  return targets;
}

const Target *Native() { return nullptr; }

RegionKind KindOfRegion(func::FuncOp region) {
  return *ParseRegionKind(region->getAttrOfType<StringAttr>("ingot.kind").getValue());
}

// Threads that share a row: one to some four elements, whole warps.
int64_t ThreadsOfRows(const Dim &length) {
  int64_t threads = kWarp, known = length.constant().value_or(4 * kThreads);
  while (threads < kThreadsOfLongRows && threads * 4 < known) threads *= 2;
  return threads;
}

// Large tiles read their operands less often; small ones keep more of the device busy where there are few of them.
void SetContractTile(func::FuncOp region, Schedule &schedule) {
  constexpr int64_t kLarge = 128, kSmall = 64, kLargeThreads = 256, kEnoughTiles = 128;
  auto op = *region.getBody().front().getOps<ir::ContractOp>().begin();
  DType dtype = TypeOf(op.getX()).dtype;
  bool is_half = IsHalf(dtype);
  int64_t elements = NumElements(region->getAttrOfType<ir::DimsAttr>("ingot.space").dims()).constant().value_or(0);
  bool is_large = elements / (kLarge * kLarge) >= kEnoughTiles && (is_half || dtype == DType::kF32);
  schedule.tile_rows = schedule.tile_columns = is_large ? kLarge : kSmall;
  schedule.threads = is_large ? kLargeThreads : kThreads;
  schedule.tile_depth = is_half ? 32 : 16;
  schedule.stages = is_half && !is_large ? 4 : 3;
}

// Of rows of queries by keys; wide heads leave room for less of both, and less depth on its way.
void SetAttentionTile(func::FuncOp region, Schedule &schedule) {
  constexpr int64_t kWide = 128;
  AttentionRegion attention(region);
  bool is_half = IsHalf(attention.dtype), is_wide = attention.columns.constant().value_or(kWide + 1) > kWide;
  schedule.tile_rows = is_half || !is_wide ? 64 : 32;
  schedule.tile_columns = is_half ? 64 : 32;
  schedule.tile_depth = is_half ? 32 : 16;
  schedule.stages = is_half && !is_wide ? 3 : 2;
  schedule.sum_length = kProductSum;
}

Schedule schedule(func::FuncOp region) {
  Schedule schedule;
  schedule.threads = kThreads;
  schedule.tile_elements = 1;
  switch (KindOfRegion(region)) {
    case RegionKind::Row:
      schedule.threads = ThreadsOfRows(region->getAttrOfType<ir::DimsAttr>("ingot.space").dims().back());
      break;
    case RegionKind::Sort:
      schedule.threads = kWarp;  // each with a heap of its own
      break;
    case RegionKind::Column:
      schedule.tile_columns = 1;
      schedule.sum_length = kColumnSum;
      break;
    case RegionKind::Contract:
      SetContractTile(region, schedule);
      break;
    case RegionKind::Attention:
      SetAttentionTile(region, schedule);
      break;
    default:
      break;
  }
  return schedule;
}

KernelInfo EmitKernel(KernelBuilder &k) {
  auto over_threads = [&](KernelInfo (*emit)(KernelBuilder &)) {
    return OverTiles(k, TilesOf::Threads, [&] { return emit(k); });
  };
  switch (KindOfRegion(k.source)) {
    case RegionKind::Loop:
      if (cuda::ReadsTransposed(k)) return OverTiles(k, TilesOf::Blocks, [&] { return cuda::EmitTransposeKernel(k); });
      return over_threads(cuda::EmitLoopKernel);
    case RegionKind::Update:
      return over_threads(cuda::EmitUpdateKernel);
    case RegionKind::Column:
      return over_threads(EmitColumnKernel);
    case RegionKind::Contract:
      return cuda::EmitContractKernel(k);
    case RegionKind::Sort:
      return over_threads(k.body().getOps<ir::NonZeroOp>().empty() ? EmitSortKernel : EmitNonZeroKernel);
    case RegionKind::Row:
      return OverTiles(k, TilesOf::Blocks, [&] {
        RowThreads threads = BlockThreads(k);
        threads.most = k.schedule.threads;
        return EmitRowKernel(k, &threads);
      });
    case RegionKind::Attention:
      return cuda::EmitAttentionKernel(k);
    case RegionKind::Library:
      k.Fail(k.source.getLoc(), "a library kernel runs on the host alone");
      return {};
    case RegionKind::Control:
      break;
  }
  return {};
}

// Of a block, in all variables of the kernel.
int64_t SharedBytes(KernelBuilder &k) {
  int64_t bytes = 0;
  std::string prefix = (k.function().getName() + "_shared_").str();
  for (auto variable : k.function()->getParentOfType<ModuleOp>().getOps<LLVM::GlobalOp>()) {
    auto type = cast<LLVM::LLVMArrayType>(variable.getGlobalType());
    if (variable.getSymName().starts_with(prefix))
      bytes += static_cast<int64_t>(type.getNumElements()) * type.getElementType().getIntOrFloatBitWidth() / 8;
  }
  return bytes;
}

std::optional<KernelInfo> Emit(const KernelRequest &request) {
  KernelBuilder k(request, KernelFunction::Entry);
  KernelInfo info = EmitKernel(k);
  if (request.target.level == "emulated") cuda::TellBuffers(k, info);
  k.Finish();
  // Of 8 bytes each: a launch takes 4 KiB.
  constexpr unsigned kMostParameters = 512;
  if (k.function().getNumArguments() > kMostParameters) k.Fail(k.source.getLoc(), "has too many operands and sizes");
  // A driver would refuse the whole program where it is loaded.
  constexpr int64_t kMostShared = 48 << 10;
  if (SharedBytes(k) > kMostShared) k.Fail(k.source.getLoc(), "has too much shared memory");
  if (k.failed() || !info.launch) return std::nullopt;
  info.launch->sizes = k.size_parameters();
  // Registers are given out for so many threads of a block, and so many blocks side by side. Tiles of products take
  // what they need; without the second number ptxas spills rather than use what there is.
  constexpr int64_t kThreadsSideBySide = 1024;
  RegionKind kind = KindOfRegion(k.source);
  bool has_tiles = kind == RegionKind::Contract || kind == RegionKind::Attention;
  int64_t blocks = has_tiles ? 1 : kThreadsSideBySide / info.launch->threads;
  auto attribute = [&](StringRef name, const std::string &value) { return k.b.getStrArrayAttr({name, value}); };
  k.function()->setAttr("passthrough",
                        k.b.getArrayAttr({attribute("nvvm.maxntid", std::to_string(info.launch->threads)),
                                          attribute("nvvm.minctasm", std::to_string(blocks))}));
  return info;
}

}  // namespace

const Device &CudaDevice() {
  static const Device device{"cuda", INGOT_DEVICE_CUDA, CudaTargets(),  Native, nullptr, schedule,
                             Emit,   LowerKernels,      cuda::MakeImage};
  return device;
}

}  // namespace ingot::compiler
