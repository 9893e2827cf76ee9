/* Runs a compiled multi-layer perceptron on a batch of three: model.onnx is in this program, which links libc and libm
 * only. */
#include <stdio.h>

#include "ingot/runtime.h"
#include "model.o.h" /* written beside model.o: declares ingot_program_mlp */

int main(void) {
  static float x[3][16] = {{0}, {1, -1, 1, -1}, {0.5f, 0.25f}};
  static float probs[3][10];
  ingot_tensor_t input = {.data = x, .bytes = sizeof x, .dtype = INGOT_F32, .rank = 2, .dims = {3, 16}};
  ingot_tensor_t output = {.data = probs, .bytes = sizeof probs};
  ingot_program_t *program = NULL;
  ingot_context_t *context = NULL;
  ingot_status_t status;
  if (ingot_program_load(&ingot_program_mlp, NULL, &program, &status) != INGOT_OK ||
      ingot_context_create(program, NULL, &context, &status) != INGOT_OK ||
      ingot_context_run(context, &input, &output, &status) != INGOT_OK) {
    fprintf(stderr, "mlp: %s\n", status.message);
    return 1;
  }
  for (int row = 0; row < 3; ++row)
    for (int i = 0; i < 10; ++i) printf("%.6f%c", (double)probs[row][i], i < 9 ? ' ' : '\n');
  ingot_context_free(context);
  ingot_program_free(program);
  return 0;
}
