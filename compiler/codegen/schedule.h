// How a kernel goes about its space: what a tile is, what is kept together, how long a plain sum may be. A device
// decides it once per region (Device::schedule); it stands in the IR as `ingot.schedule`, for a device other than the
// host as `ingot.schedule.NAME`, and emitters read it there.
#ifndef INGOT_COMPILER_CODEGEN_SCHEDULE_H
#define INGOT_COMPILER_CODEGEN_SCHEDULE_H

#include <cstdint>

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::compiler {

// 0: the kernel's kind has no use for it.
struct Schedule {
  int64_t tile_elements = 0;  // loop, row, sort, update: elements of a tile, in whole rows, at least one
  int64_t tile_rows = 0;      // contract, attention, library: rows of the result in a tile
  int64_t tile_columns = 0;   // column, library, contract: columns of the result in a tile; attention: keys
  int64_t tile_depth = 0;     // contract, attention: how much of the sums is in shared memory at once, on a device
  int64_t stages = 0;         // contract, attention: so often, some copied while one is read
  int64_t tile_panels = 0;    // contract: panels of the right operand in a tile
  int64_t score_panels = 0;   // attention: panels of keys that are gone through at once
  int64_t value_panels = 0;   // attention: panels of values that are gone through at once
  int64_t block_rows = 0;     // attention: rows whose scores lie in the cache together
  int64_t panel_width = 0;    // contract, attention: columns of a panel
  int64_t sum_length = 0;     // contract, attention, column: terms added up in one go, before they join the total
  int64_t threads = 0;        // of a block, on a device that has them

  // {} when the kernel has none for this device, or one with a name or value that is not known.
  static std::optional<Schedule> Of(mlir::func::FuncOp kernel, llvm::StringRef device = "cpu");
  void Set(mlir::func::FuncOp kernel, llvm::StringRef device = "cpu") const;
};

}  // namespace ingot::compiler
#endif
