// GPU kernels as PTX: what they must hold and what they must not, by region kind, without a GPU. tests/gpu/ runs the
// same kernels on the CPU; tests/gpu/ptxas.py assembles them where ptxas is found.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "ingot/builder.h"
#include "ingot/compile.h"

namespace ingot {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string PtxOf(GraphBuilder &builder, const std::string &target = "sm_80", const std::string &precision = "fp32") {
  absl::StatusOr<Graph> graph = builder.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return "";
  CompileOptions options;
  options.device_targets = {target};
  options.precision = precision;
  absl::StatusOr<CompiledProgram> program = Compile(*std::move(graph), options);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return "";
  std::string path = testing::TempDir() + "ingot_cuda_image.ptx";
  absl::Status written = WriteProgram(*program, OutputKind::kPtx, path);
  EXPECT_TRUE(written.ok()) << written;
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int Count(const std::string &text, const std::string &part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(CudaImage, ALoopReadsAndWritesGlobalMemory) {
  GraphBuilder b("loop");
  auto x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Add(b.Mul(x, x), x));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr(".target sm_80"));
  EXPECT_THAT(ptx, HasSubstr(".visible .entry kernel_0_sm_80("));
  EXPECT_THAT(ptx, HasSubstr(".maxntid 128"));
  EXPECT_THAT(ptx, HasSubstr("ld.global.b32"));
  EXPECT_THAT(ptx, HasSubstr("st.global.b32"));
  EXPECT_THAT(ptx, HasSubstr("fma.rn.f32"));
  EXPECT_THAT(ptx, Not(HasSubstr("call")));
}

// Of an axis that is whole vectors long: 16 bytes at a time, and nothing smaller.
TEST(CudaImage, LoopsReadAndWriteVectors) {
  for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    GraphBuilder b("loop");
    b.Output("y", b.Relu(b.Input("x", dtype, {"n", 64})));
    std::string ptx = PtxOf(b);
    EXPECT_THAT(ptx, HasSubstr("ld.global.v4.b32")) << Name(dtype);
    EXPECT_THAT(ptx, HasSubstr("st.global.v4.b32")) << Name(dtype);
    EXPECT_EQ(Count(ptx, "ld.global"), 1) << Name(dtype);
    EXPECT_EQ(Count(ptx, "st.global"), 1) << Name(dtype);
  }
}

// Through a tile in shared memory whose lines lie in other banks than their neighbours.
TEST(CudaImage, TransposesGoThroughSharedMemory) {
  GraphBuilder b("transpose");
  b.Output("y", b.Transpose(b.Input("x", DType::kF32, {3, 64, 96}), {0, 2, 1}));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr("_shared_0[4224]"));
  EXPECT_THAT(ptx, HasSubstr("st.shared.b32"));
  EXPECT_THAT(ptx, HasSubstr("ld.shared.b32"));
  EXPECT_EQ(Count(ptx, "bar.sync"), 2);
}

TEST(CudaImage, OtherArchitectures) {
  GraphBuilder b("loop");
  b.Output("y", b.Neg(b.Input("x", DType::kF32, {"n"})));
  EXPECT_THAT(PtxOf(b, "sm_90"), HasSubstr(".target sm_90"));
}

// Sizes come as parameters: no table of them is read.
TEST(CudaImage, SizesAreParameters) {
  GraphBuilder b("sizes");
  b.Output("y", b.Transpose(b.Input("x", DType::kF32, {"n", "m"}), {1, 0}));
  EXPECT_THAT(PtxOf(b), HasSubstr("kernel_0_sm_80_param_5"));  // two buffers, tiles, workspace, at least two sizes
}

TEST(CudaImage, RowsGoThroughWarpsAndSharedMemory) {
  GraphBuilder b("rows");
  b.Output("y", b.Softmax(b.Input("x", DType::kF32, {"n", 768}), 1));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr("shfl.sync.bfly.b32"));
  EXPECT_THAT(ptx, HasSubstr("bar.sync"));
  EXPECT_THAT(ptx, HasSubstr(".shared"));
  EXPECT_THAT(ptx, HasSubstr("ld.shared.v4.b32"));
}

