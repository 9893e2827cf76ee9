// Products of f32 as tf32 on the emulated GPU's tensor cores: as near as 10 bits of fraction are, and no nearer.
#include "absl/strings/str_cat.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"
#include "tools/ingot/program_runner.h"

namespace ingot {
namespace {

// The largest difference between the outputs of the program and the interpreter, over the largest output.
double ErrorOf(const Graph &graph, const Sizes &sizes, const std::string &precision) {
  std::vector<Tensor> inputs = TestInputs(graph, sizes, 1);
  JitOptions options = TestOptions();
  options.compile.precision = precision;
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, options);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return 1e30;
  auto runner = tool::ProgramRunner::Create((*program)->program(), 1);
  EXPECT_TRUE(runner.ok()) << runner.status();
  absl::StatusOr<std::vector<Tensor>> found = (*runner)->Evaluate(inputs), wanted = Interpret(graph, inputs);
  EXPECT_TRUE(found.ok() && wanted.ok()) << found.status() << wanted.status();
  double error = 0, largest = 0;
  for (size_t i = 0; i < found->size(); ++i) {
    const auto *y = reinterpret_cast<const float *>((*found)[i].data());
    const auto *truth = reinterpret_cast<const float *>((*wanted)[i].data());
    for (int64_t j = 0; j < (*found)[i].size(); ++j) {
      // What is no number has to show.
      double difference = std::abs(double{y[j]} - truth[j]);
      error = difference <= error ? error : difference;
      largest = std::max(largest, std::abs(double{truth[j]}));
    }
  }
  return error / largest;
}

void ExpectTf32(const absl::StatusOr<Graph> &graph, const Sizes &sizes) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_NE(TestOptions().device, nullptr) << "tf32 is of GPUs: set INGOT_TEST_DEVICE";
  EXPECT_LT(ErrorOf(*graph, sizes, "fp32"), 1e-6);
  double error = ErrorOf(*graph, sizes, "tf32");
  EXPECT_LT(error, 2e-3);
  EXPECT_GT(error, 1e-6);
}

TEST(Tf32Gpu, ConstantWeights) {
  GraphBuilder b("product");
  b.Output("y", b.Relu(b.MatMul(b.Input("x", DType::kF32, {"n", 100}), b.Constant(NormalTensor({100, 77}, 1)))));
  ExpectTf32(b.Finish(), {{"n", 70}});
}

// Either operand along either axis.
TEST(Tf32Gpu, GivenMatrices) {
  GraphBuilder b("product");
  auto x = b.Input("x", DType::kF32, {2, 33, 40}), y = b.Input("y", DType::kF32, {2, 40, 68}),
       rows = b.Input("rows", DType::kF32, {2, 40, 64}), columns = b.Input("columns", DType::kF32, {2, 68, 40});
  b.Output("plain", b.MatMul(x, y));
  b.Output("left", b.MatMul(b.Transpose(rows, {0, 2, 1}), y));
  b.Output("right", b.MatMul(x, b.Transpose(columns, {0, 2, 1})));
  ExpectTf32(b.Finish(), {});
}

// Attention's own products stay f32.
TEST(Tf32Gpu, AttentionIsExact) {
  GraphBuilder b("attention");
  auto q = b.Input("q", DType::kF32, {2, 40, 16}), k = b.Input("k", DType::kF32, {2, 16, 70}),
       v = b.Input("v", DType::kF32, {2, 70, 200});
  b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k)), v));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_NE(TestOptions().device, nullptr) << "tf32 is of GPUs: set INGOT_TEST_DEVICE";
  EXPECT_LT(ErrorOf(*graph, {}, "tf32"), 2e-6);
}

TEST(Tf32Gpu, IsOfDevices) {
  GraphBuilder b("product");
  b.Output("y", b.Neg(b.Input("x", DType::kF32, {"n"})));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  CompileOptions options;
  options.precision = "tf32";
  std::string message(Compile(*graph, options).status().message());
  EXPECT_NE(message.find("--target=cuda"), std::string::npos) << message;
}

}  // namespace
}  // namespace ingot
