// The CPU as a device: its levels, how kernels are cut into tiles, and who emits them.
#include "compiler/codegen/cpu/cpu_device.h"

#include "compiler/codegen/cpu/cpu_target.h"
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/lower_kernels.h"
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

const Target *native() {
  uint64_t have = ingot_cpu_features();
  for (const Target &target : cpuTargets())
    if ((have & target.requiredFeatures) == target.requiredFeatures) return &target;
  return nullptr;
}

int64_t panelWidth(ir::ContractOp) { return kPanelWidth; }

int64_t panelsFor(const Dim &columns) {
  return panelsPerTile(Dim::CeilDiv(columns, kPanelWidth).constant().value_or(0));
}

Schedule contractSchedule(ir::ContractOp contraction) {
  Schedule schedule;
  schedule.tileRows = 128;
  schedule.panelWidth = contraction.getPanels().value_or(kPanelWidth);
  schedule.tilePanels = panelsFor(typeOf(contraction.getResult()).dims.back());
  schedule.sumLength = kProductSum;
  return schedule;
}

Schedule attentionSchedule(func::FuncOp region) {
  auto contractions = llvm::to_vector(region.getOps<ir::ContractOp>());
  Schedule schedule;
  schedule.tileRows = 192;
  schedule.blockRows = 48;
  schedule.panelWidth = kPanelWidth;
  schedule.scorePanels = panelsFor(typeOf(contractions.front().getResult()).dims.back());
  schedule.valuePanels = panelsFor(typeOf(contractions.back().getResult()).dims.back());
  schedule.sumLength = kProductSum;
  return schedule;
}

Schedule schedule(func::FuncOp region) {
  Schedule schedule;
  switch (*parseRegionKind(region->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
    case RegionKind::Row:
    case RegionKind::Sort:
    case RegionKind::Update:
      schedule.tileElements = kTileElements;
      return schedule;
    case RegionKind::Column:
      // One vector block of one row: reductions are long.
      schedule.tileColumns = 64;
      schedule.sumLength = kColumnSum;
      return schedule;
    case RegionKind::Contract:
      return contractSchedule(*region.getOps<ir::ContractOp>().begin());
    case RegionKind::Attention:
      return attentionSchedule(region);
    case RegionKind::Library:
      // 384 columns divide the widths of common encoders; 128 rows are those of a generated tile.
      schedule.tileRows = 128;
      schedule.tileColumns = 384;
      return schedule;
    case RegionKind::Control:
      break;
  }
  return schedule;
}

std::optional<KernelInfo> emit(const KernelRequest &request) {
  KernelBuilder k(request, KernelFunction::Run);
  KernelInfo info = emitKernel(k);
  k.finish();
  bool isSound = !k.failed();
  if (info.origin == INGOT_ORIGIN_LIBRARY) {
    KernelBuilder prepare(request, KernelFunction::Prepare);
    emitLibraryPrepare(prepare);
    isSound &= !prepare.failed();
  }
  return isSound ? std::optional(std::move(info)) : std::nullopt;
}

}  // namespace

const Device &cpuDevice() {
  static const Device device{"cpu", cpuTargets(), native, panelWidth, schedule, emit, lowerKernels};
  return device;
}

}  // namespace ingot::compiler
