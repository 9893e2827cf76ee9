// Reads .npy files by hand: magic, version, a Python dictionary of three known keys, data. Whatever is not exactly that
// is refused with a message that says what to do in NumPy. Tests: tests/runtime/npy_test.cc.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/main/message.h"
#include "runtime/main/npy.h"
#include "runtime/src/elements.h"

namespace ingot::main_program {
namespace {

constexpr uint64_t kMaxHeader = 1 << 16;  // NumPy's own limit is 10000

struct TypeRow {
  const char *code;
  uint32_t dtype;
};
constexpr TypeRow kTypes[] = {
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) {npy, value},
#include "ingot/dtypes.inc"
};

// A position in the header's text.
struct Cursor {
  const char *at, *end;

  void SkipSpace() {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  }
  bool Take(char wanted) {
    SkipSpace();
    if (at == end || *at != wanted) return false;
    ++at;
    return true;
  }
  bool TakeWord(const char *word) {
    SkipSpace();
    size_t size = strlen(word);
    if (static_cast<size_t>(end - at) < size || memcmp(at, word, size) != 0) return false;
    at += size;
    return true;
  }
  // A quoted string without escapes.
  bool TakeString(char *text, size_t capacity) {
    SkipSpace();
    if (at == end || (*at != '\'' && *at != '"')) return false;
    char quote = *at++;
    size_t used = 0;
    while (at < end && *at != quote) {
      if (used + 1 == capacity) return false;
      text[used++] = *at++;
    }
    text[used] = '\0';
    return Take(quote);
  }
  bool TakeNumber(int64_t *number) {
    SkipSpace();
    const char *begin = at;
    *number = 0;
    while (at < end && *at >= '0' && *at <= '9') {
      if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, *at - '0', number))
        return false;
      ++at;
    }
    return at != begin;
  }
};

const char *ParseType(Cursor *cursor, NpyHeader *header) {
  char text[16];
  if (!cursor->TakeString(text, sizeof(text)))
    return "its element type is not a plain one: use float, integer or bool arrays";
  if (text[0] == '>') return "it is big endian: save it with .astype(a.dtype.newbyteorder('<'))";
  const char *code = text[0] == '<' || text[0] == '|' || text[0] == '=' ? text + 1 : text;
  if (strcmp(code, "f1") == 0) {  // as ml_dtypes calls it
    header->dtype = INGOT_F8E5M2;
    return nullptr;
  }
  for (const TypeRow &row : kTypes) {
    if (strcmp(row.code, code) == 0) {
      header->dtype = row.dtype;
      return nullptr;
    }
  }
  return "its element type is not supported: use f8 f4 f2 c8 V2 (bf16) V1 (8-bit floats) i8 i4 i2 i1 u8 u4 u2 u1 or b1";
}

const char *ParseShape(Cursor *cursor, NpyHeader *header) {
  if (!cursor->Take('(')) return "its shape is not a tuple";
  header->rank = 0;
  while (!cursor->Take(')')) {
    if (header->rank == INGOT_MAX_RANK) return "it has more than 8 dims";
    if (!cursor->TakeNumber(&header->dims[header->rank])) return "its shape holds something else than sizes";
    ++header->rank;
    if (cursor->Take(',')) continue;
    if (!cursor->Take(')')) return "its shape is malformed";
    break;
  }
  return nullptr;
}

uint64_t ReadLittleEndian(const unsigned char *bytes, int count) {
  uint64_t number = 0;
  for (int i = count - 1; i >= 0; --i) number = number << 8 | bytes[i];
  return number;
}

// Reads exactly `bytes`; false at the end of the file or on an error.
bool ReadFully(int file, void *target, uint64_t bytes) {
  auto *at = static_cast<char *>(target);
  while (bytes != 0) {
    ssize_t got = read(file, at, bytes < (1u << 30) ? bytes : (1u << 30));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<uint64_t>(got);
  }
  return true;
}

// Reads everything up to the data; `data_bytes` is what the file has left. Returns NULL, or what is wrong.
const char *ReadHeader(int file, uint64_t file_bytes, NpyHeader *header, uint64_t *data_bytes) {
  unsigned char fixed[12];
  if (file_bytes < 10 || !ReadFully(file, fixed, 10)) return "it is too short for an .npy file";
  if (memcmp(fixed, "\x93NUMPY", 6) != 0) return "it is not an .npy file (wrong magic): save it with numpy.save";
  if (fixed[6] < 1 || fixed[6] > 3 || fixed[7] != 0) return "its .npy version is unknown: 1, 2 and 3 are read";
  uint64_t start = 10, size = ReadLittleEndian(fixed + 8, 2);
  if (fixed[6] > 1) {
    if (file_bytes < 12 || !ReadFully(file, fixed + 10, 2)) return "it is cut short in its header";
    start = 12;
    size = ReadLittleEndian(fixed + 8, 4);
  }
  if (size > kMaxHeader) return "its header is too long";
  if (size > file_bytes - start) return "it is cut short in its header";
  auto *text = static_cast<char *>(malloc(size + 1));
  if (text == nullptr) return "there is no memory for its header";
  const char *problem = ReadFully(file, text, size) ? ParseNpyHeader(text, size, header) : "its header cannot be read";
  free(text);
  *data_bytes = file_bytes - start - size;
  return problem;
}

