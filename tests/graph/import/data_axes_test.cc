// Axes, steps and sizes that are data, where they are wrong. Right ones: tests/e2e/data_sizes.py.
#include <cmath>

#include "ingot/interpreter.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

struct Case {
  const char *name;
  std::function<void(Model &)> build;  // makes `y` of x, f32[a, b], and data: i64[2] `two`, i64[] `one`, i64[k] `any`
  const char *error;
};

Model ModelOf(const Case &of) {
  Model m(18);
  m.Input("x", kFloat, {"a", "b"}).Input("two", kInt64, {2}).Input("one", kInt64, {}).Input("any", kInt64, {"k"});
  m.Input("deep", kFloat, {1, 1, 1, 1, "a"}).Output("y");
  of.build(m);
  return m;
}

class UnsupportedAxes : public ::testing::TestWithParam<Case> {};

TEST_P(UnsupportedAxes, SayWhatToDo) {
  ExpectError(ModelOf(GetParam()).Import().status(), absl::StatusCode::kUnimplemented, {"node '", GetParam().error});
}

INSTANTIATE_TEST_SUITE_P(
    All, UnsupportedAxes,
    ::testing::Values(
        Case{"ReduceDeep", [](Model &m) { m.Node("ReduceSum", {"deep", "two"}, {"y"}); },
             "supported for operands of up to 4 axes; this one has 5; make its axes a constant"},
        Case{"ReduceAnyRank", [](Model &m) { m.Node("ReduceSum", {"x", "any"}, {"y"}).Int("keepdims", 0); },
             "how many axes it removes depends on data; set 'keepdims', or make its axes a constant"},
        Case{"SqueezeAnyRank", [](Model &m) { m.Node("Squeeze", {"x", "any"}, {"y"}); },
             "its axes are i64[k]; as data they must be of a known length: give that dim a number"},
        Case{"SliceAny", [](Model &m) { m.Node("Slice", {"x", "any", "any"}, {"y"}); },
             "its starts are i64[k]; as data they must be a vector of at most 2 elements, and of a known length"}),
    [](const auto &info) { return info.param.name; });

class InvalidAxes : public ::testing::TestWithParam<Case> {};

TEST_P(InvalidAxes, AreRefused) {
  ExpectError(ModelOf(GetParam()).Import().status(), absl::StatusCode::kInvalidArgument, {"node '", GetParam().error});
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidAxes,
    ::testing::Values(Case{"ReduceByFloats", [](Model &m) { m.Node("ReduceSum", {"x", "x"}, {"y"}); },
                           "its axes are f32[a, b], not a vector of integers"},
                      Case{"SqueezeTooMany", [](Model &m) { m.Node("Squeeze", {"one", "two"}, {"y"}); },
                           "names 2 axes of an operand with rank 0"},
                      Case{"CumSumByTwo", [](Model &m) { m.Node("CumSum", {"x", "two"}, {"y"}); },
                           "its axis is i64[2], not one integer below the rank 2"},
                      Case{"SliceStep",
                           [](Model &m) { m.Int64s("s", {1, 0}).Node("Slice", {"x", "two", "two", "", "s"}, {"y"}); },
                           "a step is 0"},
                      Case{"SliceLengths",
                           [](Model &m) { m.Int64s("s", {1}).Node("Slice", {"x", "two", "two", "s"}, {"y"}); },
                           "differ in length"},
                      Case{"SliceEnds", [](Model &m) { m.Int64s("s", {1}).Node("Slice", {"x", "two", "s"}, {"y"}); },
                           "its ends are i64[1]; they must be 2 integers, as its starts are"}),
    [](const auto &info) { return info.param.name; });

class AxesThatDoNotFit : public ::testing::TestWithParam<Case> {};

// Axis 1 twice, axis 5 of two: refused by the program, which names the node and what did not fit.
TEST_P(AxesThatDoNotFit, EndTheRun) {
  absl::StatusOr<Graph> graph = ModelOf(GetParam()).Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  auto run = [&](std::vector<int64_t> two, int64_t one) {
    std::vector<Tensor> inputs = {Tensor::Zeros(DType::kF32, {1, 1}), Tensor::I64({2}, two), Tensor::ScalarI64(one),
                                  Tensor::I64({0}, {}), Tensor::Zeros(DType::kF32, {1, 1, 1, 1, 1})};
    return Interpret(*graph, inputs).status();
  };
  EXPECT_TRUE(run({1, -2}, -1).ok()) << run({1, -2}, -1);
  ExpectError(run({1, 1}, 5), absl::StatusCode::kInvalidArgument, {"Wrong", GetParam().error, "is -1"});
  ExpectError(run({0, 5}, -3), absl::StatusCode::kInvalidArgument, {"Wrong", GetParam().error, "is -1"});
}

