/* What a kernel library offers to compiled programs, and how they call it. The compiler knows a library by this page
 * alone: it emits calls of the `ingot_library_*` names, and whoever loads the program says which library's functions
 * those are (compiler/jit/). Implemented by: kernels/cpu/. Tests: tests/kernels/, tests/compiler/library_jit_test.cc.
 */
#ifndef INGOT_KERNELS_MANIFEST_H_
#define INGOT_KERNELS_MANIFEST_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* result[m, n] = sum over k of x[m, k] * y[k, n], in f32. Strides are in elements; a result row is `columns` long and
 * contiguous. x and y each have a stride of 1 along one of their axes. Calls compute blocks of at most block_rows x
 * block_columns. */
typedef struct ingot_matmul_shape {
  int64_t rows, depth, columns;
  int64_t x_row_stride, x_depth_stride;
  int64_t y_depth_stride, y_column_stride;
  int64_t block_rows, block_columns;
} ingot_matmul_shape_t;

typedef struct ingot_kernel_library {
  const char *name; /* for messages: "oneDNN 2.6.3" */
  /* Makes what all blocks of this shape need; 0 or the library's own code. The shape is copied. */
  int32_t (*matmul_prepare)(const ingot_matmul_shape_t *shape, void **object);
  /* One block, whose corner the pointers name. Called by several threads at a time, with one object. */
  int32_t (*matmul_run)(void *object, const float *x, const float *y, float *result, int64_t rows, int64_t columns);
  void (*matmul_destroy)(void *object);
} ingot_kernel_library_t;

/* The symbols that compiled programs call for the three functions. */
#define INGOT_LIBRARY_MATMUL_PREPARE "ingot_library_matmul_prepare"
#define INGOT_LIBRARY_MATMUL_RUN "ingot_library_matmul_run"
#define INGOT_LIBRARY_MATMUL_DESTROY "ingot_library_matmul_destroy"

#ifdef __cplusplus
}
#endif
#endif /* INGOT_KERNELS_MANIFEST_H_ */
