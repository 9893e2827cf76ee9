// Views by arithmetic on dims, known and symbolic.
#include "compiler/views/strided_view.h"
#include "gtest/gtest.h"

namespace ingot::compiler {
namespace {

const StridedView kMatrix = StridedView::Contiguous({"n", 6});

void ExpectView(const StridedView &view, const Dim &offset, const Dims &dims, const Dims &strides) {
  EXPECT_EQ(view.offset.ToString(), offset.ToString());
  EXPECT_EQ(ToString(view.dims), ToString(dims));
  EXPECT_EQ(ToString(view.strides), ToString(strides));
}

TEST(StridedView, Contiguous) {
  ExpectView(StridedView::Contiguous({2, "n", 3}), 0, {2, "n", 3}, {"3 * n", 3, 1});
  EXPECT_TRUE(kMatrix.IsContiguous());
  EXPECT_TRUE((StridedView{0, {1, 4}, {99, 1}}).IsContiguous());
  EXPECT_FALSE((StridedView{1, {4}, {1}}).IsContiguous());
  EXPECT_FALSE(kMatrix.Transpose({1, 0}).IsContiguous());
}

TEST(StridedView, Transpose) { ExpectView(kMatrix.Transpose({1, 0}), 0, {6, "n"}, {1, 6}); }

TEST(StridedView, Broadcast) {
  ExpectView(StridedView::Contiguous({6}).Broadcast({"n", 6}), 0, {"n", 6}, {0, 1});
  ExpectView(StridedView::Contiguous({"n", 1}).Broadcast({2, "n", 6}), 0, {2, "n", 6}, {0, 1, 0});
}

TEST(StridedView, Slice) {
  ExpectView(kMatrix.Slice({1, 0}, {"n", 6}, {1, 2}), 6, {"n - 1", 3}, {6, 2});
  ExpectView(kMatrix.Slice({0, 5}, {"n", -1}, {1, -1}), 5, {"n", 6}, {6, -1});
}

TEST(StridedView, Reshape) {
  ExpectView(*kMatrix.Reshape({"n", 2, 3}), 0, {"n", 2, 3}, {6, 3, 1});
  ExpectView(*kMatrix.Reshape({"6 * n"}), 0, {"6 * n"}, {1});
  ExpectView(*kMatrix.Transpose({1, 0}).Reshape({2, 3, "n"}), 0, {2, 3, "n"}, {3, 1, 6});
  EXPECT_EQ(kMatrix.Transpose({1, 0}).Reshape({"6 * n"}), std::nullopt);
}

// Strides that are too long expressions are all one undefined dim; a transpose must not pass for the original.
TEST(StridedView, NothingIsKnownOfUndefinedStrides) {
  Dim sum;
  for (int i = 0; i < 12; ++i) sum = sum + Dim::Symbol("s" + std::to_string(i));
  Dims dims{sum, sum, sum, sum, sum};
  StridedView view = StridedView::Contiguous(dims);
  ASSERT_TRUE(view.strides[0].undefined() && view.strides[1].undefined());
  EXPECT_FALSE(view.Transpose({1, 0, 2, 3, 4}).IsContiguous());
  EXPECT_FALSE(IsEvenlySpaced(view, 0, 2));
  EXPECT_EQ(view.Reshape({sum * sum, sum, sum, sum}), std::nullopt);
}

TEST(StridedView, EvenlySpaced) {
  EXPECT_TRUE(IsEvenlySpaced(kMatrix, 0, 2));
  EXPECT_FALSE(IsEvenlySpaced(kMatrix.Transpose({1, 0}), 0, 2));
  EXPECT_FALSE(IsEvenlySpaced(kMatrix.Slice({0, 5}, {"n", -1}, {1, -1}), 0, 2));
  EXPECT_EQ(MergedAxis({2, 3, 1}, 0, 3), 1u);
  EXPECT_EQ(MergedAxis({2, 1, 1}, 1, 3), 2u);
}

}  // namespace
}  // namespace ingot::compiler
