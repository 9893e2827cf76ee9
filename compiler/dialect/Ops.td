// Everything mlir-tblgen makes the dialect from.
include "graph/ops/ops.td"
include "compiler/dialect/InternalOps.td"
