// Programs whose matrix products a kernel library computes: oneDNN through the kernel ABI, against the interpreter as
// everything is.
#include "ingot/compile.h"
#include "ingot/jit.h"
#include "kernels/cpu/onednn.h"
#include "tests/compiler/jit_testing.h"
#include "tools/ingot/program_runner.h"

namespace ingot {
namespace {

JitOptions WithLibrary(const ingot_kernel_library_t *library) {
  JitOptions options;
  options.compile.cpu_levels = {"x86-64-v3"};
  options.cache_directory = "none";
  options.library = library;
  return options;
}

// Two layers, a product whose rows are two axes, a transposed matrix, and one product that the library does not take.
Graph Layers() {
  GraphBuilder b("layers");
  Expr x = b.Input("x", DType::kF32, {"batch", "seq", 40});
  Expr h = b.Gelu(b.Add(b.MatMul(x, b.Constant(NormalTensor({40, 500}, 1))), b.Constant(NormalTensor({500}, 2))));
  b.Output("y", b.MatMul(h, b.Transpose(b.Constant(NormalTensor({33, 500}, 3)), {1, 0})));
  b.Output("scores", b.MatMul(x, b.Transpose(x, {0, 2, 1})));
  return b.Finish().value();
}

TEST(LibraryKernels, MatchTheInterpreter) {
  Graph graph = Layers();
  std::vector<std::vector<Tensor>> inputs;
  for (auto [batch, seq] : {std::pair(1, 1), {1, 129}, {3, 50}, {2, 0}})
    inputs.push_back(TestInputs(graph, {{"batch", batch}, {"seq", seq}}, 5));
  std::vector<std::string> problems = Mismatches(graph, inputs, WithLibrary(kernels::OneDnn()));
  EXPECT_TRUE(problems.empty()) << problems[0];
}

// A library prepares itself before a run; what is as large as data says stays generated.
TEST(LibraryKernels, LeaveSizesFromDataAlone) {
  GraphBuilder b("rows");
  Expr x = b.Input("x", DType::kF32, {"n", 40}), count = b.Input("count", DType::kI64, {});
  b.BindSizes(count, {"k"});
  Expr rows = b.Gather(x, b.Iota({"k"}));
  b.Output("y", b.MatMul(rows, b.Constant(NormalTensor({40, 500}, 1))));
  b.Output("z", b.MatMul(x, b.Constant(NormalTensor({40, 300}, 2))));
  Graph graph = b.Finish().value();
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t k : {3, 40, 0}) inputs.push_back({NormalTensor({40, 40}, 3), Tensor::I64({}, {k})});
  std::vector<std::string> problems = Mismatches(graph, inputs, WithLibrary(kernels::OneDnn()));
  EXPECT_TRUE(problems.empty()) << problems[0];
}

TEST(LibraryKernels, AreReportedAsSuch) {
  auto program = JitProgram::Load(Layers(), WithLibrary(kernels::OneDnn()));
  ASSERT_TRUE(program.ok()) << program.status();
  tool::StepCounts counts = tool::CountSteps((*program)->program());
  EXPECT_EQ(counts.library, 2);
  EXPECT_EQ(counts.generated, 2);
  EXPECT_EQ((*program)->statistics().generated_steps, 2);
}

// Whatever a library answers ends the run with its code, in preparation and in a block.
TEST(LibraryKernels, FailuresNameTheStep) {
  static const ingot_kernel_library_t unprepared = {
      "unprepared", [](const ingot_matmul_shape_t *, void **) { return int32_t{7}; },
      [](void *, const float *, const float *, float *, int64_t, int64_t) { return int32_t{0}; }, [](void *) {}};
  static const ingot_kernel_library_t broken = {
      "broken",
      [](const ingot_matmul_shape_t *, void **object) {
        *object = object;
        return int32_t{0};
      },
      [](void *, const float *, const float *, float *, int64_t, int64_t) { return int32_t{9}; }, [](void *) {}};
  for (auto [library, code] : {std::pair(&unprepared, "code 7"), {&broken, "returned 9"}}) {
    Graph graph = Layers();
    auto program = JitProgram::Load(graph, WithLibrary(library));
    ASSERT_TRUE(program.ok()) << program.status();
    auto runner = tool::ProgramRunner::Create((*program)->program(), 1);
    ASSERT_TRUE(runner.ok());
    absl::Status status = (*runner)->Evaluate(TestInputs(graph, {{"batch", 1}, {"seq", 2}}, 1)).status();
    EXPECT_NE(status.message().find(code), absl::string_view::npos) << status;
    EXPECT_NE(status.message().find("matmul"), absl::string_view::npos) << status;
  }
}

TEST(LibraryKernels, AreNotWrittenToFiles) {
  CompileOptions options;
  options.library_kernels = true;
  absl::StatusOr<CompiledProgram> program = Compile(Layers(), options);
  ASSERT_TRUE(program.ok()) << program.status();
  absl::Status written = WriteProgram(*program, OutputKind::kObject, testing::TempDir() + "/library.o");
  EXPECT_EQ(written.code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ingot
