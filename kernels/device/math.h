// Scalar math for processors without a libm: what <math.h> promises, as plain functions that GPU kernels are linked
// with. The names are those of libm behind `ingot_`; a final f stands for float. Special values follow C11, Annex F;
// denormal arguments and results are kept; errno and the rounding mode are not touched. README.md has the error bounds.
//
// Tests: tests/kernels/device_math_test.cc.
#ifndef INGOT_KERNELS_DEVICE_MATH_H_
#define INGOT_KERNELS_DEVICE_MATH_H_

#ifdef __cplusplus
extern "C" {
#endif

double ingot_exp(double x);
double ingot_exp2(double x);
double ingot_expm1(double x);
double ingot_log(double x);
double ingot_log2(double x);
double ingot_log1p(double x);
double ingot_sin(double x);
double ingot_cos(double x);
double ingot_tan(double x);
double ingot_asin(double x);
double ingot_acos(double x);
double ingot_atan(double x);
double ingot_sinh(double x);
double ingot_cosh(double x);
double ingot_tanh(double x);
double ingot_asinh(double x);
double ingot_acosh(double x);
double ingot_atanh(double x);
double ingot_erf(double x);
double ingot_pow(double x, double y);
double ingot_fmod(double x, double y);

float ingot_expf(float x);
float ingot_exp2f(float x);
float ingot_expm1f(float x);
float ingot_logf(float x);
float ingot_log2f(float x);
float ingot_log1pf(float x);
float ingot_sinf(float x);
float ingot_cosf(float x);
float ingot_tanf(float x);
float ingot_asinf(float x);
float ingot_acosf(float x);
float ingot_atanf(float x);
float ingot_sinhf(float x);
float ingot_coshf(float x);
float ingot_tanhf(float x);
float ingot_asinhf(float x);
float ingot_acoshf(float x);
float ingot_atanhf(float x);
float ingot_erff(float x);
float ingot_powf(float x, float y);
float ingot_fmodf(float x, float y);

#ifdef __cplusplus
}
#endif
#endif  // INGOT_KERNELS_DEVICE_MATH_H_