// Between its reductions a row is in registers: each element is read once. The barriers are those of the reductions.
TEST(CudaImage, RowsAreReadOnce) {
  GraphBuilder b("rows");
  b.Output("y", b.Softmax(b.Input("x", DType::kF32, {"n", 768}), 1));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr("ld.global.v4.b32"));
  EXPECT_THAT(ptx, HasSubstr("st.global.v4.b32"));
  EXPECT_EQ(Count(ptx, "ld.global"), 1);
  EXPECT_EQ(Count(ptx, "st.global"), 1);
  EXPECT_EQ(Count(ptx, "bar.sync"), 2);
}

// A row that a warp can hold needs no barrier.
TEST(CudaImage, ShortRowsBelongToAWarp) {
  GraphBuilder b("rows");
  b.Output("y", b.Softmax(b.Input("x", DType::kF32, {"n", 64}), 1));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr("shfl.sync.bfly.b32"));
  EXPECT_THAT(ptx, Not(HasSubstr("bar.sync")));
}

// Mathematical functions are our own: nothing of libdevice, nothing approximate, nothing left for a linker.
TEST(CudaImage, MathIsOurOwn) {
  for (DType dtype : {DType::kF32, DType::kF64}) {
    GraphBuilder b("math");
    auto x = b.Input("x", dtype, {"n"});
    b.Output("sin", b.Sin(x));
    b.Output("pow", b.Pow(x, x));
    b.Output("rem", b.Rem(x, x));
    b.Output("erf", b.Erf(x));
    b.Output("log1p", b.Log1p(x));
    std::string ptx = PtxOf(b);
    EXPECT_THAT(ptx, Not(HasSubstr("__nv_")));
    EXPECT_THAT(ptx, Not(ContainsRegex("(sin|cos|ex2|lg2|tanh)\\.approx")));
    EXPECT_THAT(ptx, Not(HasSubstr(".extern")));
  }
}

// Floats of 16 bits go through shared memory into the tensor cores, 16 bytes at a time; of a few rows, weights go
// straight into registers.
TEST(CudaImage, ProductsOnTensorCores) {
  for (DType dtype : {DType::kF16, DType::kBF16}) {
    GraphBuilder b("product");
    b.Output("y", b.Relu(b.MatMul(b.Input("x", dtype, {"n", 256}), b.Constant(Tensor::Zeros(dtype, {256, 512})))));
    std::string ptx = PtxOf(b);
    EXPECT_THAT(ptx, HasSubstr("cp.async.cg.shared.global"));
    EXPECT_THAT(ptx, ContainsRegex("cp.async.wait_group[ \t]+2;"));
    EXPECT_THAT(ptx, HasSubstr("ldmatrix.sync.aligned.m8n8.x4.shared.b16"));
    EXPECT_THAT(ptx, HasSubstr("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16"));
    EXPECT_THAT(ptx, HasSubstr(dtype == DType::kF16 ? "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
                                                    : "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"));
    EXPECT_THAT(ptx, HasSubstr("ld.global.v4.b32"));
  }
}

// f32 stays f32.
TEST(CudaImage, ProductsOnCudaCores) {
  GraphBuilder b("product");
  b.Output("y", b.MatMul(b.Input("x", DType::kF32, {"n", 256}), b.Constant(Tensor::Zeros(DType::kF32, {256, 512}))));
  std::string ptx = PtxOf(b);
  EXPECT_THAT(ptx, HasSubstr("cp.async.cg.shared.global"));
  EXPECT_THAT(ptx, HasSubstr("ld.shared.v4.b32"));
  EXPECT_THAT(ptx, HasSubstr("st.global.v4.b32"));
  EXPECT_THAT(ptx, Not(HasSubstr("mma.sync")));
}

