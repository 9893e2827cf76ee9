// What the tests of graph files share: a graph with every kind of attribute, comparison by name, and a temporary
// directory.
#ifndef INGOT_TESTS_GRAPH_GRAPH_TESTING_H_
#define INGOT_TESTS_GRAPH_GRAPH_TESTING_H_

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "ingot/builder.h"

namespace ingot {

// A perceptron with a layer norm, and enough around it to use every kind of attribute that ops have. Golden files hold
// this graph.
inline Graph GoldenMlp() {
  GraphBuilder b("mlp");
  b.Bound("batch", {1, 512});
  Expr x = b.Input("x", DType::kF32, {"batch", 4}), y = b.Input("y", DType::kF16, {"seq", "2 * batch + min(seq, 8)"});
  Expr w1 = b.Constant(Tensor::F32({4, 3}, {0.5f, -1, 2, 3.25f, -4, 5, 6, -7, 8, 9, -10, 0.1f}), "w1");
  Expr b1 = b.Constant(Tensor::F32({3}, {1, -2, 3}), "b1"), scale = b.Scalar(1.5), shift = b.Scalar(-0.25);
  Expr table = b.Constant(Tensor::I64({2}, {INT64_MIN, INT64_MAX}), "table"), half = b.Scalar(0.5, DType::kF16);
  auto at = [&](const char *name, int line) { b.SetNext(name, "mlp.cc:" + std::to_string(line)); };
  at("fc1", 1);
  Expr h = b.MatMul(x, w1);
  at("bias", 2);
  h = b.Add(h, b1);
  at("norm", 3);
  h = b.LayerNorm(h, scale, shift, -1, 1e-6);
  at("probs", 4);
  b.Output("probs", b.Softmax(h));
  at("sum", 5);
  h = b.ReduceSum(h, {1}, true);
  at("flat", 6);
  b.Output("sum", b.Reshape(h, {"batch"}));
  at("padded", 7);
  Expr padded = b.Pad(y, half, {0, 1}, {"batch", 0});
  at("wide", 8);
  b.Output("wide", b.Cast(padded, DType::kF64));
  at("sizes", 9);
  b.Output("sizes", b.DimValues({"seq ceildiv 2", "batch floordiv 3 + 1", "max(seq, batch) - 1", "seq mod 5"}));
  at("table", 10);
  b.Output("table", b.Slice(table, {1}, {-1}, {-1}));
  return b.Finish().value();
}

inline const Value *FindValue(const Graph &graph, const std::string &name) {
  for (const Value &value : graph.values) {
    if (value.name == name) return &value;
  }
  return nullptr;
}

// The same graph, whatever the numbers of its values.
inline void ExpectSame(const Graph &a, const Graph &b) {
  EXPECT_EQ(ToString(a), ToString(b));
  EXPECT_EQ(a.name, b.name);
  ASSERT_EQ(a.symbols.size(), b.symbols.size());
  for (const auto &[name, range] : a.symbols) {
    ASSERT_TRUE(b.symbols.count(name)) << name;
    EXPECT_EQ(range.min, b.symbols.at(name).min) << name;
    EXPECT_EQ(range.max, b.symbols.at(name).max) << name;
  }
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const Value &value : a.values) {
    const Value *other = FindValue(b, value.name);
    ASSERT_NE(other, nullptr) << value.name;
    EXPECT_EQ(value.type, other->type) << value.name;
    EXPECT_EQ(value.producer, other->producer) << value.name;
    ASSERT_EQ(value.constant >= 0, other->constant >= 0) << value.name;
    if (value.constant < 0) continue;
    const Tensor &x = a.constants[static_cast<size_t>(value.constant)],
                 &y = b.constants[static_cast<size_t>(other->constant)];
    ASSERT_EQ(x.type(), y.type()) << value.name;
    EXPECT_EQ(std::string_view(x.data(), x.bytes()), std::string_view(y.data(), y.bytes())) << value.name;
  }
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].name, b.nodes[i].name);
    EXPECT_EQ(a.nodes[i].location, b.nodes[i].location);
    EXPECT_EQ(a.nodes[i].attributes, b.nodes[i].attributes) << a.nodes[i].name;
  }
}

// An empty directory that goes away with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(testing::TempDir() + "ingot-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make " << path_;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

  std::string operator/(const std::string &name) const { return path_ + "/" + name; }
  const std::string &path() const { return path_; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

inline std::string ReadWhole(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteWhole(const std::string &path, std::string_view contents) {
  std::ofstream file(path, std::ios::binary);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  EXPECT_TRUE(file.good()) << path;
}

}  // namespace ingot
#endif  // INGOT_TESTS_GRAPH_GRAPH_TESTING_H_
