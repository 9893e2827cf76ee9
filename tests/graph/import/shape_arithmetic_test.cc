// Shape arithmetic stays symbolic: what exporters write around Reshape, Expand, Slice and Range leaves no node behind.
#include "graph/shape/facts.h"
#include "ingot/interpreter.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

// The type of `y` in the model, which has an input x: f32[batch, seq, 768]. The error's message when there is one.
std::string TypeOf(const Model &m, std::string *ops = nullptr) {
  auto graph = m.Import();
  if (!graph.ok()) return std::string(graph.status().message());
  if (ops != nullptr) *ops = OpNames(*graph);
  return OutputType(*graph, "y");
}

Model Start(int opset = 17) {
  Model m(opset);
  m.Input("x", kFloat, {"batch", "seq", 768}).Output("y");
  return m;
}

TEST(ShapeArithmetic, ReshapeSolvesTheHole) {
  Model m = Start();
  m.Int64s("heads", {0, 0, 12, -1});
  m.Node("Reshape", {"x", "heads"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "f32[batch, seq, 12, 64]");
  EXPECT_EQ(ops, "reshape");
}

TEST(ShapeArithmetic, ExportersWayToSplitHeads) {
  // Shape, Gather, Unsqueeze, Concat: what torch writes for x.view(b, s, 12, 64).
  Model m = Start();
  m.Int64("zero", 0).Int64("one", 1).Int64s("axis", {0}).Int64s("twelve", {12}).Int64s("rest", {64});
  m.Node("Shape", {"x"}, {"s0"});
  m.Node("Gather", {"s0", "zero"}, {"b"});
  m.Node("Shape", {"x"}, {"s1"});
  m.Node("Gather", {"s1", "one"}, {"s"});
  m.Node("Unsqueeze", {"b", "axis"}, {"ub"});
  m.Node("Unsqueeze", {"s", "axis"}, {"us"});
  m.Node("Concat", {"ub", "us", "twelve", "rest"}, {"shape"}).Int("axis", 0);
  m.Node("Reshape", {"x", "shape"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "f32[batch, seq, 12, 64]");
  EXPECT_EQ(ops, "reshape");
}

TEST(ShapeArithmetic, SumsDivideOutWhenTheyStandAlone) {
  Model m;
  m.Input("a", kFloat, {"b", "past", 4}).Input("c", kFloat, {"b", "seq", 4}).Output("y").Int64s("to", {0, 0, 2, -1});
  m.Node("Concat", {"a", "c"}, {"all"}).Int("axis", 1);
  m.Node("Reshape", {"all", "to"}, {"y"});
  EXPECT_EQ(TypeOf(m), "f32[b, past + seq, 2, 2]");
}

TEST(ShapeArithmetic, ReshapeThatFitsSomeSizesIsCheckedAtRunTime) {
  Model m = Start();
  m.Int64s("to", {1, 128, 768});
  m.Node("Reshape", {"x", "to"}, {"y"});
  EXPECT_EQ(TypeOf(m), "f32[1, 128, 768]");
  const std::vector<NodeFact> facts = UnprovenFacts(*m.Import()).value();
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_TRUE(facts[0].fact.Check({{"batch", 2}, {"seq", 64}}).ok());
  EXPECT_FALSE(facts[0].fact.Check({{"batch", 2}, {"seq", 65}}).ok());
}

// Windows that might not fit, and a last window that only some sizes have.
TEST(ShapeArithmetic, PoolsOverDynamicAxes) {
  Model m;
  m.Input("x", kFloat, {1, 2, "h", "w"}).Output("y");
  m.Node("MaxPool", {"x"}, {"y"}).Ints("kernel_shape", {3, 3}).Ints("strides", {2, 2}).Int("ceil_mode", 1);
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Dims &dims = graph->type(graph->outputs[0].value).dims;
  for (auto [size, windows] : {std::pair(3, 1), std::pair(4, 2), std::pair(5, 2), std::pair(6, 3), std::pair(7, 3)})
    EXPECT_EQ(dims[2].Evaluate({{"h", size}, {"w", 9}}).value(), windows) << size;
}

TEST(ShapeArithmetic, MinusOneAndZeroAreUnknownSizes) {
  Model m;
  m.Input("x", kFloat, {-1, 0, 3}).Output("y");
  m.Node("Neg", {"x"}, {"y"});
  EXPECT_EQ(TypeOf(m), "f32[x_dim0, x_dim1, 3]");
}

TEST(ShapeArithmetic, ExpandWithTheUsualGuard) {
  // Where(shape == -1, 1, shape): torch's expand.
  Model m;
  m.Input("x", kFloat, {"batch", 1, 4}).Input("z", kFloat, {"seq"}).Output("y");
  m.Int64s("minus", {-1}).Int64s("four", {4}).Int64s("three", {3});
  m.Node("Shape", {"x"}, {"sx"}).Int("start", 0).Int("end", 1);
  m.Node("Shape", {"z"}, {"sz"});
  m.Node("Concat", {"sx", "sz", "four"}, {"shape"}).Int("axis", 0);
  m.Node("ConstantOfShape", {"three"}, {"zeros"});
  m.Node("Cast", {"zeros"}, {"izeros"}).Int("to", kInt64);
  m.Node("Sub", {"izeros", "minus"}, {"ones"});
  m.Node("Equal", {"shape", "minus"}, {"open"});
  m.Node("Where", {"open", "ones", "shape"}, {"to"});
  m.Node("Expand", {"x", "to"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "f32[batch, seq, 4]");
  EXPECT_EQ(ops, "broadcast_to");
}

// min(n, 8), written with Less and Where, and a quotient that counts where n is above 2.
TEST(ShapeArithmetic, WhereChoosesSizesBySizes) {
  Model m;
  m.Input("x", kFloat, {"n"}).Output("y").Output("z").Int64s("eight", {8}).Int64s("zero", {0}).Int64s("two", {2});
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Less", {"shape", "eight"}, {"few"});
  m.Node("Where", {"few", "shape", "eight"}, {"count"});
  m.Node("ConstantOfShape", {"count"}, {"y"});
  m.Node("Greater", {"shape", "two"}, {"some"});
  m.Node("Div", {"eight", "shape"}, {"share"});
  m.Node("Where", {"some", "share", "zero"}, {"shares"});
  m.Node("ConstantOfShape", {"shares"}, {"z"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (auto [n, count, shares] : {std::tuple(3, 3, 2), {8, 8, 1}, {20, 8, 0}, {2, 2, 0}, {1, 1, 0}}) {
    absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Tensor::Zeros(DType::kF32, {n})});
    ASSERT_TRUE(outputs.ok()) << n << ": " << outputs.status();
    EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{count}));
    EXPECT_EQ((*outputs)[1].dims(), (std::vector<int64_t>{shares}));
  }
}

// Exporters write "no limit" as the largest number, and a size less that must not overflow.
TEST(ShapeArithmetic, SizesAreComparedWithTheEndsOfInt64) {
  for (auto [op, end, rows] : {std::tuple("LessOrEqual", INT64_MAX, 1),
                               {"Less", INT64_MAX, 1},
                               {"Equal", INT64_MAX, 2},
                               {"Greater", INT64_MAX, 2},
                               {"GreaterOrEqual", INT64_MAX, 2},
                               {"Equal", INT64_MIN, 2},
                               {"GreaterOrEqual", INT64_MIN, 1},
                               {"Greater", INT64_MIN, 1},
                               {"Less", INT64_MIN, 2},
                               {"LessOrEqual", INT64_MIN, 2}}) {
    Model m;
    m.Input("x", kFloat, {"n"}).Output("y").Int64s("end", {end}).Int64s("one", {1}).Int64s("two", {2});
    m.Node("Shape", {"x"}, {"shape"});
    m.Node(op, {"shape", "end"}, {"holds"});
    m.Node("Where", {"holds", "one", "two"}, {"rows"});
    m.Node("ConstantOfShape", {"rows"}, {"y"});
    absl::StatusOr<Graph> graph = m.Import();
    ASSERT_TRUE(graph.ok()) << op << " " << end << ": " << graph.status();
    for (int64_t n : {0, 3}) {
      absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Tensor::Zeros(DType::kF32, {n})});
      ASSERT_TRUE(outputs.ok()) << op << " " << end << ": " << outputs.status();
      EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{rows})) << op << " " << end;
    }
  }
}

