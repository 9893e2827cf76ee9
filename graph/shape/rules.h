// The shape rules. Each is named in an op record's shapeRule and returns the type of the one result, or ResultTypes;
// the declarations are generated. elementwise.cc, movement.cc, contraction.cc (also reductions and sorts) and
// control.cc have them.
#ifndef INGOT_GRAPH_SHAPE_RULES_H_
#define INGOT_GRAPH_SHAPE_RULES_H_

#include "graph/shape/infer.h"

namespace ingot {

absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int rank);

#include "graph/ops/shape_rule_declarations.inc"

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_RULES_H_