// Scores are in no memory but registers: of a kernel's parameters the last, its workspace, is not read.
TEST(CudaImage, FlashAttention) {
  for (DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    GraphBuilder b("attention");
    auto q = b.Input("q", dtype, {2, 70, 48}), k = b.Input("k", dtype, {2, 48, 136}),
         v = b.Input("v", dtype, {2, 136, 64});
    b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k), 2), v));
    std::string ptx = PtxOf(b);
    EXPECT_THAT(ptx, HasSubstr("cp.async.cg.shared.global")) << Name(dtype);
    EXPECT_THAT(ptx, HasSubstr("[kernel_0_sm_80_param_3]")) << Name(dtype);
    EXPECT_THAT(ptx, Not(HasSubstr("[kernel_0_sm_80_param_5]"))) << Name(dtype);
    EXPECT_THAT(ptx, Not(HasSubstr(".entry kernel_1"))) << Name(dtype);
    if (dtype == DType::kF32)
      EXPECT_THAT(ptx, Not(HasSubstr("mma.sync")));
    else
      EXPECT_THAT(ptx, HasSubstr(dtype == DType::kF16 ? "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
                                                      : "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"));
  }
}

// Functions are called for each lane of a vector: of a call that takes a vector for a number LLVM says nothing.
TEST(CudaImage, MathOfVectors) {
  for (DType dtype : {DType::kF32, DType::kF64}) {
    GraphBuilder b("math");
    auto x = b.Input("x", dtype, {"n", 64});
    b.Output("y", b.Rem(b.Exp(b.Log1p(x)), x));
    std::string ptx = PtxOf(b);
    EXPECT_THAT(ptx, HasSubstr(dtype == DType::kF32 ? "ld.global.v4.b32" : "ld.global.v2.b64"));
    EXPECT_THAT(ptx, Not(HasSubstr("callprototype")));
  }
}

TEST(CudaImage, ProductsInTf32) {
  GraphBuilder b("product");
  b.Output("y", b.MatMul(b.Input("x", DType::kF32, {"n", 256}), b.Constant(Tensor::Zeros(DType::kF32, {256, 512}))));
  std::string ptx = PtxOf(b, "sm_80", "tf32");
  EXPECT_THAT(ptx, HasSubstr("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"));
  EXPECT_THAT(ptx, HasSubstr("cvt.rna.tf32.f32"));
}

// Of no element: a heap of none has no workspace.
TEST(CudaImage, TheFirstNoneOfARow) {
  GraphBuilder b("none");
  b.Output("y", b.TopK(b.Input("x", DType::kF32, {"n", 12}), {0}, 1).values);
  EXPECT_THAT(PtxOf(b), HasSubstr(".entry"));
}

TEST(CudaImage, WrongTargets) {
  GraphBuilder b("wrong");
  b.Output("y", b.Neg(b.Input("x", DType::kF32, {"n"})));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  CompileOptions options;
  options.device_targets = {"sm_35"};
  EXPECT_THAT(std::string(Compile(*graph, options).status().message()),
              HasSubstr("the device target 'sm_35' is not known; known: sm_90, sm_80"));
  options.device_targets = {};
  absl::StatusOr<CompiledProgram> host = Compile(*graph, options);
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_THAT(std::string(WriteProgram(*host, OutputKind::kPtx, testing::TempDir() + "none.ptx").message()),
              HasSubstr("with --target=cuda"));
  options.device_targets = {"emulated"};
  absl::StatusOr<CompiledProgram> twin = Compile(*graph, options);
  ASSERT_TRUE(twin.ok()) << twin.status();
  EXPECT_THAT(std::string(WriteProgram(*twin, OutputKind::kShared, testing::TempDir() + "none.so").message()),
              HasSubstr("--device=gpu-emulated"));
}

}  // namespace
}  // namespace ingot
