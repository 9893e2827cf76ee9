// What the rest of the compiler asks of a device: one folder beside this file implements it, one row in devices.cc
// lists it, and nothing outside codegen/ includes that folder (tests/lint/layering.py). Decisions stand in the IR:
// `ingot.device` on the module or a kernel, `panels` on contractions whose right operand is packed, `ingot.schedule`
// (schedule.h) on kernels. Emitters read them and choose nothing again. Test: tests/compiler/schedule_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_DEVICE_H
#define INGOT_COMPILER_CODEGEN_DEVICE_H

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/codegen/schedule.h"
#include "compiler/dialect/ingot.h"
#include "compiler/sizes/size_table.h"
#include "ingot/abi.h"
#include "llvm/IR/Module.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::compiler {

// What kernels are compiled for: pure data. A program holds one variant of its kernels per target.
struct Target {
  std::string level;           // "x86-64-v3", "sm_80": also LLVM's CPU name
  std::string features;        // LLVM's feature string
  uint64_t required_features;  // INGOT_CPU_*
  int vector_width;            // f32 lanes of one register
  int registers;               // vector registers
  llvm::StringRef device = "cpu";
};

// How a kernel is started on a device other than the host: in blocks of threads, each of which takes some tiles, and
// then more where there are fewer blocks than that.
struct Launch {
  int64_t threads = 0, tiles_per_block = 1;
  int64_t most_blocks = 0;      // 0: as many as there is work for
  int64_t shared_bytes = 0;     // of a block
  std::vector<uint32_t> sizes;  // places in the size table
};

// What the program needs to know about a kernel.
struct KernelInfo {
  Dim tiles, work, workspace_bytes;  // workspace of a thread; with a launch, of a block
  ingot_origin_t origin = INGOT_ORIGIN_GENERATED;
  std::optional<Launch> launch = std::nullopt;
};

struct KernelRequest {
  mlir::func::FuncOp region;   // with a schedule
  mlir::ModuleOp module;       // receives the functions
  std::string symbol;          // of the kernel
  std::string prepare_symbol;  // of what prepares it, for INGOT_ORIGIN_LIBRARY
  const Target &target;
  SizeTable &sizes;  // receives the sizes that the kernel loads
};

// What a program holds for a device beside its kernels' records: `bytes`, or, where the host stands for the device,
// `code` that goes into the object, in the context that its kernels came in, and the symbol of the image in it.
struct DeviceImage {
  std::string bytes;
  std::unique_ptr<llvm::Module> code;
  std::string symbol;
};

struct Device {
  llvm::StringLiteral name;
  ingot_device_kind_t kind;
  // Best first.
  llvm::ArrayRef<Target> targets;
  // The target that "native" stands for on this machine; null: it has none.
  const Target *(*native)();
  // Columns of the panels that a constant right operand of this contraction is packed into. The host's alone is asked:
  // weights are stored once for all devices.
  int64_t (*panel_width)(ir::ContractOp contraction);
  // How the kernel goes about its space. A pure function of the region, the same for every target, since tiles and the
  // order of sums belong to the program.
  Schedule (*schedule)(mlir::func::FuncOp region);
  // Null: a fault of the compiler's, which was reported.
  std::optional<KernelInfo> (*emit)(const KernelRequest &request);
  // Kernels as emitted, in modules inside of one, down to the LLVM dialect.
  mlir::LogicalResult (*lower)(mlir::ModuleOp modules);
  // All kernels of a target as what the device loads: data for the object. Null: they are code of the object.
  absl::StatusOr<DeviceImage> (*image)(std::unique_ptr<llvm::Module> kernels, const Target &target);
};

// All of them; the first is the host's.
llvm::ArrayRef<const Device *> Devices();
// Null: none has this name.
const Device *FindDevice(llvm::StringRef name);
// The nearest `ingot.device` around the operation; the host where there is none.
const Device &DeviceOf(mlir::Operation *op);

// By name, or "native". InvalidArgument lists what is known.
absl::StatusOr<Target> FindTarget(const Device &device, std::string_view level);

}  // namespace ingot::compiler
#endif
