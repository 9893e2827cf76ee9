// Graph -> the `ingot` dialect: @main and a function per function of the graph, one op per node, one NameLoc per node.
#ifndef INGOT_COMPILER_IMPORT_IMPORTGRAPH_H
#define INGOT_COMPILER_IMPORT_IMPORTGRAPH_H

#include "ingot/graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::compiler {

// The graph must be valid. Constants become ingot.constant by number (in AllConstants; their data stays in `graph`), or
// ingot.scalar when they hold one element.
mlir::OwningOpRef<mlir::ModuleOp> ImportGraph(const Graph &graph, mlir::MLIRContext &context);
// The constants of the graph, then those of its functions.
std::vector<Tensor> AllConstants(const Graph &graph);

}  // namespace ingot::compiler
#endif
