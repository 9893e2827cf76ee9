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

void Issue(const char *name, char *to, const char *from, uint32_t bytes, uint32_t from_bytes, const void *place) {
  Block &block = TheBlock();
  // Ahead of every allocation there are bytes that may be read.
  if (block.HasBug(INGOT_EMULATOR_WRONG_COPY, place)) from -= bytes;
  block.CheckShared(name, to, bytes, bytes);
  if (reinterpret_cast<uintptr_t>(from) % bytes != 0) {
    block.Fail(name, ": the source is not aligned to ", bytes, " bytes");
  }
  if (from_bytes > bytes) {
    block.Fail(name, ": reads ", from_bytes, " bytes to fill ", bytes);
  }
  block.CheckTouched(from, from_bytes);
  block.Current().open_copies.push_back({to, from, bytes, from_bytes});
}

}  // namespace

#define COPY(name, bytes)                                                                                 \
  INSTRUCTION(name) {                                                                                     \
    Issue(name, Operand<char *>(arguments, 0), Operand<char *>(arguments, 8), bytes, bytes, INGOT_PLACE); \
  }                                                                                                       \
  INSTRUCTION(name ".s") {                                                                                \
    Issue(name ".s", Operand<char *>(arguments, 0), Operand<char *>(arguments, 8), bytes,                 \
          Operand<uint32_t>(arguments, 16), INGOT_PLACE);                                                 \
  }
COPY("cp.async.ca.shared.global.4", 4)
COPY("cp.async.ca.shared.global.8", 8)
COPY("cp.async.ca.shared.global.16", 16)
COPY("cp.async.cg.shared.global.16", 16)

INSTRUCTION("cp.async.commit.group") {
  Thread &thread = TheBlock().Current();
  const bool is_empty = thread.open_copies.empty();
  if (!is_empty && TheBlock().bug.Is(INGOT_EMULATOR_NO_COPY_GROUP, thread.num_groups++)) thread.open_copies.clear();
  thread.copy_groups.push_back(std::move(thread.open_copies));
  thread.open_copies.clear();
}

// All groups but the newest `pending` ones.
INSTRUCTION("cp.async.wait.group") {
  if (TheBlock().HasBug(INGOT_EMULATOR_NO_WAIT, INGOT_PLACE)) return;
  auto pending = Operand<uint32_t>(arguments, 0);
  if (TheBlock().HasBug(INGOT_EMULATOR_SHORT_WAIT, INGOT_PLACE)) ++pending;
  auto &groups = TheBlock().Current().copy_groups;
  if (groups.size() <= pending) return;
  const auto end = groups.end() - pending;
  for (auto group = groups.begin(); group != end; ++group) Finish(*group);
  groups.erase(groups.begin(), end);
}

INSTRUCTION("cp.async.wait.all") {
  Thread &thread = TheBlock().Current();
  for (const auto &group : thread.copy_groups) Finish(group);
  Finish(thread.open_copies);
  thread.copy_groups.clear();
  thread.open_copies.clear();
}

}  // namespace ingot::gpu_emulator
