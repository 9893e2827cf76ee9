// Parts of tensors, by their numbers: slices backwards, large pooling windows, and updates whose shape equals that of
// the indices only when it is run. What they must give is counted out here, element by element.
#include <cmath>

#include "ingot/interpreter.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

Tensor Counting(std::vector<int64_t> dims) {
  Tensor tensor = Tensor::Zeros(DType::kF32, std::move(dims));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetDouble(i, static_cast<double>((i * 37 + 11) % 101) - 50);
  return tensor;
}

std::vector<double> Elements(const Tensor &tensor) {
  std::vector<double> elements;
  for (int64_t i = 0; i < tensor.size(); ++i) elements.push_back(tensor.GetDouble(i));
  return elements;
}

// ONNX's rule for a negative step: the start is brought into 0..size - 1, the end into -1..size - 1.
std::vector<double> Backwards(const Tensor &x, int64_t start, int64_t end, int64_t step) {
  int64_t size = x.size();
  start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size - 1);
  end = std::clamp<int64_t>(end < 0 ? end + size : end, -1, size - 1);
  std::vector<double> elements;
  for (int64_t i = start; i > end; i += step) elements.push_back(x.GetDouble(i));
  return elements;
}

TEST(Parts, SlicesBackwards) {
  for (auto [start, end, step] : std::vector<std::tuple<int64_t, int64_t, int64_t>>{
           {-1, -1000000000000, -1}, {-2, -6, -1}, {5, 1, -2}, {10000000000, 2, -3}, {3, -3, -1}, {-2, 1, -1}}) {
    for (int64_t size : {1, 2, 4, 9, 30}) {
      for (bool is_known : {false, true}) {
        Model m(18);
        m.Input("x", kFloat, {is_known ? Model::Size(static_cast<int>(size)) : Model::Size("n")}).Output("y");
        m.Int64s("s", {start}).Int64s("e", {end}).Int64s("a", {0}).Int64s("p", {step});
        m.Node("Slice", {"x", "s", "e", "a", "p"}, {"y"});
        absl::StatusOr<Graph> graph = m.Import();
        ASSERT_TRUE(graph.ok()) << graph.status();
        Tensor x = Counting({size});
        absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, {x});
        ASSERT_TRUE(results.ok()) << results.status();
        EXPECT_EQ(Elements((*results)[0]), Backwards(x, start, end, step))
            << start << ":" << end << ":" << step << " of " << size << (is_known ? ", known" : "");
      }
    }
  }
}

// Every element of x adds its block of weights to the result.
TEST(Parts, TransposedConvolutionsInBlocks) {
  for (int64_t groups : {1, 2}) {
    for (bool has_bias : {false, true}) {
      Model m(18);
      m.Input("x", kFloat, {Model::Size("n"), Model::Size(4), Model::Size("h"), Model::Size(3)}).Output("y");
      m.Input("w", kFloat, {Model::Size(4), Model::Size(2), Model::Size(2), Model::Size(3)});
      std::vector<std::string> operands{"x", "w"};
      if (has_bias) {
        m.Input("b", kFloat, {Model::Size(static_cast<int>(2 * groups))});
        operands.push_back("b");
      }
      m.Node("ConvTranspose", operands, {"y"}).Ints("strides", {2, 3}).Int("group", groups);
      absl::StatusOr<Graph> graph = m.Import();
      ASSERT_TRUE(graph.ok()) << graph.status();
      for (int64_t height : {1, 5}) {
        Tensor x = Counting({2, 4, height, 3}), w = Counting({4, 2, 2, 3}), bias = Counting({2 * groups});
        std::vector<Tensor> inputs{x, w};
        if (has_bias) inputs.push_back(bias);
        absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, inputs);
        ASSERT_TRUE(results.ok()) << results.status();
        const Tensor &y = (*results)[0];
        ASSERT_EQ(y.dims(), (std::vector<int64_t>{2, 2 * groups, 2 * height, 9}));
        for (int64_t at = 0; at < y.size(); ++at) {
          int64_t column = at % 9, row = at / 9 % (2 * height), m_at = at / 9 / (2 * height) % (2 * groups),
                  image = at / y.dims()[1] / y.dims()[2] / 9, group = m_at / 2;
          double sum = has_bias ? bias.GetDouble(m_at) : 0;
          for (int64_t c = group * 4 / groups; c < (group + 1) * 4 / groups; ++c)
            sum += x.GetDouble(((image * 4 + c) * height + row / 2) * 3 + column / 3) *
                   w.GetDouble(((c * 2 + m_at % 2) * 2 + row % 2) * 3 + column % 3);
          ASSERT_EQ(y.GetDouble(at), sum) << groups << " groups, height " << height << ", element " << at;
        }
      }
    }
  }
}

