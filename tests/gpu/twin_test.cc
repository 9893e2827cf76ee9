// The whole way of a kernel for sm_90: MLIR's NVVM operations, LLVM IR, a twin, the stand-in driver. Every instruction
// that MLIR makes of these operations must be one that the emulator has.
#include "compiler/codegen/cuda/twin.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "tests/gpu/tensor_maps.h"
#include "tests/gpu/twin_code.h"

namespace ingot::gpu_test {
namespace {

using ::testing::HasSubstr;

// Kernels as MLIR text become a twin whose table is called "image".
std::unique_ptr<llvm::Module> TwinOf(const std::string &text, llvm::LLVMContext &llvm_context) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::LLVM::LLVMDialect, mlir::NVVM::NVVMDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(module);
  if (!module) return nullptr;
  mlir::PassManager passes(&context);
  passes.addPass(mlir::createConvertNVVMToLLVMPass());
  EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
  auto made = mlir::translateModuleToLLVMIR(*module, llvm_context);
  EXPECT_TRUE(made);
  if (made) compiler::cuda::MakeTwin(*made, "image");
  return made;
}

// A struct of sums, as text.
std::string Sums(const std::string &type, int count) {
  std::string text = "!llvm.struct<(" + type;
  for (int i = 1; i < count; ++i) text += ", " + type;
  return text + ")>";
}

struct WgmmaForm {
  int n, k;
  std::string type, sum_type, layout_a = "row", layout_b = "col", overflow = "";
  std::string Sums() const { return ingot::gpu_test::Sums(sum_type == "s32" ? "i32" : "f32", n / 2); }
};

std::string Wgmma(const WgmmaForm &form, const std::string &result, const std::string &sums, const std::string &a,
                  const std::string &b) {
  const auto operand = [&](const std::string &layout) {
    return " [<" + form.type + ">, #nvvm.wgmma_scale_in<one>, <" + layout + ">]";
  };
  return result + " = nvvm.wgmma.mma_async " + a + ", " + b + ", " + sums + ", <m = 64, n = " + std::to_string(form.n) +
         ", k = " + std::to_string(form.k) + ">, D [<" + form.sum_type + ">, #nvvm.wgmma_scale_out<one>" +
         form.overflow + "], A" + operand(form.layout_a) + ", B" + operand(form.layout_b) + " : " + form.Sums() +
         " -> " + form.Sums() + "\n";
}

constexpr char kInstructions[] = R"(
  llvm.func @instructions(%map: !llvm.ptr, %any: !llvm.ptr, %shared: !llvm.ptr<3>, %bar: !llvm.ptr<3>, %x: i32,
                          %global: !llvm.ptr<1>, %if: i1, %out: !llvm.ptr) attributes {nvvm.kernel} {
    nvvm.mbarrier.init %bar, %x : !llvm.ptr<3>, i32
    nvvm.mbarrier.init %bar, %x, predicate = %if : !llvm.ptr<3>, i32, i1
    nvvm.mbarrier.init %any, %x : !llvm.ptr, i32
    nvvm.mbarrier.init %any, %x, predicate = %if : !llvm.ptr, i32, i1
    %s0 = nvvm.mbarrier.arrive %bar : !llvm.ptr<3> -> i64
    %s1 = nvvm.mbarrier.arrive %bar, %x : !llvm.ptr<3> -> i64
    %s2 = nvvm.mbarrier.arrive %any : !llvm.ptr -> i64
    %s3 = nvvm.mbarrier.arrive.nocomplete %bar, %x : !llvm.ptr<3>, i32 -> i64
    %s4 = nvvm.mbarrier.arrive_drop %bar : !llvm.ptr<3> -> i64
    %s5 = nvvm.mbarrier.arrive.expect_tx %bar, %x : !llvm.ptr<3>, i32 -> i64
    nvvm.mbarrier.arrive.expect_tx %bar, %x, predicate = %if : !llvm.ptr<3>, i32, i1
    nvvm.mbarrier.arrive.expect_tx %any, %x : !llvm.ptr, i32
    nvvm.mbarrier.arrive.expect_tx %any, %x, predicate = %if : !llvm.ptr, i32, i1
    nvvm.mbarrier.expect_tx %bar, %x : !llvm.ptr<3>, i32
    nvvm.mbarrier.complete_tx %bar, %x : !llvm.ptr<3>, i32
    nvvm.mbarrier.try_wait.parity %bar, %x, %x : !llvm.ptr<3>, i32, i32
    nvvm.mbarrier.try_wait.parity %any, %x, %x : !llvm.ptr, i32, i32
    %t0 = nvvm.mbarrier.try_wait %bar, %x : !llvm.ptr<3>, i32 -> i1
    %t1 = nvvm.mbarrier.try_wait %bar, %s1 : !llvm.ptr<3>, i64 -> i1
    %t2 = nvvm.mbarrier.test.wait %bar, %x : !llvm.ptr<3>, i32 -> i1
    %t3 = nvvm.mbarrier.test.wait %bar, %s0 : !llvm.ptr<3>, i64 -> i1
    %t4 = nvvm.mbarrier.try_wait %bar, %x, %x : !llvm.ptr<3>, i32, i32 -> i1
    nvvm.mbarrier.inval %bar : !llvm.ptr<3>
    nvvm.fence.mbarrier.init
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async>}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.global>}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cluster>}
    %size = llvm.mlir.constant(128 : i32) : i32
    nvvm.fence.proxy.release #nvvm.mem_scope<gpu>
    nvvm.fence.proxy.acquire #nvvm.mem_scope<gpu> %any, %size
    %c = llvm.addrspacecast %shared : !llvm.ptr<3> to !llvm.ptr<7>
    nvvm.cp.async.bulk.tensor.shared.cluster.global %c, %map, %bar, box[%x] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %c, %map, %bar, box[%x, %x, %x, %x, %x] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %shared, %map, %bar, box[%x, %x] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %c, %map, %bar, box[%x, %x, %x] predicate = %if : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.global.shared.cta %map, %shared, box[%x, %x] : !llvm.ptr, !llvm.ptr<3>
    nvvm.cp.async.bulk.tensor.global.shared.cta %map, %shared, box[%x, %x], predicate = %if : !llvm.ptr, !llvm.ptr<3>
    nvvm.cp.async.bulk.tensor.prefetch %map, box[%x, %x] : !llvm.ptr
    nvvm.cp.async.bulk.shared.cluster.global %c, %global, %bar, %x : !llvm.ptr<7>, !llvm.ptr<1>
    nvvm.cp.async.bulk.shared.cluster.global %shared, %global, %bar, %x : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.bulk.global.shared.cta %global, %shared, %x : !llvm.ptr<1>, !llvm.ptr<3>
    nvvm.cp.async.bulk.commit.group
    nvvm.cp.async.bulk.wait_group 0
    nvvm.cp.async.bulk.wait_group 1 {read}
    nvvm.prefetch tensormap, %map : !llvm.ptr
    nvvm.prefetch tensormap, %map, predicate = %if : !llvm.ptr, i1
    nvvm.setmaxregister decrease 40
    nvvm.setmaxregister increase 232
    nvvm.barrier.arrive id = %x number_of_threads = %x
    nvvm.barrier id = %x number_of_threads = %x
    nvvm.griddepcontrol wait
    nvvm.griddepcontrol launch_dependents
    nvvm.wgmma.fence.aligned
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 1
    nvvm.cluster.arrive
    nvvm.cluster.wait
    %e = nvvm.elect.sync -> i1
    llvm.store %e, %out : i1, !llvm.ptr
    llvm.return
  }
)";

