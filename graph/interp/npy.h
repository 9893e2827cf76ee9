// NumPy's .npy files as tensors. Reading maps the file, so a hostile header costs nothing: every size is checked
// against the bytes that are there.
//
// NumPy has no bfloat16: it is written as the opaque type |V2, which reads back as bf16. A program that keeps bfloat16
// bits as u2 says so with `wanted`. Tests: tests/graph/interp/interp_npy_test.cc.
#ifndef INGOT_GRAPH_INTERP_NPY_H_
#define INGOT_GRAPH_INTERP_NPY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ingot/tensor.h"

namespace ingot {

// Versions 1 to 3, little-endian, both element orders. NumPy lacks some types, which are `wanted` then: bf16 is read
// from u2, 8-bit floats from V1 and u1, i4 and u4 from a byte for each element (i1 or u1 in range, or the low half of
// V1). Nothing else is converted, and the caller compares dtypes. NotFound, or InvalidArgument that names the file and
// what to save instead.
absl::StatusOr<Tensor> ReadNpy(const std::string &path, DType wanted = DType::kInvalid);

// 8-bit floats are written as V1, i4 and u4 as a byte for each element. Replaces PATH by way of a temporary file and a
// rename.
absl::Status WriteNpy(const std::string &path, const Tensor &tensor);

// The part before the elements. Parsing knows no file, so that it can be tested and fuzzed alone.
struct NpyHeader {
  DType dtype = DType::kInvalid;
  bool column_major = false;
  std::vector<int64_t> dims;
  size_t size = 0;  // bytes before the first element
};
// Reads the header at the front of `file` and checks that exactly its elements follow.
absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view file);
std::string MakeNpyHeader(DType dtype, const std::vector<int64_t> &dims);
// What follows the header.
void AppendNpyElements(const Tensor &tensor, std::string *file);

}  // namespace ingot
#endif  // INGOT_GRAPH_INTERP_NPY_H_