bool ReadOpened(const char *path, int file, NpyArray *array) {
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
    return Error("cannot read '%s': it is not a regular file", path);
  NpyHeader header = {};
  uint64_t present = 0, needed = 0;
  const char *problem = ReadHeader(file, static_cast<uint64_t>(info.st_size), &header, &present);
  if (problem != nullptr) return Error("cannot read '%s': %s", path, problem);
  if (!ArrayBytes(header.dtype, header.rank, header.dims, &needed))
    return Error("cannot read '%s': its shape is absurdly large", path);
  if (present != needed) {
    return Error("cannot read '%s': its shape needs %llu bytes of data, it has %llu%s", path,
                 static_cast<unsigned long long>(needed), static_cast<unsigned long long>(present),
                 present < needed ? " (cut short)" : "");
  }
  void *data = AllocateOrExplain(needed, path);
  if (data == nullptr) return false;
  bool ok = ReadFully(file, data, needed) ||
            Error("cannot read '%s': %s", path, errno != 0 ? strerror(errno) : "it became shorter");
  for (uint64_t i = 0; ok && header.dtype == INGOT_BOOL && i < needed; ++i) {
    if (static_cast<unsigned char *>(data)[i] > 1) ok = Error("cannot read '%s': a boolean is neither 0 nor 1", path);
  }
  if (!ok) {
    free(data);
    return false;
  }
  array->tensor = {data, needed, header.dtype, header.rank, {}};
  memcpy(array->tensor.dims, header.dims, sizeof(header.dims));
  array->device = static_cast<uint64_t>(info.st_dev);
  array->inode = static_cast<uint64_t>(info.st_ino);
  return true;
}

}  // namespace

const char *ParseNpyHeader(const char *text, size_t size, NpyHeader *header) {
  constexpr const char *kMalformed = "its header is malformed";
  Cursor cursor{text, text + size};
  bool has_type = false, has_order = false, has_shape = false;
  if (!cursor.Take('{')) return kMalformed;
  while (!cursor.Take('}')) {
    char key[32];
    if (!cursor.TakeString(key, sizeof(key)) || !cursor.Take(':')) return kMalformed;
    const char *problem = nullptr;
    if (strcmp(key, "descr") == 0 && !has_type) {
      has_type = true;
      problem = ParseType(&cursor, header);
    } else if (strcmp(key, "fortran_order") == 0 && !has_order) {
      has_order = true;
      if (cursor.TakeWord("True")) return "it is in Fortran order: save numpy.ascontiguousarray(a)";
      if (!cursor.TakeWord("False")) problem = kMalformed;
    } else if (strcmp(key, "shape") == 0 && !has_shape) {
      has_shape = true;
      problem = ParseShape(&cursor, header);
    } else {
      problem = kMalformed;
    }
    if (problem != nullptr) return problem;
    if (cursor.Take(',')) continue;
    if (!cursor.Take('}')) return kMalformed;
    break;
  }
  cursor.SkipSpace();
  return has_type && has_order && has_shape && cursor.at == cursor.end ? nullptr : kMalformed;
}

bool ArrayBytes(uint32_t dtype, uint32_t rank, const int64_t *dims, uint64_t *bytes) {
  int64_t count = 1, needed = 0;
  bool empty = false, overflow = false;
  for (uint32_t d = 0; d < rank; ++d) {
    empty = empty || dims[d] == 0;
    overflow = __builtin_mul_overflow(count, dims[d], &count) || overflow;
  }
  overflow = overflow || !runtime::BytesOfElements(runtime::DtypeBits(dtype), count, &needed);
  *bytes = empty || overflow ? 0 : static_cast<uint64_t>(needed);
  return empty || !overflow;
}

bool ReadAs(uint32_t dtype, const char *path, NpyArray *array) {
  ingot_tensor_t &tensor = array->tensor;
  uint32_t from = tensor.dtype;
  bool is_plain = from == INGOT_F8E4M3;  // V1: nobody's number
  bool same_bits = (dtype == INGOT_BF16 && from == INGOT_U16) ||
                   ((dtype == INGOT_F8E4M3 || dtype == INGOT_F8E5M2) && (is_plain || from == INGOT_U8));
  if (same_bits) tensor.dtype = dtype;
  if (runtime::DtypeBits(dtype) != 4 || !(is_plain || from == (dtype == INGOT_I4 ? INGOT_I8 : INGOT_U8))) return true;
  // In place: two bytes become one.
  auto *bytes = static_cast<unsigned char *>(tensor.data);
  for (uint64_t i = 0; i < tensor.bytes; ++i) {
    int value = dtype == INGOT_I4 ? static_cast<signed char>(bytes[i]) : bytes[i];
    if (!is_plain && (value < (dtype == INGOT_I4 ? -8 : 0) || value > (dtype == INGOT_I4 ? 7 : 15)))
      return Error("cannot read '%s': it holds %d, which is no %s: clip it", path, value, ingot_dtype_name(dtype));
    unsigned char half = bytes[i] & 15;
    bytes[i / 2] = i % 2 == 0 ? half : static_cast<unsigned char>(bytes[i / 2] | half << 4);
  }
  tensor.dtype = dtype;
  tensor.bytes = (tensor.bytes + 1) / 2;
  return true;
}

bool ReadNpy(const char *path, NpyArray *array) {
  // O_NONBLOCK: a named pipe must not hang the open.
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Error("cannot open '%s': %s", path, strerror(errno));
  errno = 0;
  bool ok = ReadOpened(path, file, array);
  close(file);
  return ok;
}

}  // namespace ingot::main_program
