// Conversions between the interpreter's wide numbers (double, int64) and narrower formats, each with a single rounding.
//
// Tests: tests/graph/interp/interp_math_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_CONVERT_H_
#define INGOT_KERNELS_REFERENCE_CONVERT_H_

#include <cstdint>

namespace ingot::reference {

// The nearest value of the format (halves to even), still as a double; beyond its largest value infinity, or NaN in
// f8e4m3, which has no infinity.
double RoundToFloat(double value);
double RoundToHalf(double value);
double RoundToBfloat16(double value);
double RoundToF8E4M3(double value);
double RoundToF8E5M2(double value);

// The low `bits` bits (4, 8, 16, 32 or 64), sign- or zero-extended.
int64_t WrapInt(int64_t value, int bits, bool is_signed);

// Truncates towards zero and saturates to the integer type's range; NaN gives 0. Unsigned 64-bit results are bit
// patterns.
int64_t SaturatingInt(double value, int bits, bool is_signed);

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_CONVERT_H_
