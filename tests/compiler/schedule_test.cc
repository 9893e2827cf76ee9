// What a device decides: that decisions keep what they promise, that they stand in the IR, and that emitters follow
// them.
#include "compiler/codegen/schedule.h"

#include "compiler/codegen/cpu/cpu_target.h"
#include "compiler/codegen/device.h"
#include "gmock/gmock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"

namespace ingot::compiler {
namespace {

using mlir::func::FuncOp;

constexpr char kContraction[] =
    R"(func.func private @kernel(%x: tensor<?x64xf32, #ingot.dims<["n", "64"]>>, %y: tensor<64x40xf32>)
          -> tensor<?x40xf32, #ingot.dims<["n", "40"]>>
          attributes {ingot.kind = "contract", ingot.space = #ingot.dims<["n", "40"]>} {
    %0 = ingot.contract %x, %y {batch = 0 : i64, rows = 1 : i64, depth = 1 : i64}
        : tensor<?x64xf32, #ingot.dims<["n", "64"]>>, tensor<64x40xf32> -> tensor<?x40xf32, #ingot.dims<["n", "40"]>>
    return %0 : tensor<?x40xf32, #ingot.dims<["n", "40"]>>
  })";

constexpr char kLoop[] =
    R"(func.func private @kernel(%x: tensor<?x64xf32, #ingot.dims<["n", "64"]>>)
          -> tensor<?x64xf32, #ingot.dims<["n", "64"]>>
          attributes {ingot.kind = "loop", ingot.space = #ingot.dims<["n", "64"]>} {
    %0 = ingot.relu %x : (tensor<?x64xf32, #ingot.dims<["n", "64"]>>) -> tensor<?x64xf32, #ingot.dims<["n", "64"]>>
    return %0 : tensor<?x64xf32, #ingot.dims<["n", "64"]>>
  })";

class ScheduleTest : public testing::Test {
 protected:
  ScheduleTest() {
    context_.loadDialect<ir::IngotDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect, mlir::math::MathDialect,
                         mlir::scf::SCFDialect, mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect>();
  }

  FuncOp Parse(const char *text) {
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    return *module_->getOps<FuncOp>().begin();
  }

  Dim TilesWith(FuncOp kernel, const Schedule &schedule) {
    schedule.Set(kernel);
    mlir::OwningOpRef<mlir::ModuleOp> kernels = mlir::ModuleOp::create(kernel.getLoc());
    SizeTable sizes;
    std::optional<KernelInfo> info =
        Devices().front()->emit({kernel, *kernels, "run", "prepare", Devices().front()->targets.back(), sizes});
    EXPECT_TRUE(info.has_value());
    return info.value_or(KernelInfo()).tiles;
  }

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

TEST_F(ScheduleTest, StandsInTheIrAndComesBack) {
  FuncOp kernel = Parse(kContraction);
  EXPECT_FALSE(Schedule::Of(kernel).has_value());
  Schedule schedule;
  schedule.tile_rows = 32;
  schedule.panel_width = 8;
  schedule.Set(kernel);
  std::optional<Schedule> read = Schedule::Of(kernel);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->tile_rows, 32);
  EXPECT_EQ(read->panel_width, 8);
  EXPECT_EQ(read->tile_panels, 0);
}

TEST_F(ScheduleTest, UnknownNamesAndImpossibleNumbersAreRefused) {
  FuncOp kernel = Parse(kContraction);
  mlir::Builder b(&context_);
  for (auto [name, value] : {std::pair("tile_rows", 0), {"tile_rows", -1}, {"tile_row", 1}}) {
    kernel->setAttr("ingot.schedule", b.getDictionaryAttr(b.getNamedAttr(name, b.getI64IntegerAttr(value))));
    EXPECT_FALSE(Schedule::Of(kernel).has_value()) << name << value;
  }
}

TEST_F(ScheduleTest, EmittersFollowIt) {
  FuncOp kernel = Parse(kContraction);
  Schedule schedule = Devices().front()->schedule(kernel);
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 128));
  schedule.tile_rows = 7;
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 7));
  schedule.tile_panels = 1;
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 7) * Dim(3));
  schedule.panel_width = 8;
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 7) * Dim(5));

  kernel = Parse(kLoop);
  schedule = Devices().front()->schedule(kernel);
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 128));
  schedule.tile_elements = 640;
  EXPECT_EQ(TilesWith(kernel, schedule), Dim::CeilDiv(Dim::Symbol("n"), 10));
}

TEST_F(ScheduleTest, TheDeviceOfAnOpIsTheNearest) {
  FuncOp kernel = Parse(kLoop);
  EXPECT_EQ(&DeviceOf(kernel), Devices().front());
  kernel->setAttr("ingot.device", mlir::StringAttr::get(&context_, "cpu"));
  EXPECT_EQ(DeviceOf(&kernel.getBody().front().front()).name, "cpu");
}

// Accumulators, one load of the right operand and the broadcast left one fit into the registers.
TEST(RegisterTileTest, FitsIntoRegisters) {
  for (const Target &target : CpuTargets()) {
    int vectors = 16 / target.vector_width;
    for (int panels : {1, 2, 3, 4}) {
      RegisterTile tile = RegisterTileFor(target, panels);
      EXPECT_LE(tile.panels, panels);
      EXPECT_LE(tile.rows * tile.panels * vectors + tile.panels * vectors + 1, target.registers)
          << target.level << " " << panels;
      // Enough sums at once to hide the latency of a product: 4 cycles, two a cycle.
      EXPECT_GE(tile.rows * tile.panels * vectors, 8) << target.level << " " << panels;
      int few = FewRows(target, panels);
      EXPECT_LE(few * panels, tile.rows * tile.panels) << target.level << " " << panels;
    }
  }
}

TEST(RegisterTileTest, PanelsPerTileLeaveFewOver) {
  EXPECT_EQ(PanelsPerTile(0), 4);   // not known
  EXPECT_EQ(PanelsPerTile(1), 1);   // no wider than the matrix
  EXPECT_EQ(PanelsPerTile(48), 3);  // 768 columns
  EXPECT_EQ(PanelsPerTile(64), 4);  // 1024 columns
  EXPECT_EQ(PanelsPerTile(2), 2);
  for (int64_t panels = 1; panels < 200; ++panels) {
    int tile = PanelsPerTile(panels);
    EXPECT_LT((panels + tile - 1) / tile * tile - panels, 3) << panels;
  }
}

TEST(TargetTest, NamesAreFoundAndUnknownOnesListWhatThereIs) {
  const Device &host = *Devices().front();
  EXPECT_EQ(FindTarget(host, "x86-64-v3")->vector_width, 8);
  EXPECT_TRUE(FindTarget(host, "native").ok());
  absl::StatusOr<Target> unknown = FindTarget(host, "sm_80");
  EXPECT_THAT(std::string(unknown.status().message()),
              testing::HasSubstr("known levels: native, x86-64-v4, x86-64-v3"));
}

}  // namespace
}  // namespace ingot::compiler
