// Opens, checks and maps a side file. The stored hash is compared with the description's, not computed again: reading
// every page would cost what mapping saves. A file that another process shortens later faults (SIGBUS) when it is read;
// runtime/main/bus_error.h is what our own programs do about it. Tests: tests/runtime/weights_test.cc.
#include "runtime/src/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/src/memory.h"

namespace ingot::runtime {
namespace {

// Compares the header with the description; `file_bytes` is the file's length.
int32_t CheckHeader(const ingot_program_desc_t *desc, const char *path, const ingot_weights_header_t &header,
                    uint64_t file_bytes, ingot_status_t *status) {
  if (header.magic != INGOT_WEIGHTS_MAGIC) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "weights file '%s' is not an ingot weights file: name the one written with program '%s'", path,
                desc->name);
  }
  if (header.size != desc->weights_size || header.hash != desc->weights_hash) {
    return Fail(
        status, INGOT_FAILED_PRECONDITION,
        "weights file '%s' belongs to another program (size %llu, hash %016llx; program '%s' has %llu, %016llx): "
        "use the file written by the same compilation",
        path, static_cast<unsigned long long>(header.size), static_cast<unsigned long long>(header.hash), desc->name,
        static_cast<unsigned long long>(desc->weights_size), static_cast<unsigned long long>(desc->weights_hash));
  }
  if (file_bytes < INGOT_WEIGHTS_HEADER + desc->weights_size) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "weights file '%s' is cut short: it has %llu bytes, %llu are needed; copy it again", path,
                static_cast<unsigned long long>(file_bytes),
                static_cast<unsigned long long>(INGOT_WEIGHTS_HEADER + desc->weights_size));
  }
  return INGOT_OK;
}

int32_t MapFile(const ingot_program_desc_t *desc, const char *path, int file, Mapping *mapping,
                ingot_status_t *status) {
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(status, INGOT_FAILED_PRECONDITION, "weights file '%s' is not a regular file", path);
  }
  uint64_t file_bytes = static_cast<uint64_t>(info.st_size);
  if (file_bytes < INGOT_WEIGHTS_HEADER) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "weights file '%s' is cut short: it has %llu bytes, its header alone has %u; copy it again", path,
                static_cast<unsigned long long>(file_bytes), INGOT_WEIGHTS_HEADER);
  }
  ingot_weights_header_t header;
  if (pread(file, &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header))) {
    return Fail(status, INGOT_FAILED_PRECONDITION, "cannot read weights file '%s': %s", path, strerror(errno));
  }
  int32_t code = CheckHeader(desc, path, header, file_bytes, status);
  if (code != INGOT_OK) return code;
  mapping->bytes = INGOT_WEIGHTS_HEADER + desc->weights_size;
  mapping->memory = mmap(nullptr, mapping->bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapping->memory == MAP_FAILED) {
    *mapping = {nullptr, 0};
    return Fail(status, INGOT_OUT_OF_MEMORY, "cannot map weights file '%s': %s", path, strerror(errno));
  }
  return INGOT_OK;
}

}  // namespace

int32_t MapWeights(const ingot_program_desc_t *desc, const char *path, Mapping *mapping, ingot_status_t *status) {
  // O_NONBLOCK: a named pipe must not hang the open.
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "cannot open weights file '%s' of program '%s': %s; give its path as weights_path (--weights on the "
                "command line)",
                path, desc->name, strerror(errno));
  }
  int32_t code = MapFile(desc, path, file, mapping, status);
  close(file);
  return code;
}

void Unmap(const Mapping &mapping) {
  if (mapping.memory != nullptr) munmap(mapping.memory, mapping.bytes);
}

}  // namespace ingot::runtime
