// Graph -> the `ingot` dialect: one function @main, one op per node, one NameLoc per node.
#ifndef INGOT_COMPILER_IMPORT_IMPORTGRAPH_H
#define INGOT_COMPILER_IMPORT_IMPORTGRAPH_H

#include "graph/graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::compiler {

// The graph must be valid. Constants become ingot.constant by number (their data stays in `graph`), or ingot.scalar
// when they hold one element.
mlir::OwningOpRef<mlir::ModuleOp> importGraph(const Graph &graph, mlir::MLIRContext &context);

}  // namespace ingot::compiler
#endif
