#include "compiler/jit/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/api/compiled_program.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "llvm/Support/xxhash.h"

namespace ingot::compiler {
namespace {

constexpr uint64_t kDefaultLimit = uint64_t{10} << 30;
constexpr time_t kStale = 24 * 3600;  // a temporary file this old belongs to a process that was killed

// The beginning of KEY.program.
struct Header {
  char magic[8] = {'I', 'N', 'G', 'O', 'T', 'J', 'I', 'T'};
  uint64_t object_bytes = 0, object_hash = 0;
  uint64_t weights_file_bytes = 0;  // 0: no such file
};

uint64_t HashOf(std::string_view bytes) { return llvm::xxh3_64bits(llvm::StringRef(bytes.data(), bytes.size())); }

uint64_t FileBytes(const std::string &path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
}

// Opens and locks KEY.lock; -1 and errno when that fails. Whoever removes an entry removes the file too: then it is
// made again.
int LockFile(const std::string &path, int operation) {
  for (;;) {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    int result;
    do result = flock(fd, operation);
    while (result != 0 && errno == EINTR);
    struct stat held, named;
    if (result == 0 && fstat(fd, &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
        held.st_ino == named.st_ino)
      return fd;
    int error = errno;
    close(fd);
    errno = error;
    if (result != 0) return -1;
  }
}

struct Usage {
  uint64_t bytes = 0;
  int64_t used = 0;  // nanoseconds; 0: never, only a lock is there
};

bool IsKey(const std::string &name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What the entries of a directory take. Removes what killed processes have left.
std::map<std::string, Usage> Measure(const std::string &directory) {
  std::map<std::string, Usage> entries;
  std::error_code error;
  for (const auto &file : std::filesystem::directory_iterator(directory, error)) {
    struct stat info;
    std::string name = file.path().filename().string(), key = name.substr(0, name.find('.'));
    if (lstat(file.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (name.rfind(".ingot-", 0) == 0 && info.st_mtime + kStale < std::time(nullptr)) unlink(file.path().c_str());
    if (!IsKey(key)) continue;
    Usage &usage = entries[key];
    usage.bytes += static_cast<uint64_t>(info.st_size);
    if (name != key + ".lock")
      usage.used = std::max(usage.used, int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec);
  }
  return entries;
}

}  // namespace

absl::StatusOr<uint64_t> ParseCacheLimit(const std::string &text) {
  const std::string suffixes = "KMGT";
  size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  size_t power = digits + 1 == text.size() ? suffixes.find(text[digits]) + 1 : 0;
  bool well_formed = digits > 0 && digits < 19 && (digits == text.size() || (digits + 1 == text.size() && power > 0));
  uint64_t limit = 0;
  if (!well_formed ||
      __builtin_mul_overflow(std::strtoull(text.c_str(), nullptr, 10), uint64_t{1} << (10 * power), &limit))
    return absl::InvalidArgumentError(absl::StrCat(
        "the cache limit '", text, "' (INGOT_CACHE_LIMIT) is no size; give bytes, with K, M, G or T if you like: 10G"));
  return limit;
}

std::string Cache::DefaultDirectory() {
  if (const char *own = std::getenv("INGOT_CACHE_DIR"); own && *own) return own;
  if (const char *xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg) return absl::StrCat(xdg, "/ingot");
  if (const char *home = std::getenv("HOME"); home && *home) return absl::StrCat(home, "/.cache/ingot");
  return "none";
}

absl::StatusOr<Cache> Cache::Open(const std::string &directory) {
  uint64_t limit = kDefaultLimit;
  if (const char *given = std::getenv("INGOT_CACHE_LIMIT"); given && *given) {
    absl::StatusOr<uint64_t> parsed = ParseCacheLimit(given);
    if (!parsed.ok()) return parsed.status();
    limit = *parsed;
  }
  for (size_t slash = directory.find('/', 1); slash != std::string::npos; slash = directory.find('/', slash + 1))
    mkdir(directory.substr(0, slash).c_str(), 0700);
  mkdir(directory.c_str(), 0700);
  struct stat info;
  if (lstat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return absl::FailedPreconditionError(
        absl::StrCat("cannot create the cache directory '", directory, "'; set INGOT_CACHE_DIR to a folder of yours"));
  if (info.st_uid != geteuid() || (info.st_mode & 077) != 0)
    return absl::FailedPreconditionError(
        absl::StrCat("the cache directory '", directory,
                     "' belongs to or is open to others; run chmod 700 on it, or set INGOT_CACHE_DIR"));
  return Cache(directory, limit);
}

absl::StatusOr<Cache::Entry> Cache::Lock(const std::string &key, Access access) const {
  std::string path = absl::StrCat(directory_, "/", key);
  int fd = LockFile(path + ".lock", access == Access::kRead ? LOCK_SH : LOCK_EX);
  if (fd < 0)
    return absl::FailedPreconditionError(absl::StrCat("cannot lock '", path, ".lock': ", std::strerror(errno),
                                                      "; set INGOT_CACHE_DIR to a folder on a local disk"));
  return Entry(std::move(path), fd);
}

void Cache::Trim(uint64_t limit) const {
  std::map<std::string, Usage> entries = Measure(directory_);
  uint64_t total = 0;
  std::vector<std::pair<int64_t, std::string>> oldest;
  for (const auto &[key, usage] : entries) {
    total += usage.bytes;
    oldest.emplace_back(usage.used, key);
  }
  std::sort(oldest.begin(), oldest.end());
  for (const auto &[used, key] : oldest) {
    if (total <= limit && used != 0) break;
    std::string path = absl::StrCat(directory_, "/", key);
    int fd = LockFile(path + ".lock", LOCK_EX | LOCK_NB);
    if (fd < 0) continue;
    Entry entry(path, fd);
    entry.Drop();
    unlink((path + ".lock").c_str());
    total -= entries[key].bytes;
  }
}

Cache::Entry::Entry(Entry &&other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

Cache::Entry::~Entry() {
  if (lock_ >= 0) close(lock_);
}

std::optional<std::string> Cache::Entry::Object() const {
  std::string path = path_ + ".program";
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  Header header;
  if (!file.ok() || (*file)->size() < sizeof(header)) return std::nullopt;
  std::string_view bytes = (*file)->view(), object = bytes.substr(sizeof(header));
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, Header().magic, sizeof(header.magic)) != 0 || header.object_bytes != object.size() ||
      header.object_hash != HashOf(object))
    return std::nullopt;
  if (header.weights_file_bytes != FileBytes(WeightsPath())) return std::nullopt;
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // now
  return std::string(object);
}

absl::Status Cache::Entry::Store(const CompiledProgram &program) const {
  const std::string &object = program.impl->object;
  std::vector<AtomicFile> files;
  Header header;
  Drop();
  if (!program.impl->embed_weights) {
    absl::StatusOr<AtomicFile> weights = AtomicFile::Create(WeightsPath());
    absl::Status status = weights.ok() ? AppendWeightsFile(program, *weights) : weights.status();
    if (!status.ok()) return status;
    header.weights_file_bytes = weights->size();
    files.push_back(*std::move(weights));
  }
  header.object_bytes = object.size();
  header.object_hash = HashOf(object);
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(path_ + ".program");
  absl::Status status =
      file.ok() ? file->Append({reinterpret_cast<const char *>(&header), sizeof(header)}) : file.status();
  if (status.ok()) status = file->Append(object);
  if (!status.ok()) return status;
  files.push_back(*std::move(file));
  return Commit(std::move(files), Durability::kSync);
}

void Cache::Entry::Drop() const {
  for (const char *suffix : {".program", ".weights", ".o"})  // .o: of earlier versions
    unlink((path_ + suffix).c_str());
}

}  // namespace ingot::compiler
