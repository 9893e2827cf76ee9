/* Two compiled models in one program, each with a context of its own, called in turn. Valid C11 and C++17: linking.py
 * builds it as both, compares what it prints with ONNX Runtime, and fills inputs by the same rules. */
#include <stdio.h>
#include <stdlib.h>

#include "bert_tiny.o.h"
#include "mlp.o.h"

enum { BATCH = 3, SEQ = 7, HIDDEN = 16, PIXELS = 784, CLASSES = 10, TOKENS = BATCH * SEQ };

static float pixels[BATCH * PIXELS], classes[BATCH * CLASSES], hidden[TOKENS * HIDDEN];
static int64_t ids[TOKENS], mask[TOKENS], types[TOKENS];

static void require(int32_t code, const ingot_status_t *status) {
  if (code == INGOT_OK) return;
  fprintf(stderr, "two_models: %s\n", status->message);
  exit(1);
}

static ingot_tensor_t tensor(void *data, size_t bytes, uint32_t dtype, int64_t columns) {
  ingot_tensor_t result = {data, bytes, dtype, 2, {BATCH, columns}};
  return result;
}

static ingot_context_t *open_context(const ingot_program_desc_t *desc, ingot_program_t **program) {
  ingot_status_t status;
  ingot_context_t *context;
  require(ingot_program_load(desc, NULL, program, &status), &status);
  require(ingot_context_create(*program, NULL, &context, &status), &status);
  return context;
}

static void print(const float *values, int count) {
  for (int i = 0; i < count; ++i) printf("%.9g\n", (double)values[i]);
}

int main(void) {
  for (int i = 0; i < BATCH * PIXELS; ++i) pixels[i] = (float)(i * 37 % 101) / 101.0f - 0.5f;
  for (int i = 0; i < TOKENS; ++i) {
    ids[i] = i * 7 % 50;
    mask[i] = i % SEQ < 1 + 2 * (i / SEQ) ? 1 : 0; /* ragged */
    types[i] = i % 2;
  }
  ingot_tensor_t image = tensor(pixels, sizeof(pixels), INGOT_F32, PIXELS),
                 label = tensor(classes, sizeof(classes), INGOT_F32, CLASSES);
  ingot_tensor_t text[3] = {tensor(ids, sizeof(ids), INGOT_I64, SEQ), tensor(mask, sizeof(mask), INGOT_I64, SEQ),
                            tensor(types, sizeof(types), INGOT_I64, SEQ)};
  ingot_tensor_t state = tensor(hidden, sizeof(hidden), INGOT_F32, SEQ);
  ingot_program_t *mlp, *bert;
  ingot_context_t *mlp_context = open_context(&ingot_program_mlp, &mlp),
                  *bert_context = open_context(&ingot_program_bert_tiny, &bert);
  ingot_status_t status;
  for (int round = 0; round < 2; ++round) {
    require(ingot_context_run(mlp_context, &image, &label, &status), &status);
    require(ingot_context_run(bert_context, text, &state, &status), &status);
  }
  print(classes, BATCH * CLASSES);
  print(hidden, TOKENS * HIDDEN);
  ingot_context_free(bert_context);
  ingot_context_free(mlp_context);
  ingot_program_free(bert);
  ingot_program_free(mlp);
  return 0;
}
