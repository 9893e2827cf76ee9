/* The contract between a compiled Ingot program and the runtime: plain constant data, position independent, C11 and
 * C++17.
 *
 * A compiled model is one object that exports one symbol, `ingot_program_<name>`, of type ingot_program_desc_t.
 * Everything it points to is constant data inside the same object. The runtime checks `struct_size` and `abi_version`
 * before it reads anything else. Tests: tests/runtime/. Emitted by: compiler/emit/.
 */
#ifndef INGOT_ABI_H_
#define INGOT_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_ABI_VERSION 2u
#define INGOT_MAX_RANK 8u
/* Every buffer a kernel sees starts at a multiple of this many bytes, except the caller's own inputs and outputs
 * (element alignment). */
#define INGOT_ALIGNMENT 64u
/* "No index" in every 32-bit index field. */
#define INGOT_NONE 0xffffffffu

typedef enum ingot_dtype {
  INGOT_DTYPE_INVALID = 0,
  INGOT_F64 = 1,
  INGOT_F32 = 2,
  INGOT_F16 = 3,
  INGOT_BF16 = 4,
  INGOT_I64 = 5,
  INGOT_I32 = 6,
  INGOT_I16 = 7,
  INGOT_I8 = 8,
  INGOT_U64 = 9,
  INGOT_U32 = 10,
  INGOT_U16 = 11,
  INGOT_U8 = 12,
  INGOT_BOOL = 13,   /* one byte, 0 or 1 */
  INGOT_F8E4M3 = 14, /* ONNX's FLOAT8E4M3FN: NaN and no infinity */
  INGOT_F8E5M2 = 15, /* ONNX's FLOAT8E5M2: as f16, with two bits of fraction */
  INGOT_I4 = 16,     /* two elements in a byte, the first in its low half */
  INGOT_U4 = 17,
  INGOT_COMPLEX64 = 18 /* two f32, the real part first; aligned as f32 */
} ingot_dtype_t;

/* A size is an index into the program's size table (int64_t each). The first `num_symbols` entries are the symbols, in
 * order, filled by the runtime from the shapes of inputs and states; behind them stand `num_bound_symbols` that BIND
 * steps fill from data; `eval_sizes` fills the rest. Nothing else computes sizes: kernels load entries of the table. An
 * entry may be negative (the stride of a reversed axis); what may not is the subject of a check. */
typedef uint32_t ingot_size_index_t;
/* Sizes come in stages. Those of stage 0 are known before a run. A BIND step begins a later one: it fills the stage's
 * symbols, evaluates the stage's sizes and compares its checks. Steps behind it in its block may use them. */
typedef struct ingot_stage {
  uint32_t first_symbol, end_symbol; /* places in the size table */
  uint32_t first_check, end_check;
} ingot_stage_t;

/* What the program relies on and could not prove when it was compiled. A run whose sizes break a check is refused
 * before its first step, or where it enters the block that the check belongs to. */
typedef enum ingot_check_kind {
  INGOT_CHECK_EQUAL = 0,  /* sizes[a] == sizes[b] */
  INGOT_CHECK_AT_MOST = 1 /* sizes[a] <= sizes[b] */
} ingot_check_kind_t;

typedef struct ingot_check {
  uint32_t kind; /* ingot_check_kind_t */
  ingot_size_index_t a, b;
  uint32_t reserved;
  const char *node; /* the graph's node that relies on it */
  const char *what; /* why, in words: "a reshape must keep the number of elements" */
} ingot_check_t;

typedef struct ingot_symbol {
  const char *name;
  int64_t min, max; /* inclusive range that the program was compiled for */
} ingot_symbol_t;

typedef struct ingot_io {
  const char *name;
  uint32_t value; /* index into values: an INPUT, or an OUTPUT; an ARENA value for an output of a later stage */
  uint32_t dtype; /* ingot_dtype_t */
  uint32_t rank;
  ingot_size_index_t dims[INGOT_MAX_RANK];
} ingot_io_t;

/* What a run leaves for the next one. Its buffer belongs to a state object (runtime.h). The dims are of stage 0. */
typedef struct ingot_state_desc {
  ingot_io_t io;    /* `value` is a STATE */
  uint64_t initial; /* a constant: bytes from the start of the weights; INGOT_NONE: zeros */
  uint32_t fills;   /* 1: the constant is one element, which fills the state */
  uint32_t reserved;
} ingot_state_desc_t;

typedef enum ingot_value_kind {
  INGOT_VALUE_INPUT = 0,    /* the caller's buffer; slot = input number */
  INGOT_VALUE_OUTPUT = 1,   /* the caller's buffer; slot = output number */
  INGOT_VALUE_CONSTANT = 2, /* weights + offset */
  INGOT_VALUE_ARENA = 3,    /* placed by the runtime, alive from first_step to last_step (inclusive) */
  INGOT_VALUE_STATE = 4,    /* the state object's; slot = state number; first_step is the first that writes it, or
                               INGOT_NONE */
  INGOT_VALUE_HOST = 5      /* a host object (string, sequence); slot = host slot */
} ingot_value_kind_t;