struct Pool {
  const char *op;
  int64_t side, stride, dilation, pad;
};

// The pool of one plane; padding counts for nothing.
std::vector<double> Pooled(const Tensor &x, const Pool &pool) {
  int64_t height = x.dims()[2], width = x.dims()[3], reach = (pool.side - 1) * pool.dilation + 1;
  auto count = [&](int64_t size) { return (size + 2 * pool.pad - reach) / pool.stride + 1; };
  std::vector<double> elements;
  for (int64_t row = 0; row < count(height); ++row) {
    for (int64_t column = 0; column < count(width); ++column) {
      double largest = -INFINITY, sum = 0, taps = 0;
      for (int64_t i = 0; i < pool.side * pool.side; ++i) {
        int64_t y = row * pool.stride - pool.pad + i / pool.side * pool.dilation;
        int64_t z = column * pool.stride - pool.pad + i % pool.side * pool.dilation;
        if (y < 0 || y >= height || z < 0 || z >= width) continue;
        largest = std::max(largest, x.GetDouble(y * width + z));
        sum += x.GetDouble(y * width + z);
        ++taps;
      }
      elements.push_back(pool.op[0] == 'M' ? largest : sum / taps);
    }
  }
  return elements;
}

TEST(Parts, LargePoolingWindows) {
  for (const Pool &pool : {Pool{"MaxPool", 13, 1, 1, 6}, Pool{"MaxPool", 5, 3, 2, 2}, Pool{"MaxPool", 9, 2, 1, 0},
                           Pool{"AveragePool", 9, 2, 1, 4}, Pool{"AveragePool", 11, 1, 1, 0}}) {
    Model m(18);
    m.Input("x", kFloat, {1, 1, "h", "w"}).Output("y");
    auto node = m.Node(pool.op, {"x"}, {"y"});
    node.Ints("kernel_shape", {pool.side, pool.side}).Ints("strides", {pool.stride, pool.stride});
    node.Ints("pads", {pool.pad, pool.pad, pool.pad, pool.pad});
    if (pool.dilation != 1) node.Ints("dilations", {pool.dilation, pool.dilation});
    absl::StatusOr<Graph> graph = m.Import();
    ASSERT_TRUE(graph.ok()) << graph.status();
    for (auto [height, width] : {std::pair(13, 17), {20, 13}}) {
      Tensor x = Counting({1, 1, height, width});
      absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, {x});
      ASSERT_TRUE(results.ok()) << results.status();
      std::vector<double> expected = Pooled(x, pool), actual = Elements((*results)[0]);
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-4) << pool.op << " " << i;
    }
  }
}

TEST(Parts, UpdatesOfAShapeThatIsKnownLater) {
  Model m(18);
  m.Input("x", kFloat, {6}).Input("k", kInt64, {"n"}).Input("u", kFloat, {"m"}).Output("y");
  m.Node("ScatterElements", {"x", "k", "u"}, {"y"}).Name("Put");
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  Tensor x = Tensor::Zeros(DType::kF32, {6}), places = Tensor::I64({2}, {1, -1});
  absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, {x, places, Tensor::F32({2}, {7, 8})});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(Elements((*results)[0]), (std::vector<double>{0, 7, 0, 0, 0, 8}));
  ExpectError(Interpret(*graph, {x, places, Tensor::F32({3}, {7, 8, 9})}).status(), absl::StatusCode::kInvalidArgument,
              {"Put"});
}

TEST(Parts, UpdatesThatCannotFitAreRefused) {
  Model m(18);
  m.Input("x", kFloat, {6}).Input("k", kInt64, {2}).Input("u", kFloat, {3}).Output("y");
  m.Node("ScatterElements", {"x", "k", "u"}, {"y"});
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument, {"the ranks must be equal"});
}

}  // namespace
}  // namespace ingot
