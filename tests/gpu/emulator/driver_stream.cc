// Streams and events: see driver.h. Work is done when it is submitted, so waiting checks only that one may wait.
#include <chrono>

#include "tests/gpu/emulator/driver.h"

namespace ingot::gpu_emulator {
namespace {

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// The capture with this id that has not ended, or null.
Capture *FindCapture(uint64_t id) {
  for (const auto &[handle, object] : TheDriver().objects) {
    const auto *stream = dynamic_cast<StreamState *>(object.get());
    if (stream != nullptr && stream->own_capture != nullptr && stream->own_capture->id == id) {
      return stream->own_capture.get();
    }
  }
  return nullptr;
}

// The stream in which `event` was recorded, if it still exists.
StreamState *FindRecorder(const EventState &event) {
  const auto found = TheDriver().objects.find(event.stream);
  return found == TheDriver().objects.end() ? nullptr : dynamic_cast<StreamState *>(found->second.get());
}

Result JoinCapture(StreamState *stream, const EventState &event) {
  Capture *capture = event.capture == 0 ? nullptr : FindCapture(event.capture);
  if (capture == nullptr) {
    if (stream->capture == nullptr || !event.recorded) return kSuccess;
    stream->capture->invalid = true;
    return kCaptureIsolation;
  }
  if (stream->capture != nullptr && stream->capture != capture) {
    stream->capture->invalid = capture->invalid = true;
    return kCaptureMerge;
  }
  if (stream->capture == nullptr) {
    stream->capture = capture;
    stream->position = 0;
    stream->joined = false;
  } else {
    StreamState *recorder = FindRecorder(event);
    if (recorder != nullptr && recorder != stream && recorder->position == event.position) recorder->joined = true;
    // The stream has more to tell now than its older events say.
    ++stream->position;
    stream->joined = capture->origin == stream;
  }
  return kSuccess;
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
  ++found->position;
  found->joined = found->capture->origin == found;
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
  if (found->capture != nullptr) found->capture->invalid = true;
  if (found->own_capture != nullptr) {
    for (const auto &[handle, object] : driver.objects) {
      auto *other = dynamic_cast<StreamState *>(object.get());
      if (other != nullptr && other->capture == found->own_capture.get()) other->capture = nullptr;
    }
  }
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

Result cuStreamWaitEvent(Stream stream, Event event, uint32_t flags) {
  DRIVER_ENTRY(Needs::kContext);
  if (flags != 0) return kInvalidValue;
  const auto *waited = Find<EventState>(entry, event);
  auto *found = Find<StreamState>(entry, stream);
  if (waited == nullptr || (found == nullptr && stream != nullptr)) return kInvalidHandle;
  if (found == nullptr)
    return waited->capture != 0 && FindCapture(waited->capture) != nullptr ? kCaptureImplicit : kSuccess;
  return JoinCapture(found, *waited);
}

Result cuEventCreate(Event *event, uint32_t flags) {
  DRIVER_ENTRY(Needs::kContext);
  if (event == nullptr || (flags & ~(kEventDisableTiming | 1u)) != 0) return kInvalidValue;
  auto *made = Make<EventState>(entry);
  made->timing = (flags & kEventDisableTiming) == 0;
  *event = made;
  return kSuccess;
}

Result cuEventRecord(Event event, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  auto *found = Find<EventState>(entry, event);
  auto *recorder = Find<StreamState>(entry, stream);
  if (found == nullptr || (recorder == nullptr && stream != nullptr)) return kInvalidHandle;
  if (recorder != nullptr && recorder->capture != nullptr) {
    if (recorder->capture->invalid) return kCaptureInvalidated;
    found->capture = recorder->capture->id;
    found->stream = recorder;
    found->position = recorder->position;
    return kSuccess;
  }
  found->capture = 0;
  found->recorded = true;
  found->milliseconds = Now();
  return kSuccess;
}

Result cuEventSynchronize(Event event) {
  DRIVER_ENTRY(Needs::kContext);
  const auto *found = Find<EventState>(entry, event);
  if (found == nullptr) return kInvalidHandle;
  if (found->capture == 0) return kSuccess;
  Capture *capture = FindCapture(found->capture);
  if (capture != nullptr) capture->invalid = true;
  return kCapturedEvent;
}

Result cuEventElapsedTime(float *milliseconds, Event begin, Event end) {
  DRIVER_ENTRY(Needs::kContext);
  if (milliseconds == nullptr) return kInvalidValue;
  const auto *first = Find<EventState>(entry, begin), *second = Find<EventState>(entry, end);
  for (const EventState *found : {first, second}) {
    if (found == nullptr || !found->timing || !found->recorded) return kInvalidHandle;
    if (found->capture != 0) return kCapturedEvent;
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
