// Reference convolution for any number of spatial axes: the windows of x become the columns of a matrix, and a matrix
// product does the rest.
//
// Tests: tests/graph/interp/interp_nn_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_CONV_H_
#define INGOT_KERNELS_REFERENCE_CONV_H_

#include "kernels/reference/index.h"

namespace ingot::reference {

struct ConvShape {
  int64_t batch, channels, filters, groups;
  // One entry per spatial axis. `low`: elements of padding before the first one.
  Sizes input, kernel, output, strides, dilations, low;
};

// x [batch, channels, input...], weights [filters, channels / groups, kernel...], out [batch, filters, output...].
// Positions outside x count as 0.
void Conv(std::span<const double> x, std::span<const double> weights, const ConvShape &shape, std::span<double> out);

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_CONV_H_
