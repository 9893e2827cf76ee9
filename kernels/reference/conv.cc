#include "kernels/reference/conv.h"

#include "kernels/reference/matmul.h"

namespace ingot::reference {
namespace {

// The offset in x of output position `out` under kernel position `tap`, both row-major indices; -1 in the padding.
int64_t SourceOffset(const ConvShape &shape, int64_t out, int64_t tap) {
  int64_t offset = 0, stride = 1;
  for (size_t axis = shape.input.size(); axis-- > 0;) {
    int64_t o = out % shape.output[axis], t = tap % shape.kernel[axis];
    out /= shape.output[axis];
    tap /= shape.kernel[axis];
    int64_t position = o * shape.strides[axis] + t * shape.dilations[axis] - shape.low[axis];
    if (position < 0 || position >= shape.input[axis]) return -1;
    offset += position * stride;
    stride *= shape.input[axis];
  }
  return offset;
}

}  // namespace

void Conv(std::span<const double> x, std::span<const double> weights, const ConvShape &shape, std::span<double> out) {
  int64_t channels = shape.channels / shape.groups, filters = shape.filters / shape.groups;
  int64_t input = Count(shape.input), taps = Count(shape.kernel), outputs = Count(shape.output);
  std::vector<int64_t> source(static_cast<size_t>(taps * outputs));
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t o = 0; o < outputs; ++o) source[static_cast<size_t>(tap * outputs + o)] = SourceOffset(shape, o, tap);
  }
  std::vector<double> windows(static_cast<size_t>(channels * taps * outputs));  // [channels * taps, outputs]
  for (int64_t image = 0; image < shape.batch; ++image) {
    for (int64_t group = 0; group < shape.groups; ++group) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        int64_t base = (image * shape.channels + group * channels + channel) * input;
        for (size_t i = 0; i < source.size(); ++i) {
          windows[static_cast<size_t>(channel) * source.size() + i] =
              source[i] < 0 ? 0 : x[static_cast<size_t>(base + source[i])];
        }
      }
      int64_t first = group * filters;
      MatMul(
          weights.subspan(static_cast<size_t>(first * channels * taps), static_cast<size_t>(filters * channels * taps)),
          windows, filters, channels * taps, outputs,
          out.subspan(static_cast<size_t>((image * shape.filters + first) * outputs),
                      static_cast<size_t>(filters * outputs)));
    }
  }
}

}  // namespace ingot::reference
