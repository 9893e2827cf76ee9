// Streams and events: see driver.h. Work is done when it is submitted, so waiting checks only that one may wait.
#include <chrono>

#include "tests/gpu/emulator/driver.h"

namespace ingot::gpu_emulator {
namespace {

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

}  // namespace

Result Submit(const Entry &entry, Stream stream, Work work) {
  Driver &driver = TheDriver();
  if (stream == nullptr) {  // the legacy stream, which waits for all blocking ones
    for (const auto &[handle, object] : driver.objects) {
      const auto *other = dynamic_cast<StreamState *>(object.get());
      if (other == nullptr || other->capture == nullptr || other->non_blocking) continue;
      other->capture->invalid = true;
      return kCaptureImplicit;
    }
    work();
    return kSuccess;
  }
  auto *found = Find<StreamState>(entry, stream);
  if (found == nullptr) return kInvalidHandle;
  if (found->capture == nullptr) {
    work();
    return kSuccess;
  }
  if (found->capture->invalid) return kCaptureInvalidated;
  found->capture->work.push_back(std::move(work));
  return kSuccess;
}

extern "C" {

Result cuStreamCreate(Stream *stream, uint32_t flags) {
  DRIVER_ENTRY(Needs::kContext);
  if (stream == nullptr || (flags & ~kNonBlockingStream) != 0) return kInvalidValue;
  auto *made = Make<StreamState>(entry);
  made->non_blocking = flags == kNonBlockingStream;
  *stream = made;
  return kSuccess;
}

Result cuStreamDestroy_v2(Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  auto *found = Find<StreamState>(entry, stream);
  if (found == nullptr) return kInvalidHandle;
  driver.objects.erase(stream);
  return kSuccess;
}

Result cuStreamSynchronize(Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  if (stream == nullptr) return kSuccess;
  const auto *found = Find<StreamState>(entry, stream);
  if (found == nullptr) return kInvalidHandle;
  if (found->capture == nullptr) return kSuccess;
  found->capture->invalid = true;
  return kCaptureUnsupported;
}

Result cuEventCreate(Event *event, uint32_t flags) {
  DRIVER_ENTRY(Needs::kContext);
  if (event == nullptr || flags != 0) return kInvalidValue;
  *event = Make<EventState>(entry);
  return kSuccess;
}

Result cuEventRecord(Event event, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  auto *found = Find<EventState>(entry, event);
  auto *recorder = Find<StreamState>(entry, stream);
  if (found == nullptr || (recorder == nullptr && stream != nullptr)) return kInvalidHandle;
  if (recorder != nullptr && recorder->capture != nullptr) {
    if (recorder->capture->invalid) return kCaptureInvalidated;
    found->is_captured = true;
    return kSuccess;
  }
  found->is_captured = false;
  found->recorded = true;
  found->milliseconds = Now();
  return kSuccess;
}

Result cuEventSynchronize(Event event) {
  DRIVER_ENTRY(Needs::kContext);
  const auto *found = Find<EventState>(entry, event);
  if (found == nullptr) return kInvalidHandle;
  return found->is_captured ? kCapturedEvent : kSuccess;
}

Result cuEventElapsedTime(float *milliseconds, Event begin, Event end) {
  DRIVER_ENTRY(Needs::kContext);
  if (milliseconds == nullptr) return kInvalidValue;
  const auto *first = Find<EventState>(entry, begin), *second = Find<EventState>(entry, end);
  for (const EventState *found : {first, second}) {
    if (found == nullptr) return kInvalidHandle;
    if (found->is_captured) return kCapturedEvent;
    if (!found->recorded) return kInvalidHandle;
  }
  *milliseconds = static_cast<float>(second->milliseconds - first->milliseconds);
  return kSuccess;
}

Result cuEventDestroy_v2(Event event) {
  DRIVER_ENTRY(Needs::kContext);
  return Destroy<EventState>(entry, event);
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
