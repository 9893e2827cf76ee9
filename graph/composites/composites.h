// Composite ops in primitives. Each body is written once, with the builder; records name it (`body`). Tests:
// tests/graph/composites_test.cc.
#ifndef INGOT_GRAPH_COMPOSITES_COMPOSITES_H_
#define INGOT_GRAPH_COMPOSITES_COMPOSITES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "ingot/builder.h"

namespace ingot {

bool IsComposite(OpKind op);

// A graph whose first inputs are the composite's operands (others stand for sizes, and nothing reads them) and whose
// output is its result. Its constants are scalars. `attributes` are complete and canonical, as in a validated node. A
// result may have its sizes in another form than the op's shape rule gives. InvalidArgument: the op is no composite.
absl::StatusOr<Graph> BodyOf(OpKind op, const std::vector<TensorType> &operands, const Attributes &attributes);

// A valid graph with every composite, also of its functions, in primitives. Values keep their names and types; what
// stands for a composite is named after its node ("gelu/erf"), which may have any name.
absl::StatusOr<Graph> ExpandComposites(Graph graph);

namespace composites {

// What a body is written from.
struct Body {
  GraphBuilder &b;
  const std::vector<Expr> &operands;
  const Attributes &attributes;

  template <typename T>
  const T &Get(const char *name) const {
    return std::get<T>(attributes.at(name));
  }
  // A number of the operand's dtype.
  Expr Scalar(Expr like, double value) { return b.Scalar(value, b.type(like).dtype); }
  Expr Scalar(Expr like, const Dim &value);
  Expr Mean(Expr x, const Ints &axes, bool keep_dims);
};

// One result each; the declarations follow from the records.
#define INGOT_COMPOSITE(Op, Function) Expr Function(Body body);
#include "graph/ops/composite_bodies.inc"
#undef INGOT_COMPOSITE

}  // namespace composites
}  // namespace ingot
#endif  // INGOT_GRAPH_COMPOSITES_COMPOSITES_H_
