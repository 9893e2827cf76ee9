// The CPU as a device: its levels, how kernels are cut into tiles, and who emits them.
#include "compiler/codegen/cpu/cpu_device.h"

#include "compiler/codegen/cpu/cpu_target.h"
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/point/lower_kernels.h"
#include "compiler/fusion/region_planner.h"
#include "ingot/runtime.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// One packing serves every level: two registers of 8 lanes, one of 16.
constexpr int64_t kPanelWidth = 16;
// Elements of a tile: enough to pay for a hand-off, few enough to share out.
constexpr int64_t kTileElements = 8192;
// The error of a sum grows with its length.
constexpr int64_t kProductSum = 256, kColumnSum = 128;

const Target *Native() {
  uint64_t have = ingot_cpu_features();
  for (const Target &target : CpuTargets())
    if ((have & target.required_features) == target.required_features) return &target;
  return nullptr;
}

int64_t panel_width(ir::ContractOp) { return kPanelWidth; }

int64_t PanelsFor(const Dim &columns) {
  return PanelsPerTile(Dim::CeilDiv(columns, kPanelWidth).constant().value_or(0));
}

Schedule ContractSchedule(ir::ContractOp contraction) {
  Schedule schedule;
  schedule.tile_rows = 128;
  schedule.panel_width = contraction.getPanels().value_or(kPanelWidth);
  schedule.tile_panels = PanelsFor(TypeOf(contraction.getResult()).dims.back());
  schedule.sum_length = kProductSum;
  return schedule;
}

Schedule AttentionSchedule(func::FuncOp region) {
  auto contractions = llvm::to_vector(region.getOps<ir::ContractOp>());
  Schedule schedule;
  schedule.tile_rows = 192;
  schedule.block_rows = 48;
  schedule.panel_width = kPanelWidth;
  schedule.score_panels = PanelsFor(TypeOf(contractions.front().getResult()).dims.back());
  schedule.value_panels = PanelsFor(TypeOf(contractions.back().getResult()).dims.back());
  schedule.sum_length = kProductSum;
  return schedule;
}

Schedule schedule(func::FuncOp region) {
  Schedule schedule;
  switch (*ParseRegionKind(region->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
    case RegionKind::Row:
    case RegionKind::Sort:
    case RegionKind::Update:
      schedule.tile_elements = kTileElements;
      return schedule;
    case RegionKind::Column:
      // One vector block of one row: reductions are long.
      schedule.tile_columns = 64;
      schedule.sum_length = kColumnSum;
      return schedule;
    case RegionKind::Contract:
      return ContractSchedule(*region.getOps<ir::ContractOp>().begin());
    case RegionKind::Attention:
      return AttentionSchedule(region);
    case RegionKind::Library:
      // 384 columns divide the widths of common encoders; 128 rows are those of a generated tile.
      schedule.tile_rows = 128;
      schedule.tile_columns = 384;
      return schedule;
    case RegionKind::Control:
      break;
  }
  return schedule;
}

KernelInfo EmitKernel(KernelBuilder &k) {
  switch (*ParseRegionKind(k.source->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
      return EmitLoopKernel(k);
    case RegionKind::Row:
      return EmitRowKernel(k);
    case RegionKind::Column:
      return EmitColumnKernel(k);
    case RegionKind::Contract:
      return EmitContractKernel(k);
    case RegionKind::Attention:
      return EmitAttentionKernel(k);
    case RegionKind::Library:
      return EmitLibraryKernel(k);
    case RegionKind::Sort:
      return k.body().getOps<ir::NonZeroOp>().empty() ? EmitSortKernel(k) : EmitNonZeroKernel(k);
    case RegionKind::Update:
      return EmitUpdateKernel(k);
    case RegionKind::Control:
      break;
  }
  return {};
}

std::optional<KernelInfo> Emit(const KernelRequest &request) {
  KernelBuilder k(request, KernelFunction::Run);
  KernelInfo info = EmitKernel(k);
  k.Finish();
  bool is_sound = !k.failed();
  if (info.origin == INGOT_ORIGIN_LIBRARY) {
    KernelBuilder prepare(request, KernelFunction::Prepare);
    EmitLibraryPrepare(prepare);
    is_sound &= !prepare.failed();
  }
  return is_sound ? std::optional(std::move(info)) : std::nullopt;
}

}  // namespace

const Device &CpuDevice() {
  static const Device device{"cpu", INGOT_DEVICE_HOST, CpuTargets(), Native, panel_width, schedule,
                             Emit,  LowerKernels,      nullptr};
  return device;
}

}  // namespace ingot::compiler
