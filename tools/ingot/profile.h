// What the steps of a program cost: recorded by the runtime's trace hook, shown as a table or as a timeline.
#ifndef INGOT_TOOLS_INGOT_PROFILE_H_
#define INGOT_TOOLS_INGOT_PROFILE_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ingot/runtime.h"

namespace ingot::tool {

class StepRecorder {
 public:
  // `desc` is borrowed; `work` has an entry per step. `device`: the name of what runs the steps, or "": the host.
  StepRecorder(const ingot_program_desc_t &desc, std::vector<int64_t> work, std::string device);
  StepRecorder(const StepRecorder &) = delete;
  StepRecorder &operator=(const StepRecorder &) = delete;

  // For a context's options; borrowed.
  const ingot_trace_t *hook() const { return &hook_; }
  void Clear() { events_.clear(); }
  // Around a run of which a device tells the steps' times: the host's part of the timeline.
  void BeginRun();
  void EndRun();

  // Chrome's trace format, with a row of its own for a device, by a temporary file and a rename.
  absl::Status WriteTrace(const std::string &path) const;
  // One row per step, by total time, with its share and rate.
  std::string ProfileTable() const;
  nlohmann::ordered_json ProfileJson() const;

 private:
  struct Event {
    uint32_t step;
    uint64_t begin_ns, end_ns;
  };
  struct Row {
    uint32_t step = 0;
    int64_t runs = 0;
    double mean_ms = 0, share = 0, gops = 0;
  };
  std::vector<Row> Rows() const;
  const char *StepName(uint32_t step) const;
  const char *KernelName(uint32_t step) const;

  const ingot_program_desc_t &desc_;
  const std::vector<int64_t> work_;
  const std::string device_;
  uint64_t run_begin_ns_ = 0, run_end_ns_ = 0;
  ingot_trace_t hook_;
  std::vector<Event> events_;
};

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_PROFILE_H_
