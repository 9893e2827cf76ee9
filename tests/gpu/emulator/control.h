/* What tests may ask of the stand-in driver beside CUDA's own functions: to fail, to count, and to change the order of
   threads. C, so that dlsym finds it in the library that plays libcuda.so.1. Tested by
   tests/gpu/emulator_driver_test.cc. */
#ifndef INGOT_TESTS_GPU_EMULATOR_CONTROL_H_
#define INGOT_TESTS_GPU_EMULATOR_CONTROL_H_

#include <stdint.h>

#include "tests/gpu/emulator/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The call of `function` (its exported name, as "cuMemAlloc_v2") after `after_calls` more returns `result`, once, and
   does nothing else. A null function takes all such orders back. Returns 0, or 1 if there is no such function. */
INGOT_EMULATOR_EXPORT int32_t ingot_emulator_fail(const char *function, int32_t after_calls, int32_t result);

/* How often the function was called, or -1 if there is no such function. */
INGOT_EMULATOR_EXPORT int64_t ingot_emulator_calls(const char *function);

/* Memory of device and host that nobody freed. */
INGOT_EMULATOR_EXPORT int64_t ingot_emulator_live_allocations(void);

/* Modules, streams, events, graphs, executable graphs, and retained contexts. */
INGOT_EMULATOR_EXPORT int64_t ingot_emulator_live_objects(void);

/* 0: threads run in ascending order. Others: in shuffled orders, one per launch, that follow from the seed. The
   variable INGOT_EMULATED_ORDER is the seed until this is called; cuInit reads it. */
INGOT_EMULATOR_EXPORT void ingot_emulator_set_order(uint64_t seed);

/* Whether devices give memory in a stream's order (cuMemAllocAsync); they do until this is called. */
INGOT_EMULATOR_EXPORT void ingot_emulator_set_pools(int32_t has_pools);

/* How much memory a device has from now on, in bytes; 16 GiB until this is called. */
INGOT_EMULATOR_EXPORT void ingot_emulator_set_memory(uint64_t bytes);

/* The device's context ends with this result, as when a kernel has failed. */
INGOT_EMULATOR_EXPORT void ingot_emulator_kill(int32_t device, int32_t result);

/* Bugs that a test plants. The first four are those of an instruction at one place of the code, whoever executes it. */
enum {
  INGOT_EMULATOR_NO_BUG,
  INGOT_EMULATOR_NO_BARRIER,    /* a barrier of all threads is left out */
  INGOT_EMULATOR_NO_WAIT,       /* cp.async.wait_group is left out */
  INGOT_EMULATOR_SHORT_WAIT,    /* it leaves one more group on its way */
  INGOT_EMULATOR_WRONG_COPY,    /* cp.async copies what lies before its source */
  INGOT_EMULATOR_SHORT_BUFFER,  /* the kernels' buffer number N is said to end one byte early */
  INGOT_EMULATOR_NO_COPY_GROUP, /* every thread's copies of its group number N, of those with copies, do nothing */
};

/* Plants one bug in what has this number; no bug takes it back. Numbers begin at 0, and stay the same until another
   kind is planted: with UINT32_MAX nothing is wrong, and runs count what there is. */
INGOT_EMULATOR_EXPORT void ingot_emulator_plant(int32_t bug, uint32_t number);
/* How much of this kind kernels have executed since it was first planted. */
INGOT_EMULATOR_EXPORT uint32_t ingot_emulator_plantable(void);

/* Launches of more blocks than these run in so many, so that each goes through several tiles. 0: as they are. */
INGOT_EMULATOR_EXPORT void ingot_emulator_limit_blocks(uint32_t most);

/* Why the last kernel failed, or "". Valid until the next launch. */
INGOT_EMULATOR_EXPORT const char *ingot_emulator_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* INGOT_TESTS_GPU_EMULATOR_CONTROL_H_ */
