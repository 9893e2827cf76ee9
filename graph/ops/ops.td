// All families. What the generator and mlir-tblgen read.
include "graph/ops/math.td"
include "graph/ops/tensor.td"
include "graph/ops/reduce.td"
include "graph/ops/nn.td"
include "graph/ops/control.td"