typedef struct ingot_value {
  uint32_t kind; /* ingot_value_kind_t */
  uint32_t slot;
  uint64_t offset;          /* CONSTANT: bytes from the start of the weights */
  ingot_size_index_t bytes; /* size in bytes */
  uint32_t first_step, last_step;
  uint32_t reserved;
} ingot_value_t;

/* Computes tiles [tile_begin, tile_end) of one step. `buffers` holds one pointer per operand of the step; `sizes` is
 * the whole size table. `workspace` holds at least the kernel's declared bytes, aligned to INGOT_ALIGNMENT and private
 * to the calling thread. Tiles are independent. Returns 0, or a positive code that ends the run. */
typedef int32_t (*ingot_kernel_fn_t)(void *const *buffers, const int64_t *sizes, int64_t tile_begin, int64_t tile_end,
                                     void *workspace);

/* Where a kernel comes from: reported, never acted on. */
typedef enum ingot_origin {
  INGOT_ORIGIN_GENERATED = 0,
  INGOT_ORIGIN_LIBRARY = 1,
  INGOT_ORIGIN_HOST = 2,
  INGOT_ORIGIN_REFERENCE = 3
} ingot_origin_t;

typedef struct ingot_kernel {
  const char *name;
  ingot_kernel_fn_t run;
  /* Optional (library kernels): made once per context and size table, passed as the last buffer; destroyed with the
   * context. */
  int32_t (*prepare)(const int64_t *sizes, void **object);
  void (*destroy)(void *object);
  ingot_size_index_t tiles;     /* number of tiles of a step; 0 tiles: there is nothing to do */
  ingot_size_index_t work;      /* rough number of scalar operations of a step, for the decision to use threads */
  ingot_size_index_t workspace; /* bytes per thread, or INGOT_NONE */
  uint32_t origin;              /* ingot_origin_t */
} ingot_kernel_t;

typedef enum ingot_step_kind {
  INGOT_STEP_KERNEL = 0,
  INGOT_STEP_COPY = 1, /* operand 0 -> operand 1, sizes equal */
  INGOT_STEP_CALL = 2, /* reserved, as HOST: a runtime that meets one refuses to load the program */
  /* Operand 0 is a bool. Steps [s + 1, split) run when it is true, steps [split, end) when it is not; end is next. */
  INGOT_STEP_IF = 3,
  /* Steps [s + 1, split) compute operand 0, a bool; while it is true, steps [split, end) run and all begins again. */
  INGOT_STEP_WHILE = 4,
  INGOT_STEP_HOST = 5,
  /* Operand 0 holds the symbols of stage `split`, i64 each. Steps behind it in its block may use the stage's sizes. */
  INGOT_STEP_BIND = 6,
  INGOT_STEP_CHECK = 7,  /* checks [split, end) must hold: those of a block, which may never be entered */
  INGOT_STEP_IF_SIZE = 8 /* as IF, where the size `kernel` is not 0; no operands */
} ingot_step_kind_t;

typedef struct ingot_step {
  uint32_t kind; /* ingot_step_kind_t */
  uint32_t kernel;
  uint32_t first_operand, num_operands; /* into the operand table (indices of values) */
  uint32_t device, queue;               /* 0, 0 so far */
  uint32_t wait, signal;                /* event numbers, or INGOT_NONE */
  uint32_t split, end;                  /* of IF, WHILE, CHECK and BIND */
  const char *name;                     /* the nodes this step computes, for messages and traces */
} ingot_step_t;

/* CPU features a variant needs; the runtime compares them with what CPUID and the operating system offer. */
#define INGOT_CPU_X86_64_V2 (1ull << 0)
#define INGOT_CPU_X86_64_V3 (1ull << 1) /* AVX2, FMA, BMI2 */
#define INGOT_CPU_X86_64_V4 (1ull << 2) /* AVX-512 F, BW, CD, DQ, VL */
#define INGOT_CPU_AVX512_BF16 (1ull << 3)
#define INGOT_CPU_AVX512_VNNI (1ull << 4)
#define INGOT_CPU_AMX_BF16 (1ull << 5)
#define INGOT_CPU_AMX_INT8 (1ull << 6)
#define INGOT_CPU_AVX512_FP16 (1ull << 7)

/* One compiled instruction-set level. Variants stand in order of preference, best first. */
typedef struct ingot_variant {
  const char *level; /* "x86-64-v3" */
  uint64_t required_features;
  const ingot_kernel_t *kernels; /* num_kernels of them */
} ingot_variant_t;

