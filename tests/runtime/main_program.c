/* A program description as the compiler would emit it, written by hand in C, for the tests of libingot_main.a:
 * y/out[batch, 3] = x[batch, 3] * scale[1] (scale in bf16) where mask[batch], else 0; count[1] = number of masked rows.
 */
#include <stddef.h>
#include <string.h>

#include "ingot/abi.h"

enum { kBatch, kColumns, kOne, kXBytes, kMaskBytes, kScaleBytes, kCountBytes, kWork, kNumSizes };

static int32_t EvalSizes(int64_t *sizes, uint32_t stage) {
  (void)stage;
  if (sizes[kBatch] > INT64_MAX / 64) return 1;
  sizes[kColumns] = 3;
  sizes[kOne] = 1;
  sizes[kXBytes] = sizes[kBatch] * 12;
  sizes[kMaskBytes] = sizes[kBatch];
  sizes[kScaleBytes] = 2;
  sizes[kCountBytes] = 8;
  sizes[kWork] = sizes[kBatch] * 3;
  return 0;
}

static int32_t RunScale(void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end, void *workspace) {
  const float *x = buffers[0];
  const unsigned char *mask = buffers[1];
  float *y = buffers[3];
  uint16_t bits;
  float scale;
  (void)sizes;
  (void)workspace;
  memcpy(&bits, buffers[2], sizeof(bits));
  uint32_t wide = (uint32_t)bits << 16;
  memcpy(&scale, &wide, sizeof(scale));
  for (int64_t i = begin; i < end; ++i) {
    for (int j = 0; j < 3; ++j) y[i * 3 + j] = mask[i] ? x[i * 3 + j] * scale : 0;
  }
  return 0;
}

static int32_t RunCount(void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end, void *workspace) {
  const unsigned char *mask = buffers[0];
  int64_t count = 0;
  (void)begin;
  (void)end;
  (void)workspace;
  for (int64_t i = 0; i < sizes[kBatch]; ++i) count += mask[i];
  *(int64_t *)buffers[1] = count;
  return 0;
}

static const char *const kSizeTexts[] = {"batch", "3", "1", "12 * batch", "batch", "2", "8", "3 * batch"};
static const ingot_symbol_t kSymbols[] = {{"batch", 1, 1000}};
static const ingot_io_t kInputs[] = {{"x", 0, INGOT_F32, 2, {kBatch, kColumns}},
                                     {"mask", 1, INGOT_BOOL, 1, {kBatch}},
                                     {"scale", 2, INGOT_BF16, 1, {kOne}}};
static const ingot_io_t kOutputs[] = {{"y/out", 3, INGOT_F32, 2, {kBatch, kColumns}},
                                      {"count", 4, INGOT_I64, 1, {kOne}}};
static const ingot_value_t kValues[] = {{INGOT_VALUE_INPUT, 0, 0, kXBytes, 0, 0, 0},
                                        {INGOT_VALUE_INPUT, 1, 0, kMaskBytes, 0, 0, 0},
                                        {INGOT_VALUE_INPUT, 2, 0, kScaleBytes, 0, 0, 0},
                                        {INGOT_VALUE_OUTPUT, 0, 0, kXBytes, 0, 0, 0},
                                        {INGOT_VALUE_OUTPUT, 1, 0, kCountBytes, 0, 0, 0}};
static const uint32_t kOperands[] = {0, 1, 2, 3, 1, 4};
static const ingot_step_t kSteps[] = {{INGOT_STEP_KERNEL, 0, 0, 4, 0, 0, INGOT_NONE, INGOT_NONE, 0, 0, "scale"},
                                      {INGOT_STEP_KERNEL, 1, 4, 2, 0, 0, INGOT_NONE, INGOT_NONE, 0, 0, "count"}};
static const ingot_kernel_t kKernels[] = {{"scale", RunScale, NULL, NULL, kBatch, kWork, INGOT_NONE, 0},
                                          {"count", RunCount, NULL, NULL, kOne, kBatch, INGOT_NONE, 0}};
static const ingot_variant_t kVariants[] = {{"future", 1ull << 63, kKernels}, {"baseline", 0, kKernels}};

/* The same for the emulated GPU, as one thread that takes all tiles. */
#ifdef INGOT_TEST_GPU
static void ScaleThread(void **p) {
  void *const *buffers[] = {p[0], p[1], p[2], p[3]};
  void *const operands[] = {*buffers[0], *buffers[1], *buffers[2], *buffers[3]};
  RunScale(operands, NULL, 0, *(const int64_t *)p[4], NULL);
}
static void CountThread(void **p) {
  void *const operands[] = {*(void *const *)p[0], *(void *const *)p[1]};
  const int64_t sizes[] = {*(const int64_t *)p[4]};
  RunCount(operands, sizes, 0, 1, NULL);
}
static const ingot_emulated_kernel_t kThreads[] = {{"scale", ScaleThread, 6, 0, NULL},
                                                   {"count", CountThread, 5, 0, NULL}};
static const ingot_emulated_image_t kImage = {"ingot emulated\0", 2, kThreads};
static const ingot_size_index_t kCountSizes[] = {kBatch};
static const ingot_device_kernel_t kDeviceKernels[] = {{"scale", 1, 1000, 1, 0, kBatch, INGOT_NONE, 0, 0, NULL},
                                                       {"count", 1, 1, 1, 0, kOne, INGOT_NONE, 1, 0, kCountSizes}};
static const ingot_device_variant_t kDeviceVariants[] = {
    {"emulated", INGOT_DEVICE_CUDA, 0, &kImage, sizeof(kImage), kDeviceKernels}};
#define DEVICES .num_device_variants = 1, .device_variants = kDeviceVariants,
#else
#define DEVICES
#endif

/* A second program keeps (unused) weights in a side file. */
#ifdef INGOT_TEST_SIDE_FILE
#define SIDE_FILE .weights_size = 100, .weights_hash = 77, .weights_file = "masked.weights",
#else
#define SIDE_FILE
#endif

static const ingot_program_desc_t kDesc = {.struct_size = sizeof(ingot_program_desc_t),
                                           .abi_version = INGOT_ABI_VERSION,
                                           .name = "masked \"scale\"",
                                           .precision = "fp32",
                                           .num_symbols = 1,
                                           .num_sizes = kNumSizes,
                                           .symbols = kSymbols,
                                           .eval_sizes = EvalSizes,
                                           .size_texts = kSizeTexts,
                                           .num_inputs = 3,
                                           .num_outputs = 2,
                                           .num_values = 5,
                                           .inputs = kInputs,
                                           .outputs = kOutputs,
                                           .values = kValues,
                                           .num_operands = 6,
                                           .num_steps = 2,
                                           .num_kernels = 2,
                                           .num_variants = 2,
                                           .operands = kOperands,
                                           .steps = kSteps,
                                           .variants = kVariants,
                                           DEVICES SIDE_FILE};

extern const ingot_program_desc_t *const ingot_main_program;
const ingot_program_desc_t *const ingot_main_program = &kDesc;