INSTANTIATE_TEST_SUITE_P(
    All, AxesThatDoNotFit,
    ::testing::Values(
        Case{"Reduce", [](Model &m) { m.Node("ReduceMax", {"x", "two"}, {"y"}).Name("Wrong"); }, "size_if_axes_fit"},
        Case{"Unsqueeze", [](Model &m) { m.Node("Unsqueeze", {"x", "two"}, {"y"}).Name("Wrong"); }, "size_if_axes_fit"},
        Case{"CumSum", [](Model &m) { m.Node("CumSum", {"x", "one"}, {"y"}).Name("Wrong"); }, "size_if_axis_fits"},
        Case{"Slice", [](Model &m) { m.Node("Slice", {"x", "two", "two", "two"}, {"y"}).Name("Wrong"); },
             "size_if_axes_fit"}),
    [](const auto &info) { return info.param.name; });

TEST(AxesByData, SqueezeOfAllAxesAndOfOthers) {
  Model m(18);
  m.Input("x", kFloat, {"a", "b"}).Input("two", kInt64, {2}).Output("y").Node("Squeeze", {"x", "two"}, {"y"});
  Graph graph = m.Import().value();
  EXPECT_EQ(OutputType(graph, "y"), "f32[]");
  auto run = [&](std::vector<int64_t> dims) {
    return Interpret(graph, {Tensor::Zeros(DType::kF32, dims), Tensor::I64({2}, {0, 1})}).status();
  };
  EXPECT_TRUE(run({1, 1}).ok());
  EXPECT_FALSE(run({1, 2}).ok());
}

TEST(AxesByData, AStepOf0EndsTheRun) {
  Model m(18);
  m.Input("x", kFloat, {"n"}).Input("s", kInt64, {1}).Int64s("zero", {0}).Int64s("far", {INT64_MAX}).Output("y");
  m.Node("Slice", {"x", "zero", "far", "", "s"}, {"y"}).Name("Wrong");
  Graph graph = m.Import().value();
  auto size = [&](int64_t step) -> absl::StatusOr<int64_t> {
    auto results = Interpret(graph, {Tensor::Zeros(DType::kF32, {5}), Tensor::I64({1}, {step})});
    if (!results.ok()) return results.status();
    return (*results)[0].size();
  };
  EXPECT_EQ(size(2).value(), 3);
  EXPECT_EQ(size(INT64_MAX).value(), 1);
  EXPECT_EQ(size(INT64_MIN).value(), 0);
  ExpectError(size(0).status(), absl::StatusCode::kInvalidArgument, {"Wrong", "size_if_no_step_is_0", "is -1"});
}

// Runs a model of one i64 scalar, `s`, and x, f32[n] of four elements.
absl::Status RunWith(const Model &m, int64_t scalar) {
  absl::StatusOr<Graph> graph = m.Import();
  if (!graph.ok()) return graph.status();
  return Interpret(*graph, {Tensor::Zeros(DType::kF32, {1, 4}), Tensor::ScalarI64(scalar)}).status();
}

TEST(SizesByData, FramesThatCannotBeEndTheRun) {
  for (bool is_step : {true, false}) {
    Model m(18);
    m.Input("x", kFloat, {1, "n"}).Input("s", kInt64, {}).Int64("two", 2).Output("y");
    m.Node("STFT", {"x", is_step ? "s" : "two", "", is_step ? "two" : "s"}, {"y"}).Name("Wrong");
    EXPECT_TRUE(RunWith(m, 1).ok()) << RunWith(m, 1);
    EXPECT_TRUE(RunWith(m, 3).ok()) << RunWith(m, 3);
    for (int64_t wrong : {-1, is_step ? 0 : 9})
      ExpectError(RunWith(m, wrong), absl::StatusCode::kInvalidArgument, {"Wrong"});
  }
}

TEST(SizesByData, AWindowOfANegativeSizeEndsTheRun) {
  Model m(18);
  m.Input("x", kFloat, {1, "n"}).Input("s", kInt64, {}).Output("y").Node("HannWindow", {"s"}, {"y"}).Name("Wrong");
  EXPECT_TRUE(RunWith(m, 0).ok());
  ExpectError(RunWith(m, -1), absl::StatusCode::kInvalidArgument, {"Wrong", "is -1"});
}

TEST(SizesByData, ScalesThatAreNoScalesEndTheRun) {
  Model m(18);
  m.Input("x", kFloat, {1, "n"}).Input("scales", kFloat, {2}).Output("y");
  m.Node("Resize", {"x", "", "scales"}, {"y"}).Name("Wrong").Text("mode", "linear");
  Graph graph = m.Import().value();
  auto run = [&](std::vector<float> scales) {
    return Interpret(graph, {Tensor::Zeros(DType::kF32, {1, 4}), Tensor::F32({2}, scales)}).status();
  };
  EXPECT_TRUE(run({1, 0.5f}).ok());
  for (float wrong : {-1.f, INFINITY, 1e30f})
    ExpectError(run({1, wrong}), absl::StatusCode::kInvalidArgument, {"Wrong"});
}

}  // namespace
}  // namespace ingot
