// Dims as an attribute: uniqued, and printed so that they can be read back whatever their length.
#include "compiler/dialect/ingot.h"
#include "gtest/gtest.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"

namespace ingot {
namespace {

class DimsAttribute : public testing::Test {
 protected:
  DimsAttribute() { context_.loadDialect<ir::IngotDialect>(); }
  std::string Print(mlir::Attribute attribute) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    attribute.print(stream);
    return text;
  }
  mlir::MLIRContext context_;
};

TEST_F(DimsAttribute, EqualDimsAreOneAttribute) {
  auto a = ir::DimsAttr::get(&context_, {Dim("2 * (n + 1)"), 3}),
       b = ir::DimsAttr::get(&context_, {Dim("n + n + 2"), 3});
  EXPECT_EQ(a, b);
  EXPECT_NE(a, ir::DimsAttr::get(&context_, {3, Dim("n + n + 2")}));
}

// Text beyond what a file may hold: 40 symbols of 100 letters.
TEST_F(DimsAttribute, LongDimsCanBeReadBack) {
  Dim sum;
  for (int i = 0; i < 40; ++i)
    sum = sum + Dim::FloorDiv(Dim::Symbol(std::string(100, static_cast<char>('a' + i % 26)) + std::to_string(i)), 3);
  ASSERT_FALSE(sum.undefined());
  auto dims = ir::DimsAttr::get(&context_, {sum, Dim("min(n, 4)"), 7});
  EXPECT_GT(Print(dims).size(), 4000u);
  EXPECT_EQ(mlir::parseAttribute(Print(dims), &context_), dims);
}

TEST_F(DimsAttribute, MalformedTextIsAnError) {
  context_.getDiagEngine().registerHandler([](mlir::Diagnostic &) { return mlir::success(); });
  EXPECT_FALSE(mlir::parseAttribute("#ingot.dims<[\"n +\"]>", &context_));
  EXPECT_FALSE(mlir::parseAttribute("#ingot.sizes<[\"n\"]>", &context_));
}

}  // namespace
}  // namespace ingot
