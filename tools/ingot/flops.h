// How much arithmetic a graph does, for rates: what counts is a product and a sum per element pair of matrix products
// and convolutions, as everywhere in the field; everything else is left out.
#ifndef INGOT_TOOLS_INGOT_FLOPS_H_
#define INGOT_TOOLS_INGOT_FLOPS_H_

#include "ingot/graph.h"

namespace ingot::tool {

// Over the graph's symbols; undefined when the expression grows too large.
Dim ContractionOperations(const Graph &graph);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_FLOPS_H_
