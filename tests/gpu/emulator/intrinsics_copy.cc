// cp.async: copies from global to shared memory that are done only when the thread waits for them, so that a wait which
// is missing shows as NaN. A copy that no group holds is one of the next group. Tested by
// tests/gpu/emulator_copy_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

void Finish(const std::vector<AsyncCopy> &copies) {
  for (const AsyncCopy &copy : copies) {
    memcpy(copy.to, copy.from, copy.from_bytes);
    memset(copy.to + copy.from_bytes, 0, copy.bytes - copy.from_bytes);
  }
}

void Issue(const char *name, char *to, const char *from, uint32_t bytes, uint32_t from_bytes) {
  Block &block = TheBlock();
  block.CheckShared(name, to, bytes, bytes);
  if (reinterpret_cast<uintptr_t>(from) % bytes != 0) {
    block.Fail(name, ": the source is not aligned to ", bytes, " bytes");
  }
  if (from_bytes > bytes) {
    block.Fail(name, ": reads ", from_bytes, " bytes to fill ", bytes);
  }
  block.Current().open_copies.push_back({to, from, bytes, from_bytes});
}

}  // namespace

#define COPY(name, bytes)                                                                         \
  LANE_INSTRUCTION(name, [](char *to, const char *from) { Issue(name, to, from, bytes, bytes); }) \
  LANE_INSTRUCTION(name ".s", [](char *to, const char *from, uint32_t from_bytes) {               \
    Issue(name ".s", to, from, bytes, from_bytes);                                                \
  })
COPY("cp.async.ca.shared.global.4", 4)
COPY("cp.async.ca.shared.global.8", 8)
COPY("cp.async.ca.shared.global.16", 16)
COPY("cp.async.cg.shared.global.16", 16)

INSTRUCTION("cp.async.commit.group") {
  Thread &thread = TheBlock().Current();
  thread.copy_groups.push_back(std::move(thread.open_copies));
  thread.open_copies.clear();
}

// All groups but the newest `pending` ones.
LANE_INSTRUCTION("cp.async.wait.group", [](uint32_t pending) {
  auto &groups = TheBlock().Current().copy_groups;
  if (groups.size() <= pending) return;
  const auto end = groups.end() - pending;
  for (auto group = groups.begin(); group != end; ++group) Finish(*group);
  groups.erase(groups.begin(), end);
})

INSTRUCTION("cp.async.wait.all") {
  Thread &thread = TheBlock().Current();
  for (const auto &group : thread.copy_groups) Finish(group);
  Finish(thread.open_copies);
  thread.copy_groups.clear();
  thread.open_copies.clear();
}

}  // namespace ingot::gpu_emulator
