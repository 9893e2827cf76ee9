// The verifiers behind the phases: what each refuses, and that its message says which op and which pass.
#include "compiler/pipeline/verify_phase.h"

#include "gmock/gmock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"

namespace ingot::compiler {
namespace {

using testing::HasSubstr;

class VerifyPhase : public testing::Test {
 protected:
  VerifyPhase() {
    context_
        .loadDialect<ir::IngotDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect, mlir::LLVM::LLVMDialect>();
    context_.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
      said_ += diagnostic.str() + "\n";
      return mlir::success();
    });
  }

  // What the verifier says of the module; empty when it accepts it.
  std::string Said(mlir::LogicalResult (*verify)(mlir::ModuleOp), const std::string &text) {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    if (!module) return "does not parse: " + said_;
    said_.clear();
    bool accepted = mlir::succeeded(verify(*module));
    EXPECT_EQ(accepted, said_.empty());
    return said_;
  }

  std::string said_;
  mlir::MLIRContext context_;
};

TEST_F(VerifyPhase, Import) {
  EXPECT_EQ(Said(VerifyAfterImport, R"(func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = ingot.relu %x : (tensor<4xf32>) -> tensor<4xf32> loc("act")
    return %0 : tensor<4xf32> })"),
            "");
  std::string said = Said(VerifyAfterImport, R"(func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = ingot.relu %x : (tensor<4xf32>) -> tensor<4xf32> loc(unknown)
    %1 = ingot.copy %0 : tensor<4xf32> -> tensor<4xf32> loc("c")
    return %1 : tensor<4xf32> }
    func.func private @other())");
  EXPECT_THAT(said, HasSubstr("'ingot.relu' has lost its node's name"));
  EXPECT_THAT(said, HasSubstr("'ingot.copy' is no graph op"));
  EXPECT_THAT(said, HasSubstr("is no function of the graph"));
}

TEST_F(VerifyPhase, Simplify) {
  std::string said = Said(VerifyAfterSimplify, R"(func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = ingot.softmax %x {axis = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32>
    %1 = ingot.view %0 offset ["0"] strides ["1"] : tensor<4xf32> -> tensor<4xf32>
    return %1 : tensor<4xf32> })");
  EXPECT_THAT(said, HasSubstr("after phase 'simplify': 'ingot.softmax' is not a primitive"));
  EXPECT_THAT(said, HasSubstr("'ingot.view' does not belong here"));
}

TEST_F(VerifyPhase, Fuse) {
  std::string said = Said(VerifyAfterFuse, R"(func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = ingot.relu %x : (tensor<4xf32>) -> tensor<4xf32>
    %1 = ingot.view %0 offset ["0"] strides ["1"] : tensor<4xf32> -> tensor<4xf32>
    %2 = ingot.dispatch @kernel_0(%1) : (tensor<4xf32>) -> tensor<4xf32>
    %3 = ingot.dispatch @missing(%2) : (tensor<4xf32>) -> tensor<4xf32>
    return %3 : tensor<4xf32> }
    func.func private @kernel_0(%x: tensor<4xf32>) -> tensor<4xf32> attributes {ingot.device = "abacus", ingot.kind = "loop", ingot.schedule = {tile_elements = 8192 : i64}, ingot.space = #ingot.dims<["4"]>} {
    %0 = ingot.transpose %x {permutation = array<i64: 0>} : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32> }
    func.func private @kernel_1(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> })");
  EXPECT_THAT(said, HasSubstr("'ingot.relu' is computed outside kernels"));
  EXPECT_THAT(said, HasSubstr("'ingot.dispatch' takes a view"));
  EXPECT_THAT(said, HasSubstr("calls a kernel that does not exist"));
  EXPECT_THAT(said, HasSubstr("'ingot.transpose' is not on views"));
  EXPECT_THAT(said, HasSubstr("has no region kind, space or schedule"));
  EXPECT_THAT(said, HasSubstr("is for no device that there is"));
}

TEST_F(VerifyPhase, Vector) {
  EXPECT_EQ(
      Said(VerifyAfterVector, R"(func.func @k(%b: !llvm.ptr, %s: !llvm.ptr, %f: i64, %t: i64, %w: !llvm.ptr) -> i32 {
    %0 = arith.constant 0 : i32
    return %0 : i32 })"),
      "");
  std::string said = Said(VerifyAfterVector, R"(func.func private @malloc(i64) -> !llvm.ptr
    func.func @k(%x: tensor<4xf32>) -> i32 {
    %1 = ingot.relu %x : (tensor<4xf32>) -> tensor<4xf32>
    %0 = arith.constant 0 : i32
    return %0 : i32 })");
  EXPECT_THAT(said, HasSubstr("'malloc' is declared"));
  EXPECT_THAT(said, HasSubstr("has not the ABI's signature"));
  EXPECT_THAT(said, HasSubstr("of a dialect that LowerKernels does not lower"));
  EXPECT_THAT(said, HasSubstr("is a tensor"));
}

// x -> kernel a -> arena value -> kernel b -> y.
ProgramPlan TwoSteps() {
  ProgramPlan plan;
  plan.sizes.Index(Dim(64));
  plan.kernels = {"a", "b"};
  auto value = [](ingot_value_kind_t kind, uint32_t first, uint32_t last) {
    ingot_value_t value = {};
    value.kind = kind, value.first_step = first, value.last_step = last;
    return value;
  };
  plan.values = {value(INGOT_VALUE_INPUT, 0, 0), value(INGOT_VALUE_ARENA, 0, 1), value(INGOT_VALUE_OUTPUT, 1, 1)};
  plan.steps = {{0, {0, 1}, "first"}, {1, {1, 2}, "second"}};
  PlannedKernel kernel{0, 0, INGOT_NONE, INGOT_ORIGIN_GENERATED};
  plan.variants = {{kernel, kernel}};
  plan.outputs = {{"y", 2, {}, {}}};
  return plan;
}

TEST(VerifyPlan, AcceptsAndRefuses) {
  EXPECT_EQ(VerifyPlan(TwoSteps()), "");
  auto broken = [](void (*breakIt)(ProgramPlan &)) {
    ProgramPlan plan = TwoSteps();
    breakIt(plan);
    return VerifyPlan(plan);
  };
  EXPECT_THAT(broken([](ProgramPlan &plan) { std::swap(plan.steps[0], plan.steps[1]); }),
              HasSubstr("before it is written"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.values[1].last_step = 0; }), HasSubstr("outside its lifetime"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.steps[1].kernel = 2; }),
              HasSubstr("names a kernel outside the table"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.variants[0][1].tiles = 7; }),
              HasSubstr("kernel b names a size outside the table"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.steps[1].kernel = 0; }), HasSubstr("never run"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.steps[1].operands = {1, 9}; }), HasSubstr("outside the table"));
  EXPECT_THAT(broken([](ProgramPlan &plan) {
                plan.steps.pop_back();
                plan.kernels.pop_back();
              }),
              HasSubstr("'y' is never written"));
  EXPECT_THAT(broken([](ProgramPlan &plan) { plan.weights_bytes = 64; }), HasSubstr("weights"));
}

}  // namespace
}  // namespace ingot::compiler
