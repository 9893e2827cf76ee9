// How many processors this process may use: the affinity mask, bounded by the CPU quota of its control group (version 2
// and version 1) and of every group above it. A container with half a machine must not start threads for all of it.
// Tests: tests/runtime/pool_test.cc.
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/src/pool.h"

namespace ingot::runtime {
namespace {

constexpr uint32_t kMaskWords = 1024;  // 65536 processors

uint32_t CpusFromAffinity() {
  static_assert(sizeof(unsigned long) == 8, "cpu masks are made of 64-bit words");
  unsigned long mask[kMaskWords] = {};
  uint32_t count = 0;
  if (sched_getaffinity(0, sizeof(mask), reinterpret_cast<cpu_set_t *>(mask)) == 0) {
    for (unsigned long word : mask) {
      for (; word != 0; word &= word - 1) ++count;  // GCC's popcount builtin would need libgcc
    }
  }
  return count == 0 ? 1 : count;
}

bool ReadLine(const char *path, char *line, int size) {
  FILE *file = fopen(path, "re");
  if (file == nullptr) return false;
  bool ok = fgets(line, size, file) != nullptr;
  fclose(file);
  return ok;
}

uint32_t CeilDivide(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return UINT32_MAX;
  long long cpus = (quota - 1) / period + 1;
  return cpus > 1 << 20 ? 1u << 20 : static_cast<uint32_t>(cpus);
}

// The quota of one group, UINT32_MAX for none. `group` is "" for the root, else "/a/b".
uint32_t GroupQuota(const char *root, bool v2, const char *group) {
  char path[2048], line[128];
  long long quota = 0, period = 0;
  if (v2) {
    snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s/cpu.max", root, group);
    if (!ReadLine(path, line, sizeof(line)) || sscanf(line, "%lld %lld", &quota, &period) != 2) return UINT32_MAX;
    return CeilDivide(quota, period);
  }
  snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", root, group);
  if (!ReadLine(path, line, sizeof(line)) || sscanf(line, "%lld", &quota) != 1) return UINT32_MAX;
  snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", root, group);
  if (!ReadLine(path, line, sizeof(line)) || sscanf(line, "%lld", &period) != 1) return UINT32_MAX;
  return CeilDivide(quota, period);
}

// The smallest quota of a group and of those above it; `group` is cut down to its root on the way.
uint32_t SmallestQuota(const char *root, bool v2, char *group) {
  uint32_t smallest = UINT32_MAX;
  for (;;) {
    char *slash = strrchr(group, '/');
    if (slash != nullptr && slash[1] == '\0') {
      *slash = '\0';
      continue;
    }
    uint32_t quota = GroupQuota(root, v2, group);
    if (quota < smallest) smallest = quota;
    if (slash == nullptr) return smallest;
    *slash = '\0';
  }
}

// Whether a comma-separated list of controllers holds "cpu".
bool NamesCpu(const char *list, const char *end) {
  while (list < end) {
    const char *comma = static_cast<const char *>(memchr(list, ',', static_cast<size_t>(end - list)));
    const char *stop = comma != nullptr ? comma : end;
    if (stop - list == 3 && memcmp(list, "cpu", 3) == 0) return true;
    list = stop + 1;
  }
  return false;
}

uint32_t CpusFromQuota(const char *root) {
  char path[1024], line[1536];
  snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
  FILE *file = fopen(path, "re");
  if (file == nullptr) return UINT32_MAX;
  uint32_t smallest = UINT32_MAX;
  // Lines are "number:controllers:path"; version 2 has no controllers.
  while (fgets(line, sizeof(line), file) != nullptr) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != nullptr ? strchr(controllers + 1, ':') : nullptr;
    if (group == nullptr) continue;
    if (strstr(group, "/..") != nullptr)
      snprintf(group, 3, ":/");  // outside our namespace: the root is all there is to see
    bool v2 = group == controllers + 1;
    if (!v2 && !NamesCpu(controllers + 1, group)) continue;
    uint32_t quota = SmallestQuota(root, v2, group + 1);
    if (quota < smallest) smallest = quota;
  }
  fclose(file);
  return smallest;
}

}  // namespace

uint32_t AvailableCpus(const char *root) {
  uint32_t cpus = CpusFromAffinity();
  uint32_t quota = CpusFromQuota(root);
  return quota < cpus ? quota : cpus;
}

}  // namespace ingot::runtime
