// How @main says which of its arguments and results are states: the last ones, this many of each. An argument is what
// the last run left, and the result of the same place from the end what this one leaves.
// Test: tests/compiler/states_jit_test.cc.
#ifndef INGOT_COMPILER_DIALECT_STATES_H
#define INGOT_COMPILER_DIALECT_STATES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace ingot::compiler {

inline constexpr llvm::StringLiteral kStates = "ingot.states";

inline size_t NumStates(mlir::Operation *function) {
  auto states = function->getAttrOfType<mlir::IntegerAttr>(kStates);
  return states ? static_cast<size_t>(states.getInt()) : 0;
}

}  // namespace ingot::compiler
#endif