// MLIR has no operation with A in registers; this is the same text and order of operands.
constexpr char kRegisters[] = R"(
  llvm.func @registers(%a: i32, %b: i64, %p: !llvm.ptr) attributes {nvvm.kernel} {
    %z = llvm.mlir.constant(0.0 : f32) : f32
    %1 = llvm.mlir.constant(1 : i32) : i32
    %0 = llvm.mlir.constant(0 : i32) : i32
    %r = llvm.inline_asm has_side_effects "{\0A.reg .pred p;\0Asetp.ne.b32 p, $13, 0;\0Awgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {$0, $1, $2, $3}, {$8, $9, $10, $11}, $12, p, $14, $15, $16;\0A}\0A",
      "=f,=f,=f,=f,0,1,2,3,r,r,r,r,l,n,n,n,n" %z, %z, %z, %z, %a, %a, %a, %a, %b, %1, %1, %1, %0
      : (f32, f32, f32, f32, i32, i32, i32, i32, i64, i32, i32, i32, i32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.store %r, %p : !llvm.struct<(f32, f32, f32, f32)>, !llvm.ptr
    llvm.return
  }
)";

std::string WgmmaFunction(const std::string &name, const WgmmaForm &form) {
  return "llvm.func @" + name + "_" + std::to_string(form.n) + "(%a: i64, %b: i64, %p: !llvm.ptr)" +
         " attributes {nvvm.kernel} {\n%z = llvm.load %p : !llvm.ptr -> " + form.Sums() + "\n" +
         Wgmma(form, "%r", "%z", "%a", "%b") + "llvm.store %r, %p : " + form.Sums() + ", !llvm.ptr\nllvm.return\n}\n";
}

