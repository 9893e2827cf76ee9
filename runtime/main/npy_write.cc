// Writes .npy files: version 1.0, header padded so that data starts at a multiple of 64 bytes, as numpy.save does.
// A reader never sees half a file: data goes to a temporary name that is renamed at the end. Tests:
// tests/runtime/npy_test.cc.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/main/message.h"
#include "runtime/main/npy.h"

namespace ingot::main_program {
namespace {

// By ingot_dtype_t.
constexpr const char *kCodes[] = {
    "",
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) npy,
#include "ingot/dtypes.inc"
};

constexpr size_t kPrefix = 10;      // magic, version, length
constexpr size_t kMaxHeader = 320;  // 8 dims of 19 digits, and the rest

// Fills in the whole header; returns its length, a multiple of 64.
size_t FormatHeader(const ingot_tensor_t &tensor, char *header) {
  char *text = header + kPrefix;
  const char *code = NpyCode(tensor.dtype);
  char order = ingot_dtype_size(tensor.dtype) > 1 ? '<' : '|';
  size_t capacity = kMaxHeader - kPrefix;
  size_t used = static_cast<size_t>(
      snprintf(text, capacity, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, code));
  for (uint32_t d = 0; d < tensor.rank; ++d) {
    const char *after = tensor.rank == 1 ? "," : d + 1 < tensor.rank ? ", " : "";
    used += static_cast<size_t>(
        snprintf(text + used, capacity - used, "%lld%s", static_cast<long long>(tensor.dims[d]), after));
  }
  used += static_cast<size_t>(snprintf(text + used, capacity - used, "), }"));
  size_t total = (kPrefix + used + 1 + 63) / 64 * 64;
  memset(text + used, ' ', total - kPrefix - used);
  header[total - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01", 8);  // the string's own end is the minor version
  header[8] = static_cast<char>((total - kPrefix) & 0xff);
  header[9] = static_cast<char>((total - kPrefix) >> 8);
  return total;
}

bool WriteFully(int file, const void *source, uint64_t bytes) {
  auto *at = static_cast<const char *>(source);
  while (bytes != 0) {
    ssize_t put = write(file, at, bytes < (1u << 30) ? bytes : (1u << 30));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    bytes -= static_cast<uint64_t>(put);
  }
  return true;
}

// Elements of 4 bits, as a byte each.
bool WriteHalfBytes(int file, const ingot_tensor_t &tensor) {
  auto *from = static_cast<const unsigned char *>(tensor.data);
  uint64_t count = 1;
  for (uint32_t d = 0; d < tensor.rank; ++d) count *= static_cast<uint64_t>(tensor.dims[d]);
  char piece[4096];
  for (uint64_t begin = 0; begin < count; begin += sizeof(piece)) {
    uint64_t size = count - begin < sizeof(piece) ? count - begin : sizeof(piece);
    for (uint64_t i = 0; i < size; ++i) {
      int half = from[(begin + i) / 2] >> ((begin + i) % 2 * 4) & 15;
      piece[i] = static_cast<char>(tensor.dtype == INGOT_I4 ? (half ^ 8) - 8 : half);
    }
    if (!WriteFully(file, piece, size)) return false;
  }
  return true;
}

}  // namespace

const char *NpyCode(uint32_t dtype) { return dtype == INGOT_BF16 ? kCodes[INGOT_U16] : kCodes[dtype]; }

bool WriteNpy(const char *directory, const char *file, const ingot_tensor_t &tensor) {
  char path[4096], temporary[4096];
  int length = snprintf(path, sizeof(path), "%s/%s", directory, file);
  int longer = snprintf(temporary, sizeof(temporary), "%s/.%s.%ld.tmp", directory, file, static_cast<long>(getpid()));
  if (length < 0 || longer < 0 || longer >= static_cast<int>(sizeof(temporary)))
    return Error("cannot write '%s': the path is too long", file);
  int target = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (target < 0) return Error("cannot write '%s': %s", path, strerror(errno));
  char header[kMaxHeader];
  size_t header_bytes = FormatHeader(tensor, header);
  uint64_t bytes = 0;
  bool ok = ArrayBytes(tensor.dtype, tensor.rank, tensor.dims, &bytes) && WriteFully(target, header, header_bytes) &&
            (tensor.dtype == INGOT_I4 || tensor.dtype == INGOT_U4 ? WriteHalfBytes(target, tensor)
                                                                  : WriteFully(target, tensor.data, bytes));
  int error = errno;
  if (close(target) != 0 && ok) {
    ok = false;
    error = errno;
  }
  if (ok && rename(temporary, path) != 0) {
    ok = false;
    error = errno;
  }
  if (ok) return true;
  unlink(temporary);
  return Error("cannot write '%s': %s", path, strerror(error));
}

}  // namespace ingot::main_program
