// What the rest of the compiler asks of a device: one folder beside this file implements it, one row in devices.cc
// lists it, and nothing outside codegen/ includes that folder (tests/lint/layering.py). Decisions stand in the IR:
// `ingot.device` on the module or a kernel, `panels` on contractions whose right operand is packed, `ingot.schedule`
// (schedule.h) on kernels. Emitters read them and choose nothing again. Test: tests/compiler/schedule_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_DEVICE_H
#define INGOT_COMPILER_CODEGEN_DEVICE_H

#include <string>
#include <vector>

#include "compiler/codegen/schedule.h"
#include "compiler/dialect/ingot.h"
#include "compiler/sizes/size_table.h"
#include "ingot/abi.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::compiler {

// What kernels are compiled for: pure data. A program holds one variant of its kernels per target.
struct Target {
  std::string level;           // "x86-64-v3": also LLVM's CPU name
  std::string features;        // LLVM's feature string
  uint64_t required_features;  // INGOT_CPU_*
  int vector_width;            // f32 lanes of one register
  int registers;               // vector registers
};

// What the program needs to know about a kernel.
struct KernelInfo {
  Dim tiles, work, workspace_bytes;
  ingot_origin_t origin = INGOT_ORIGIN_GENERATED;
};

struct KernelRequest {
  mlir::func::FuncOp region;   // with a schedule
  mlir::ModuleOp module;       // receives the functions
  std::string symbol;          // of the kernel
  std::string prepare_symbol;  // of what prepares it, for INGOT_ORIGIN_LIBRARY
  const Target &target;
  SizeTable &sizes;  // receives the sizes that the kernel loads
};

struct Device {
  llvm::StringLiteral name;
  // Best first.
  llvm::ArrayRef<Target> targets;
  // The target that "native" stands for on this machine; null: it has none.
  const Target *(*native)();
  // Columns of the panels that a constant right operand of this contraction is packed into.
  int64_t (*panel_width)(ir::ContractOp contraction);
  // How the kernel goes about its space. A pure function of the region, the same for every target, since tiles and the
  // order of sums belong to the program.
  Schedule (*schedule)(mlir::func::FuncOp region);
  // Null: a fault of the compiler's, which was reported.
  std::optional<KernelInfo> (*emit)(const KernelRequest &request);
  // Kernels as emitted, in modules inside of one, down to the LLVM dialect.
  mlir::LogicalResult (*lower)(mlir::ModuleOp modules);
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
