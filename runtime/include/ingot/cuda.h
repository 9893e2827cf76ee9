/* NVIDIA GPUs for programs that were compiled with --target=cuda. C11 and C++17. In a library of its own
 * (libingot_cuda.a), which opens the driver when it is asked to: neither compiling nor linking needs anything of CUDA.
 *
 *   ingot_device_t *device;
 *   if (ingot_cuda_open(0, NULL, &device, &status) != INGOT_OK) ...
 *   ingot_load_options_t options = {sizeof(options), NULL, NULL, device};
 *   ingot_program_load(&ingot_program_mlp, &options, &program, &status);
 *
 * Tests: tests/gpu/.
 */
#ifndef INGOT_CUDA_H_
#define INGOT_CUDA_H_

#include "ingot/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* GPU `number`, counted from 0 as CUDA_VISIBLE_DEVICES says. `driver`: the driver's library; NULL: libcuda.so.1. May be
 * used by several threads. INGOT_FAILED_PRECONDITION without a driver, with one that is too old, or without such a GPU.
 */
int32_t ingot_cuda_open(uint32_t number, const char *driver, ingot_device_t **device, ingot_status_t *status);

/* For callers that use CUDA themselves: how the runs of a context go about. Nothing here is needed for tensors in
 * memory of the host. */
typedef struct ingot_cuda_run_options {
  uint32_t struct_size;
  uint32_t flags; /* INGOT_CUDA_* below */
  /* A CUstream (cudaStream_t) of the GPU's primary context, the one that CUDA's runtime API uses: runs, and the
   * context's memory, stand in its order. NULL: a stream of the context's own, which waits for no other one. Borrowed
   * until another is set or the context is freed: destroy it after that. */
  void *stream;
  /* An entry for each of the program's inputs (outputs), 0 or 1. 1: `data` of the tensor is memory of this GPU, at a
   * multiple of INGOT_CUDA_ALIGNMENT bytes, which the run uses in place, without a copy. It stays the caller's. An
   * input has to be there in the order of the stream, or, with the context's own, before the call; neither may be freed
   * or used otherwise before the run has ended, and an output must overlap no other tensor. NULL: all 0. Not for an
   * output with a dim that follows from data. */
  const uint8_t *inputs_on_gpu, *outputs_on_gpu;
} ingot_cuda_run_options_t;

#define INGOT_CUDA_ALIGNMENT 16u

/* Where no step depends on data, a run with the sizes (and addresses on the GPU) of the run before it is one CUDA
 * graph: it computes the same, and its steps start faster. This flag: steps are always started one by one, as is needed
 * by a caller who captures runs in a graph of its own (behind a first run with these sizes, asynchronous). Such a graph
 * holds addresses of the context's memory: it must not be launched after the context has run with other sizes, has got
 * other states, or was freed. The variable
 * INGOT_CUDA_GRAPHS=0 sets it for all contexts of a GPU that is opened; an error then names the step. */
#define INGOT_CUDA_NO_GRAPHS 1u
/* ingot_context_run returns when its work is on the stream, and the caller waits for the stream. Needs a stream, and
 * all inputs and outputs on the GPU. Until the stream has got there, tensors stay and outputs mean nothing, and a state
 * is neither freed, read, written, copied, reset nor given to a context on another stream; runs of this context may
 * follow. What fails on the GPU after the return is the error of a later call, and a state counts as good meanwhile.
 * Runs with steps that depend on data, and traced ones, still return when they have ended. */
#define INGOT_CUDA_ASYNCHRONOUS 2u

/* From now on. The options are copied; NULL: all zero, as in a new context. Not during a run. Waits for the context's
 * earlier runs where the stream becomes another one. INGOT_INVALID_ARGUMENT for a context whose program was not loaded
 * for a GPU, and for what is said not to go above; nothing has changed then. */
int32_t ingot_cuda_set_run_options(ingot_context_t *context, const ingot_cuda_run_options_t *options,
                                   ingot_status_t *status);

#ifdef __cplusplus
}
#endif
#endif /* INGOT_CUDA_H_ */
