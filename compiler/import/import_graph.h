// Graph -> the `ingot` dialect: @main and a function per function of the graph, one op per node, one NameLoc per node.
#ifndef INGOT_COMPILER_IMPORT_IMPORTGRAPH_H
#define INGOT_COMPILER_IMPORT_IMPORTGRAPH_H

#include "ingot/graph.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::compiler {

// The graph must be valid. Constants become ingot.constant by number (in AllConstants; their data stays in `graph`), or
// ingot.scalar when they hold one element.
mlir::OwningOpRef<mlir::ModuleOp> ImportGraph(const Graph &graph, mlir::MLIRContext &context);
// The constants and nodes of a valid graph as ops; `values`, by their number, has those of the inputs and gets the
// others. `at`: the location of all of them instead of one by their names. Constants of several elements count from
// `first_constant`.
void ImportNodes(const Graph &graph, llvm::MutableArrayRef<mlir::Value> values, int64_t first_constant,
                 std::optional<mlir::Location> at, mlir::OpBuilder &b);
// The constants of the graph, then those of its functions.
std::vector<Tensor> AllConstants(const Graph &graph);

}  // namespace ingot::compiler
#endif
