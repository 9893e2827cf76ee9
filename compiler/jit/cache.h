// The JIT's cache: a private directory with one entry per key, and one lock per entry, so that processes that want one
// program compile it once. An entry that is damaged counts as none. No LLVM type here. Tests:
// tests/compiler/cache_test.cc.
//
//   KEY.program   a header (sizes, hash) and the object
//   KEY.weights   packed weights, mapped by the runtime; absent when the program has none
//   KEY.lock      empty; held (flock) shared while the entry is read, alone while it is made or removed
#ifndef INGOT_COMPILER_JIT_CACHE_H
#define INGOT_COMPILER_JIT_CACHE_H

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ingot/compile.h"
#include "kernels/manifest.h"

namespace ingot::compiler {

// A hash of this compiler, of the graph's structure, of all tensor data (so a changed side file is another key) and of
// the options.
std::string CacheKey(const Graph &graph, const CompileOptions &options, const ingot_kernel_library_t *library);

// "500M": bytes with an optional K, M, G or T (powers of 1024). InvalidArgument otherwise.
absl::StatusOr<uint64_t> ParseCacheLimit(const std::string &text);

class Cache {
 public:
  // $INGOT_CACHE_DIR, $XDG_CACHE_HOME/ingot or $HOME/.cache/ingot; "none" when nothing is set.
  static std::string DefaultDirectory();
  // Creates the directory where it is missing, with mode 0700. FailedPrecondition when others could write to it:
  // objects in it are executed. $INGOT_CACHE_LIMIT bounds its size; default 10G.
  static absl::StatusOr<Cache> Open(const std::string &directory);

  enum class Access { kRead, kWrite };
  class Entry;
  // Waits for the entry's lock.
  absl::StatusOr<Entry> Lock(const std::string &key, Access access) const;
  // Removes the entries that were not used for longest until the rest is within the limit. Entries in use stay.
  void Trim() const { Trim(limit_); }
  void Trim(uint64_t limit) const;

 private:
  Cache(std::string directory, uint64_t limit) : directory_(std::move(directory)), limit_(limit) {}
  std::string directory_;
  uint64_t limit_;
};

// One key, locked until this object goes away.
class Cache::Entry {
 public:
  Entry(Entry &&other) noexcept;
  Entry &operator=(Entry &&) = delete;
  ~Entry();

  // The object; nothing where there is none or it is damaged. Marks the entry as used.
  std::optional<std::string> Object() const;
  std::string WeightsPath() const { return path_ + ".weights"; }
  // Needs write access.
  absl::Status Store(const CompiledProgram &program) const;
  void Drop() const;

 private:
  friend class Cache;
  Entry(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;  // directory/key
  int lock_;
};

}  // namespace ingot::compiler
#endif