TEST(Twin, EveryInstructionIsEmulated) {
  std::string text = std::string(kInstructions) + kRegisters;
  for (int n = 8; n <= 256; n += 8) {
    text += WgmmaFunction("f16", {n, 16, "f16", "f32"});
    text += WgmmaFunction("bf16", {n, 16, "bf16", "f32", "col", "row"});
    text += WgmmaFunction("tf32", {n, 8, "tf32", "f32"});
    if (n % 16 != 0 && n > 24) continue;
    text += WgmmaFunction("s8", {n, 32, "s8", "s32"});
    text += WgmmaFunction("s8_saturated", {n, 32, "s8", "s32", "row", "col", ", <satfinite>"});
  }
  llvm::LLVMContext context;
  const auto module = TwinOf(text, context);
  ASSERT_TRUE(module);
  int found = 0;
  for (const llvm::Function &function : *module) {
    if (!function.getName().starts_with("emu:")) continue;
    ++found;
    EXPECT_NE(dlsym(RTLD_DEFAULT, function.getName().str().c_str()), nullptr) << function.getName().str();
  }
  EXPECT_GT(found, 100);
  EXPECT_TRUE(module->getFunction("emu:wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16.registers"));
}

// C = A * B^T, 64 x 64 each, from and to tensors by TMA; shared memory is 80 KiB. Without its wait if `waits` is false.
std::string Product(bool waits) {
  const WgmmaForm form = {64, 16, "f16", "f32"};
  const std::string sums = form.Sums();
  std::string text = R"(
  llvm.mlir.global internal @product_shared_0() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
  llvm.func @product(%a: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
                     %b: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
                     %c: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant})
      attributes {nvvm.kernel} {
    %0 = llvm.mlir.constant(0 : i32) : i32
    %1 = llvm.mlir.constant(1 : i32) : i32
    %2 = llvm.mlir.constant(2 : i32) : i32
    %3 = llvm.mlir.constant(3 : i32) : i32
    %4 = llvm.mlir.constant(4 : i32) : i32
    %5 = llvm.mlir.constant(5 : i32) : i32
    %8 = llvm.mlir.constant(8 : i32) : i32
    %16 = llvm.mlir.constant(16 : i32) : i32
    %31 = llvm.mlir.constant(31 : i32) : i32
    %64 = llvm.mlir.constant(64 : i32) : i32
    %ticks = llvm.mlir.constant(1000000 : i32) : i32
    %bytes = llvm.mlir.constant(16384 : i32) : i32
    %bar = llvm.mlir.addressof @product_shared_0 : !llvm.ptr<3>
    %tile_a = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    %tile_b = llvm.getelementptr %tile_a[8192] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %tile_c = llvm.getelementptr %tile_a[65536] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %cluster_a = llvm.addrspacecast %tile_a : !llvm.ptr<3> to !llvm.ptr<7>
    %cluster_b = llvm.addrspacecast %tile_b : !llvm.ptr<3> to !llvm.ptr<7>
    %thread = nvvm.read.ptx.sreg.tid.x : i32
    %first = llvm.icmp "eq" %thread, %0 : i32
    nvvm.mbarrier.init %bar, %1, predicate = %first : !llvm.ptr<3>, i32, i1
    nvvm.fence.mbarrier.init
    nvvm.barrier0
    nvvm.mbarrier.arrive.expect_tx %bar, %bytes, predicate = %first : !llvm.ptr<3>, i32, i1
    nvvm.cp.async.bulk.tensor.shared.cluster.global %cluster_a, %a, %bar, box[%0, %0] predicate = %first : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %cluster_b, %b, %bar, box[%0, %0] predicate = %first : !llvm.ptr<7>, !llvm.ptr
)";
  if (waits) text += "nvvm.mbarrier.try_wait.parity %bar, %0, %ticks : !llvm.ptr<3>, i32, i32\n";
  // Descriptors: swizzled by 128 bytes, 1024 bytes from 8 rows to the next 8.
  text += R"(
    %fields = llvm.mlir.constant(0x4000004000010000 : i64) : i64
    %mask = llvm.mlir.constant(0x3ffff : i64) : i64
    %shift = llvm.mlir.constant(4 : i64) : i64
    %begin_a = llvm.ptrtoint %tile_a : !llvm.ptr<3> to i64
    %begin_b = llvm.ptrtoint %tile_b : !llvm.ptr<3> to i64
    %low_a = llvm.and %begin_a, %mask : i64
    %low_b = llvm.and %begin_b, %mask : i64
    %at_a = llvm.lshr %low_a, %shift : i64
    %at_b = llvm.lshr %low_b, %shift : i64
    %of_a_0 = llvm.or %at_a, %fields : i64
    %of_b_0 = llvm.or %at_b, %fields : i64
    %two = llvm.mlir.constant(2 : i64) : i64
    nvvm.wgmma.fence.aligned
    %sums_0 = llvm.mlir.zero : )" +
          sums + "\n";
  for (int k = 0; k < 4; ++k) {
    const std::string here = std::to_string(k), next = std::to_string(k + 1);
    text += Wgmma(form, "%sums_" + next, "%sums_" + here, "%of_a_" + here, "%of_b_" + here);
    for (const char *side : {"a", "b"}) {
      text += std::string("%of_") + side + "_" + next + " = llvm.add %of_" + side + "_" + here + ", %two : i64\n";
    }
  }
  text += R"(
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    %lane = llvm.and %thread, %31 : i32
    %warp = llvm.lshr %thread, %5 : i32
    %group = llvm.lshr %lane, %2 : i32
    %in_group = llvm.and %lane, %3 : i32
    %rows_before = llvm.mul %warp, %16 : i32
    %row = llvm.add %rows_before, %group : i32
    %before = llvm.mul %row, %64 : i32
    %column = llvm.mul %in_group, %2 : i32
    %place = llvm.add %before, %column : i32
)";
  for (int i = 0; i < 32; ++i) {
    const std::string n = std::to_string(i), away = std::to_string(i / 2 % 2 * 512 + i / 4 * 8 + i % 2);
    text += "%d" + n + " = llvm.mlir.constant(" + away + " : i32) : i32\n%i" + n + " = llvm.add %place, %d" + n +
            " : i32\n%p" + n + " = llvm.getelementptr %tile_c[%i" + n +
            "] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32\n%v" + n + " = llvm.extractvalue %sums_4[" + n +
            "] : " + sums + "\nllvm.store %v" + n + ", %p" + n + " : f32, !llvm.ptr<3>\n";
  }
  return text + R"(
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    nvvm.barrier0
    nvvm.cp.async.bulk.tensor.global.shared.cta %c, %tile_c, box[%0, %0], predicate = %first : !llvm.ptr, !llvm.ptr<3>
    nvvm.cp.async.bulk.commit.group
    nvvm.cp.async.bulk.wait_group 0
    llvm.return
  }
)";
}