TEST(ShapeArithmetic, SliceOfATableBoundsTheSymbol) {
  Model m = Start();
  m.Floats("table", {512, 768}).Int64s("zero", {0}).Int64s("one", {1}).Int64s("two", {2});
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Slice", {"shape", "one", "two"}, {"seq"});
  m.Node("Slice", {"table", "zero", "seq", "zero"}, {"positions"});
  m.Node("Add", {"x", "positions"}, {"y"});
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "y"), "f32[batch, seq, 768]");
  EXPECT_EQ(graph->symbols.at("seq").max, 512);
  EXPECT_EQ(graph->symbols.at("seq").min, 0);
  EXPECT_EQ(graph->symbols.at("batch").max, SymbolRange{}.max);
}

TEST(ShapeArithmetic, SlicesOfADynamicAxis) {
  struct Case {
    int64_t start, end, step;
    const char *type;
  };
  for (const Case &c : {Case{0, INT64_MAX, 1, "f32[seq]"},
                        {0, 1'000'000'000, 1, "f32[seq]"},
                        {1, INT64_MAX, 1, "f32[seq - 1]"},
                        {0, -1, 1, "f32[seq - 1]"},
                        {-1, INT64_MAX, 1, "f32[1]"},
                        {0, 1, 1, "f32[1]"},
                        {5, 6, 1, "f32[1]"},
                        {0, 100, 1, "f32[min(seq, 100)]"},
                        {-1, INT64_MIN, -1, "f32[seq]"},
                        {0, INT64_MAX, 2, "f32[((seq) ceildiv (2))]"}}) {
    Model m;
    m.Input("x", kFloat, {"seq"})
        .Output("y")
        .Int64s("s", {c.start})
        .Int64s("e", {c.end})
        .Int64s("a", {0})
        .Int64s("t", {c.step});
    m.Node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
    EXPECT_EQ(TypeOf(m), c.type) << c.start << ":" << c.end << ":" << c.step;
  }
}

TEST(ShapeArithmetic, SlicesOfAConstantAxisAreCut) {
  struct Case {
    int64_t start, end, step;
    const char *type;
  };
  for (const Case &c : {Case{-3, 100, 1, "f32[3]"},
                        {7, 3, 1, "f32[0]"},
                        {-100, -8, 1, "f32[2]"},
                        {9, -100, -1, "f32[10]"},
                        {8, 0, -3, "f32[3]"},
                        {0, INT64_MAX, INT64_MAX, "f32[1]"},
                        {0, 5, -1, "f32[0]"}}) {
    Model m;
    m.Input("x", kFloat, {10})
        .Output("y")
        .Int64s("s", {c.start})
        .Int64s("e", {c.end})
        .Int64s("a", {0})
        .Int64s("t", {c.step});
    m.Node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
    EXPECT_EQ(TypeOf(m), c.type) << c.start << ":" << c.end << ":" << c.step;
  }
}

TEST(ShapeArithmetic, NegatedSizesCountFromTheEnd) {
  Model m;
  m.Input("x", kFloat, {"past"}).Input("z", kFloat, {"seq"}).Output("y").Int64s("end", {INT64_MAX}).Int64s("axis", {0});
  m.Node("Concat", {"x", "z"}, {"all"}).Int("axis", 0);
  m.Node("Shape", {"z"}, {"s"});
  m.Node("Neg", {"s"}, {"start"});
  m.Node("Slice", {"all", "start", "end", "axis"}, {"y"});
  EXPECT_EQ(TypeOf(m), "f32[seq]");
}

TEST(ShapeArithmetic, RangeOfASizeIsAnIota) {
  Model m = Start();
  m.Int64("zero", 0).Int64("one", 1);
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Gather", {"shape", "one"}, {"seq"});
  m.Node("Range", {"zero", "seq", "one"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "i64[seq]");
  EXPECT_EQ(ops, "iota");
}

TEST(ShapeArithmetic, SizesUsedAsDataAreMaterialised) {
  Model m = Start();
  m.Int64("two", 2);
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Gather", {"shape", "two"}, {"width"});
  m.Node("Gather", {"shape", "one"}, {"seq"});
  m.Int64("one", 1);
  m.Node("Cast", {"seq"}, {"length"}).Int("to", kFloat);
  m.Node("Div", {"x", "length"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "f32[batch, seq, 768]");
  EXPECT_EQ(ops, "dim_values reshape cast div");
}

TEST(ShapeArithmetic, AttentionScaleIsAConstant) {
  Model m = Start();
  m.Int64s("last", {-1}).Int64s("end", {INT64_MAX}).Floats("one", {});
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Slice", {"shape", "last", "end"}, {"width"});
  m.Node("Cast", {"width"}, {"f"}).Int("to", kFloat);
  m.Node("Sqrt", {"f"}, {"root"});
  m.Node("Div", {"one", "root"}, {"scale"});
  m.Node("Mul", {"x", "scale"}, {"y"});
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(OpNames(*graph), "mul");
  EXPECT_EQ(graph->constant(graph->nodes[0].inputs[1])->GetDouble(0), 1 / std::sqrt(768.0f));
}

TEST(ShapeArithmetic, ProductsQuotientsAndExtremes) {
  Model m = Start();
  m.Int64("sixty", 60).Int64s("two", {2}).Int64s("seven", {7}).Int64s("nine", {9});
  m.Node("Shape", {"x"}, {"shape"}).Int("end", 2);              // batch, seq
  m.Node("ReduceProd", {"shape"}, {"all"}).Int("keepdims", 1);  // batch * seq
  m.Node("Mul", {"all", "two"}, {"double"});
  m.Node("Div", {"double", "two"}, {"half"});
  m.Node("Mod", {"half", "seven"}, {"mod"});
  m.Node("Min", {"mod", "nine"}, {"min"});  // mod 7 is below 9
  m.Node("Concat", {"half", "min"}, {"to"}).Int("axis", 0);
  m.Node("ConstantOfShape", {"to"}, {"y"});
  std::string ops;
  EXPECT_EQ(TypeOf(m, &ops), "f32[batch * seq, ((batch * seq) mod (7))]");
  EXPECT_EQ(ops, "broadcast_to");
}

TEST(ShapeArithmetic, ExpressionsDoNotGrowWithoutEnd) {
  Model m;
  m.Input("x", kFloat, {"n", "m"}).Output("y");
  m.Node("Shape", {"x"}, {"v0"});
  for (int i = 0; i < 60; ++i) {
    std::string from = "v" + std::to_string(i), to = "v" + std::to_string(i + 1);
    m.Node(i % 2 ? "Mul" : "Add", {from, from}, {to + "a"});
    m.Node("ReduceSum", {to + "a"}, {to}).Int("keepdims", 1);
  }
  m.Node("ConstantOfShape", {"v60"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();  // as data from some point on
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (const Value &value : graph->values) {
    for (const Dim &dim : value.type.dims) EXPECT_LT(dim.ToString().size(), 1000u);
  }
}

TEST(ShapeArithmetic, ShapesThatAreDataBecomeSizes) {
  Model m;
  m.Input("x", kFloat, {6}).Input("shape", kInt64, {2}).Output("y");
  m.Node("Reshape", {"x", "shape"}, {"y"}).Name("view");
  EXPECT_EQ(TypeOf(m), "f32[size_1, size_2]");
  Model open;  // of how many axes is not known
  open.Input("x", kFloat, {6}).Input("shape", kInt64, {"k"}).Output("y");
  open.Node("Reshape", {"x", "shape"}, {"y"}).Name("view");
  ExpectError(open.Import().status(), absl::StatusCode::kUnimplemented, {"'view' (Reshape)", "of a known length"});
}

TEST(ShapeArithmetic, SplitNeedsToBeDecidable) {
  Model m;
  m.Input("x", kFloat, {"n", 6}).Output("y").Output("b").Output("c");
  m.Node("Split", {"x"}, {"y", "b", "c"}).Int("axis", 1);
  EXPECT_EQ(TypeOf(m), "f32[n, 2]");
  Model open;
  open.Input("x", kFloat, {"n"}).Output("y").Output("b");
  open.Node("Split", {"x"}, {"y", "b"}).Int("axis", 0);
  EXPECT_THAT(TypeOf(open), ::testing::HasSubstr("cannot tell whether n splits into 2 equal parts"));
}

TEST(ShapeArithmetic, OneConstantIndexIsASlice) {
  Model m = Start();
  m.Int64("zero", 0);
  m.Node("Gather", {"x", "zero"}, {"y"}).Int("axis", 1);
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OpNames(*graph), "slice reshape");
  EXPECT_EQ(OutputType(*graph, "y"), "f32[batch, 768]");
  EXPECT_EQ(graph->symbols.at("seq").min, 1);
}

}  // namespace
}  // namespace ingot
