// The driver's state, what every function does first, and what tests control: see driver.h and control.h.
#include "tests/gpu/emulator/driver.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/control.h"

namespace ingot::gpu_emulator {
namespace {

struct FunctionRecord {
  const char *name;
  int64_t calls = 0;
  int32_t calls_until_failure = -1;  // negative: it does not fail
  Result failure = kSuccess;
};

#define INGOT_RECORD(name, exported, parameters) {#exported},
FunctionRecord records[] = {INGOT_CUDA_FUNCTIONS(INGOT_RECORD) INGOT_CUDA_OTHER_FUNCTIONS(INGOT_RECORD)};
#undef INGOT_RECORD

FunctionRecord *FindRecord(const char *function) {
  for (FunctionRecord &record : records) {
    if (strcmp(record.name, function) == 0) return &record;
  }
  return nullptr;
}

// Marks this thread's capture invalid, if it has one.
bool BreakCapture(Driver *driver) {
  bool found = false;
  for (const auto &[handle, object] : driver->objects) {
    auto *stream = dynamic_cast<StreamState *>(object.get());
    if (stream == nullptr || stream->capture == nullptr) continue;
    if (stream->capture->thread != std::this_thread::get_id()) continue;
    stream->capture->invalid = true;
    found = true;
  }
  return found;
}

}  // namespace

Driver &TheDriver() {
  static Driver *const driver = new Driver;  // not destroyed: other libraries' destructors may call it
  return *driver;
}

std::vector<ContextState *> &ContextStack() {
  thread_local std::vector<ContextState *> stack;
  return stack;
}

Entry::Entry(const char *function, Needs needs) : guard_(TheDriver().lock) {
  Driver &driver = TheDriver();
  FunctionRecord *record = FindRecord(function);
  ++record->calls;
  if (record->calls_until_failure >= 0 && record->calls_until_failure-- == 0) {
    result = record->failure;
    return;
  }
  if (needs == Needs::kNothing) return;
  if (!driver.initialized) {
    result = kNotInitialized;
    return;
  }
  if (needs == Needs::kDriver) return;
  const auto &stack = ContextStack();
  if (stack.empty() || stack.back()->retained == 0) {
    result = kInvalidContext;
    return;
  }
  context = stack.back();
  if (context->death != kSuccess) {
    result = context->death;
  } else if (needs == Needs::kContextOutsideCapture && BreakCapture(&driver)) {
    result = kCaptureUnsupported;
  }
}

void Kill(ContextState *context, Result result, const std::string &why) {
  context->death = result;
  TheDriver().last_error = why;
}

}  // namespace ingot::gpu_emulator

using namespace ingot::gpu_emulator;

int32_t ingot_emulator_fail(const char *function, int32_t after_calls, int32_t result) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  if (function == nullptr) {
    for (FunctionRecord &record : records) record.calls_until_failure = -1;
    return 0;
  }
  FunctionRecord *record = FindRecord(function);
  if (record == nullptr || after_calls < 0) return 1;
  record->calls_until_failure = after_calls;
  record->failure = result;
  return 0;
}

int64_t ingot_emulator_calls(const char *function) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  const FunctionRecord *record = FindRecord(function);
  return record == nullptr ? -1 : record->calls;
}

int64_t ingot_emulator_live_allocations(void) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  return TheDriver().memory.NumAllocations();
}

int64_t ingot_emulator_live_objects(void) {
  Driver &driver = TheDriver();
  const std::lock_guard<std::mutex> guard(driver.lock);
  int64_t count = 0;
  for (const auto &[handle, object] : driver.objects) {
    if (dynamic_cast<FunctionState *>(object.get()) == nullptr) ++count;  // a function belongs to its module
  }
  for (const ContextState &context : driver.contexts) count += context.retained;
  return count;
}

void ingot_emulator_set_order(uint64_t seed) {
  Driver &driver = TheDriver();
  const std::lock_guard<std::mutex> guard(driver.lock);
  driver.order = seed;
  driver.num_launches = 0;
  driver.order_was_set = true;
}

void ingot_emulator_set_pools(int32_t has_pools) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  TheDriver().has_pools = has_pools != 0;
}

void ingot_emulator_set_memory(uint64_t bytes) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  TheDriver().device_bytes = bytes;
}

void ingot_emulator_kill(int32_t device, int32_t result) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  Kill(&TheDriver().contexts[device], result, "killed by a test");
}

void ingot_emulator_plant(int32_t bug, uint32_t number) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  PlantedBug &planted = TheBlock().bug;
  if (planted.kind != bug) planted = {};
  planted.kind = bug;
  planted.number = number;
}

uint32_t ingot_emulator_plantable(void) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  return TheBlock().bug.count;
}

void ingot_emulator_limit_blocks(uint32_t most) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  TheDriver().most_blocks = most;
}

const char *ingot_emulator_last_error(void) {
  const std::lock_guard<std::mutex> guard(TheDriver().lock);
  return TheDriver().last_error.c_str();
}