constexpr uint32_t kDynamicBytes = 80 << 10;

class TwinOfProduct : public EmulatedDevice {
 protected:
  void Multiply(bool waits, std::vector<float> *result, Result *after) {
    auto context = std::make_unique<llvm::LLVMContext>();
    auto twin = TwinOf(Product(waits), *context);
    ASSERT_TRUE(twin);
    const TwinCode code(std::move(twin), std::move(context));
    Module module = nullptr;
    Function function = nullptr;
    ASSERT_OK(cuModuleLoadDataEx(&module, code.Image(), 0, nullptr, nullptr));
    ASSERT_OK(cuModuleGetFunction(&function, module, "product"));
    std::vector<_Float16> a(64 * 64), b(64 * 64);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<_Float16>(i * 29 % 17);
    for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<_Float16>(i * 31 % 13);
    DevicePtr memory[3];
    for (DevicePtr &each : memory) ASSERT_OK(cuMemAlloc_v2(&each, 64 * 64 * 4));
    ASSERT_OK(cuMemcpyHtoDAsync_v2(memory[0], a.data(), a.size() * 2, stream_));
    ASSERT_OK(cuMemcpyHtoDAsync_v2(memory[1], b.data(), b.size() * 2, stream_));
    TensorMap maps[3];
    for (int i = 0; i < 3; ++i) {
      maps[i] = MakeTensorMap(DenseTensor(i == 2 ? kTensorFloat32 : kTensorFloat16, i == 2 ? 4 : 2,
                                          reinterpret_cast<void *>(memory[i]), {64, 64}, {64, 64},
                                          i == 2 ? kSwizzleNone : kSwizzle128));
    }
    void *parameters[] = {&maps[0], &maps[1], &maps[2]};
    const auto launch = [&] {
      return cuLaunchKernel(function, 1, 1, 1, 128, 1, 1, kDynamicBytes, stream_, parameters, nullptr);
    };
    EXPECT_EQ(launch(), kInvalidValue);  // more than 48 KiB must be asked for
    ASSERT_OK(cuFuncSetAttribute(function, kMaxDynamicSharedBytes, kDynamicBytes));
    ASSERT_OK(launch());
    *after = cuStreamSynchronize(stream_);
    if (*after != kSuccess) {
      dead_ = true;
      return;
    }
    *result = Download(memory[2], 64 * 64);
    for (const DevicePtr each : memory) EXPECT_OK(cuMemFree_v2(each));
    EXPECT_OK(cuModuleUnload(module));
    for (size_t m = 0; m < 64; ++m) {
      for (size_t n = 0; n < 64; ++n) {
        float sum = 0;
        for (size_t k = 0; k < 64; ++k) sum += static_cast<float>(a[m * 64 + k]) * static_cast<float>(b[n * 64 + k]);
        ASSERT_EQ((*result)[m * 64 + n], sum) << m << ", " << n;
      }
    }
  }
};

TEST_F(TwinOfProduct, IsRightInEveryOrder) {
  for (const uint64_t order : {0, 1, 2, 3}) {
    ingot_emulator_set_order(order);
    std::vector<float> result;
    Result after = kSuccess;
    Multiply(true, &result, &after);
    EXPECT_EQ(after, kSuccess) << ingot_emulator_last_error();
  }
}

TEST_F(TwinOfProduct, AMissingWaitIsReported) {
  std::vector<float> result;
  Result after = kSuccess;
  ingot_emulator_set_order(0);
  Multiply(false, &result, &after);
  EXPECT_EQ(after, kLaunchFailed);
  // Here the tiles arrive while they are multiplied.
  EXPECT_THAT(ingot_emulator_last_error(), HasSubstr("something wrote to its matrix at shared address 0x400"));
}

}  // namespace
}  // namespace ingot::gpu_test
