// When steps began and ended by the device's own clock, as an offset from a moment that host and device both know.
// Nothing waits between steps. Tests: tests/gpu/launcher_trace_test.cc.
#include "runtime/src/device_context.h"
#include "runtime/src/run_block.h"

namespace ingot::runtime {
namespace {

constexpr uint32_t kOrigin = 2 * kTracedSteps;

int32_t Record(ingot_context_t *context, uint32_t which, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  void **event = &context->on_device->trace.events[which];
  int32_t code = INGOT_OK;
  if (*event == nullptr) code = device->calls->make_event(device, event, status);
  return code == INGOT_OK ? device->calls->record(device, context->on_device->queue, *event, status) : code;
}

}  // namespace

int32_t BeginTrace(ingot_context_t *context, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  void *queue = context->on_device->queue;
  DeviceTrace *trace = &context->on_device->trace;
  trace->count = 0;
  // What came before has ended, so that the origin passes between the two looks at the clock.
  int32_t code = device->calls->wait(device, queue, status);
  const uint64_t before = NowNanoseconds();
  if (code == INGOT_OK) code = Record(context, kOrigin, status);
  if (code == INGOT_OK) code = device->calls->wait(device, queue, status);
  trace->origin_ns = before + (NowNanoseconds() - before) / 2;
  return code;
}

int32_t BeginStep(ingot_context_t *context, ingot_status_t *status) {
  const DeviceTrace &trace = context->on_device->trace;
  int32_t code = trace.count == kTracedSteps ? TellTrace(context, status) : INGOT_OK;
  return code == INGOT_OK ? Record(context, 2 * trace.count, status) : code;
}

int32_t EndStep(ingot_context_t *context, uint32_t s, ingot_status_t *status) {
  DeviceTrace *trace = &context->on_device->trace;
  int32_t code = Record(context, 2 * trace->count + 1, status);
  if (code == INGOT_OK) trace->steps[trace->count++] = s;
  return code;
}

int32_t TellTrace(ingot_context_t *context, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  DeviceTrace *trace = &context->on_device->trace;
  int32_t code = device->calls->wait(device, context->on_device->queue, status);
  for (uint32_t i = 0; i < trace->count && code == INGOT_OK; ++i) {
    void *begin = trace->events[2 * i], *end = trace->events[2 * i + 1];
    uint64_t since_origin = 0, duration = 0;
    code = device->calls->elapsed(device, trace->events[kOrigin], begin, &since_origin, status);
    if (code == INGOT_OK) code = device->calls->elapsed(device, begin, end, &duration, status);
    if (code != INGOT_OK) break;
    const uint32_t s = trace->steps[i];
    const uint64_t begin_ns = trace->origin_ns + since_origin;
    context->trace.step(context->trace.self, s, NameOr(context->program->desc->steps[s].name, "?"), begin_ns,
                        begin_ns + duration);
  }
  trace->count = 0;
  return code;
}

void FreeTrace(const ingot_context_t *context) {
  ingot_device_t *device = context->program->device;
  void **events = context->on_device->trace.events;
  for (uint32_t i = 0; events != nullptr && i <= kOrigin; ++i)
    if (events[i] != nullptr) device->calls->free_event(device, events[i]);
}

}  // namespace ingot::runtime
