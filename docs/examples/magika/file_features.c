/* See file_features.h. Test: tests/peers/magika_agreement.py (edge cases around empty, tiny, all-blank and block-sized
 * files included). */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include "file_features.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_space(int byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

size_t magika_utf8_length(const unsigned char *text, size_t size) {
  if (size == 0) return 0;
  const unsigned lead = text[0];
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || size < length) return 0;
  /* The second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF. */
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (text[1] < low || text[1] > high) return 0;
  for (size_t i = 2; i < length; ++i)
    if ((text[i] & 0xC0) != 0x80) return 0;
  return length;
}

static int is_utf8(const unsigned char *text, size_t size) {
  while (size > 0) {
    const size_t length = magika_utf8_length(text, size);
    if (length == 0) return 0;
    text += length;
    size -= length;
  }
  return 1;
}

/* Reads exactly `size` bytes; 0, or -1 with errno (EIO when the file shrank meanwhile). */
static int read_at(int fd, off_t offset, unsigned char *buffer, size_t size) {
  while (size > 0) {
    const ssize_t got = pread(fd, buffer, size, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = EIO;
      return -1;
    }
    buffer += got;
    offset += got;
    size -= (size_t)got;
  }
  return 0;
}

/* Leading blanks dropped, cut or padded on the right. */
static void fill_begin(const unsigned char *block, size_t size, int32_t *out) {
  size_t first = 0;
  while (first < size && is_space(block[first])) ++first;
  for (size_t i = 0; i < MAGIKA_BEGIN_SIZE; ++i) out[i] = first + i < size ? block[first + i] : MAGIKA_PADDING;
}

/* Trailing blanks dropped, cut or padded on the left. */
static void fill_end(const unsigned char *block, size_t size, int32_t *out) {
  while (size > 0 && is_space(block[size - 1])) --size;
  for (size_t i = 0; i < MAGIKA_END_SIZE; ++i)
    out[MAGIKA_END_SIZE - 1 - i] = i < size ? block[size - 1 - i] : MAGIKA_PADDING;
}

static magika_outcome_t examine_regular(int fd, size_t file_size, int32_t *features, const magika_type_t **type) {
  unsigned char block[MAGIKA_BLOCK_SIZE];
  const size_t size = file_size < MAGIKA_BLOCK_SIZE ? file_size : MAGIKA_BLOCK_SIZE;
  if (size == 0) {
    *type = &magika_empty;
    return MAGIKA_KNOWN;
  }
  if (read_at(fd, 0, block, size) != 0) return MAGIKA_READ_ERROR;
  fill_begin(block, size, features);
  /* Too short for the model, from the start or once blanks are gone: text if the first block is UTF-8. */
  if (file_size < MAGIKA_MIN_FILE_SIZE || features[MAGIKA_MIN_FILE_SIZE - 1] == MAGIKA_PADDING) {
    *type = is_utf8(block, size) ? &magika_txt : &magika_unknown;
    return MAGIKA_KNOWN;
  }
  if (file_size > size && read_at(fd, (off_t)(file_size - size), block, size) != 0) return MAGIKA_READ_ERROR;
  fill_end(block, size, features + MAGIKA_BEGIN_SIZE);
  return MAGIKA_ASK_MODEL;
}

static magika_outcome_t outcome_of_errno(void) {
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return MAGIKA_NOT_FOUND;
    case EACCES:
      return MAGIKA_NO_PERMISSION;
    default:
      return MAGIKA_READ_ERROR;
  }
}

magika_outcome_t magika_examine(const char *path, int follow_links, int32_t *features, const magika_type_t **type) {
  struct stat info;
  if (!follow_links && lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
    *type = &magika_symlink;
    return MAGIKA_KNOWN;
  }
  if (stat(path, &info) != 0) return outcome_of_errno();
  if (!S_ISREG(info.st_mode)) { /* never opened: a pipe would block */
    *type = S_ISDIR(info.st_mode) ? &magika_directory : &magika_unknown;
    return MAGIKA_KNOWN;
  }
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return outcome_of_errno();
  magika_outcome_t outcome = MAGIKA_READ_ERROR;
  if (fstat(fd, &info) == 0) outcome = examine_regular(fd, (size_t)info.st_size, features, type);
  const int error = errno;
  close(fd);
  errno = error;
  return outcome;
}
