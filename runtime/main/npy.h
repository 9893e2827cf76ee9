// NumPy's .npy format, versions 1 to 3: little endian, C order, plain element types. What NumPy lacks: bf16 is written
// as u2 and read from that or from V2; 8-bit floats are written as V1 and read from that or from u1; i4 and u4 have a
// byte for each element, i1 or u1, and are read from V1 too. Files come from anywhere: every size is checked against
// the file's length before memory is taken. Tests: tests/runtime/npy_test.cc.
#ifndef INGOT_RUNTIME_MAIN_NPY_H_
#define INGOT_RUNTIME_MAIN_NPY_H_

#include <stdint.h>

#include "ingot/runtime.h"

namespace ingot::main_program {

// What a header says.
struct NpyHeader {
  uint32_t dtype;  // ingot_dtype_t
  uint32_t rank;
  int64_t dims[INGOT_MAX_RANK];
};

// An array read from a file; `device` and `inode` identify the file.
struct NpyArray {
  ingot_tensor_t tensor;  // data from posix_memalign: release with free
  uint64_t device, inode;
};

// Parses the header's dictionary. Returns NULL, or what is wrong with it.
const char *ParseNpyHeader(const char *text, size_t size, NpyHeader *header);

// Bytes of an array, false on overflow.
bool ArrayBytes(uint32_t dtype, uint32_t rank, const int64_t *dims, uint64_t *bytes);

// Reads a file, or prints an error that names it.
bool ReadNpy(const char *path, NpyArray *array);

// NumPy's name of what WriteNpy writes for an ingot_dtype_t: "f4".
const char *NpyCode(uint32_t dtype);

// Makes the array one of `dtype` where its elements stand for such: types that NumPy lacks. Else it stays. False when
// an element does not fit, with an error that names the file.
bool ReadAs(uint32_t dtype, const char *path, NpyArray *array);

// Writes DIRECTORY/FILE through a temporary name, or prints an error that names it; a failure leaves no file behind.
bool WriteNpy(const char *directory, const char *file, const ingot_tensor_t &tensor);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_NPY_H_
