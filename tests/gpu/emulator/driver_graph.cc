// Capture of streams into graphs, and their replay: see driver.h. A graph is the captured work in the order of the
// calls, with the values that parameters had then.
#include "tests/gpu/emulator/driver.h"

namespace ingot::gpu_emulator {
extern "C" {

// Modes beside thread-local ones differ in what other threads may do, which is not checked.
Result cuStreamBeginCapture_v2(Stream stream, int32_t mode) {
  DRIVER_ENTRY(Needs::kContext);
  if (mode < 0 || mode > 2) return kInvalidValue;
  auto *found = Find<StreamState>(entry, stream);
  if (found == nullptr) return stream == nullptr ? kCaptureUnsupported : kInvalidHandle;
  if (found->capture != nullptr) return kInvalidValue;
  found->capture = std::make_unique<Capture>();
  found->capture->thread = std::this_thread::get_id();
  return kSuccess;
}

Result cuStreamEndCapture(Stream stream, Graph *graph) {
  DRIVER_ENTRY(Needs::kContext);
  auto *found = Find<StreamState>(entry, stream);
  if (found == nullptr) return kInvalidHandle;
  if (graph == nullptr || found->capture == nullptr) return kInvalidValue;
  *graph = nullptr;
  const std::unique_ptr<Capture> capture = std::move(found->capture);
  if (capture->invalid) return kCaptureInvalidated;
  auto *made = Make<GraphState>(entry);
  made->work = std::move(capture->work);
  *graph = made;
  return kSuccess;
}

Result cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph, unsigned long long flags) {
  DRIVER_ENTRY(Needs::kContext);
  if (exec == nullptr || flags != 0) return kInvalidValue;
  const auto *found = Find<GraphState>(entry, graph);
  if (found == nullptr) return kInvalidHandle;
  auto *made = Make<GraphExecState>(entry);
  made->work = found->work;
  *exec = made;
  return kSuccess;
}

Result cuGraphLaunch(GraphExec exec, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  const auto *found = Find<GraphExecState>(entry, exec);
  if (found == nullptr) return kInvalidHandle;
  const auto *target = Find<StreamState>(entry, stream);
  if (target != nullptr && target->capture != nullptr) {
    target->capture->invalid = true;
    return kCaptureUnsupported;  // a graph within a graph
  }
  return Submit(entry, stream, [found, context = entry.context] {
    for (const Work &work : found->work) {
      if (context->death == kSuccess) work();
    }
  });
}

Result cuGraphExecDestroy(GraphExec exec) {
  DRIVER_ENTRY(Needs::kContext);
  return Destroy<GraphExecState>(entry, exec);
}

Result cuGraphDestroy(Graph graph) {
  DRIVER_ENTRY(Needs::kContext);
  return Destroy<GraphState>(entry, graph);
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