/* Devices besides the host. */
typedef enum ingot_device_kind {
  INGOT_DEVICE_HOST = 0,
  INGOT_DEVICE_CUDA = 1 /* NVIDIA GPUs */
} ingot_device_kind_t;

/* A kernel as a device starts it: `entry` of the variant's image, in blocks of `threads`. A block takes tiles_per_block
 * tiles, and goes on with more where there are fewer blocks than that. Parameters of 8 bytes each: the address of every
 * operand of the step, the number of tiles, the workspace, and the numbers in the size table at `sizes`. */
typedef struct ingot_device_kernel {
  const char *entry;
  uint32_t threads, tiles_per_block;
  uint32_t most_blocks;  /* 0: as many as the tiles ask for */
  uint32_t shared_bytes; /* of a block, besides what the image reserves */
  ingot_size_index_t tiles;
  ingot_size_index_t workspace; /* bytes per block, or INGOT_NONE */
  uint32_t num_sizes;
  uint32_t reserved;
  const ingot_size_index_t *sizes;
} ingot_device_kernel_t;

/* The program's kernels for one architecture of a device. Variants stand in order of preference, best first. */
typedef struct ingot_device_variant {
  const char *level; /* "sm_90" */
  uint32_t device;   /* ingot_device_kind_t */
  uint32_t reserved;
  const void *image; /* what the device's driver loads */
  uint64_t image_bytes;
  const ingot_device_kernel_t *kernels; /* num_kernels of them */
} ingot_device_variant_t;

typedef struct ingot_program_desc {
  uint32_t struct_size; /* of what the compiler wrote: see device_variants */
  uint32_t abi_version;
  const char *name;
  const char *precision; /* "fp32" */

  uint32_t num_symbols, num_sizes, num_checks;
  const ingot_symbol_t *symbols;
  /* Fills the sizes of a stage, but for symbols. Returns 0, or i + 1 when size i overflows or divides by zero. */
  int32_t (*eval_sizes)(int64_t *sizes, uint32_t stage);
  const char *const
      *size_texts; /* num_sizes of them: the expressions behind the sizes, for messages and help; may be NULL */
  const ingot_check_t *checks; /* the first num_entry_checks before a run; others by CHECK and BIND steps */
  uint32_t num_entry_checks;

  uint32_t num_bound_symbols; /* they stand in `symbols` and in the size table behind the first num_symbols */
  uint32_t num_stages;        /* later ones: stages[0] is stage 1 */
  uint32_t num_device_variants;
  const ingot_stage_t *stages;
  const uint32_t *size_stages; /* num_sizes of them; NULL when there are no later stages */

  uint32_t num_inputs, num_outputs, num_states, num_values;
  const ingot_io_t *inputs, *outputs;
  const ingot_state_desc_t *states;
  const ingot_value_t *values;

  uint32_t num_operands, num_steps, num_kernels, num_variants;
  const uint32_t *operands;
  const ingot_step_t *steps;
  const ingot_variant_t *variants;

  /* Weights: embedded (weights != NULL), or in a side file that the caller names at load time. */
  const void *weights;
  uint64_t weights_size;
  uint64_t weights_hash;    /* of the side file's contents, as stored in its header (see below) */
  const char *weights_file; /* default file name (no directory), or NULL when embedded */

  /* Only where num_device_variants is not 0: a program for the host alone ends before it, at INGOT_HOST_PROGRAM_BYTES.
   */
  const ingot_device_variant_t *device_variants;
} ingot_program_desc_t;
#define INGOT_HOST_PROGRAM_BYTES 224u

/* A side file is this header, padded to INGOT_WEIGHTS_HEADER bytes, followed by weights_size bytes. */
#define INGOT_WEIGHTS_MAGIC 0x3154485754474e49ull /* "INGTWHT1" */
#define INGOT_WEIGHTS_HEADER 4096u
typedef struct ingot_weights_header {
  uint64_t magic, size, hash;
} ingot_weights_header_t;

/* A variant of level "emulated" holds GPU kernels as code of the host, for tests without a GPU: its image is this. */
#define INGOT_EMULATED_MAGIC "ingot emulated\0"
typedef struct ingot_emulated_kernel {
  const char *name;
  void (*run)(void **parameters); /* one thread; pointers to the parameters */
  uint32_t num_parameters, shared_bytes;
  const uint32_t *parameter_bytes; /* of each; null: all have 8 */
} ingot_emulated_kernel_t;
typedef struct ingot_emulated_image {
  char magic[16]; /* INGOT_EMULATED_MAGIC */
  uint64_t num_kernels;
  const ingot_emulated_kernel_t *kernels;
} ingot_emulated_image_t;

#ifdef __cplusplus
}
#endif
#endif /* INGOT_ABI_H_ */
