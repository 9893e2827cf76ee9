#include "tools/ingot/profile.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "graph/io/atomic_file.h"
#include "tools/ingot/program_runner.h"

namespace ingot::tool {

namespace {

// By the clock of the runtime's hook.
uint64_t NowNanoseconds() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

nlohmann::ordered_json RowName(int row, const std::string &name) {
  return {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", row}, {"args", {{"name", name}}}};
}

}  // namespace

StepRecorder::StepRecorder(const ingot_program_desc_t &desc, std::vector<int64_t> work, std::string device)
    : desc_(desc), work_(std::move(work)), device_(std::move(device)) {
  hook_.self = this;
  hook_.step = [](void *self, uint32_t step, const char *, uint64_t begin_ns, uint64_t end_ns) {
    static_cast<StepRecorder *>(self)->events_.push_back({step, begin_ns, end_ns});
  };
  events_.reserve(desc.num_steps);
}

void StepRecorder::BeginRun() { run_begin_ns_ = NowNanoseconds(); }
void StepRecorder::EndRun() { run_end_ns_ = NowNanoseconds(); }

const char *StepRecorder::StepName(uint32_t step) const {
  const char *name = step < desc_.num_steps ? desc_.steps[step].name : nullptr;
  return name == nullptr ? "" : name;
}

const char *StepRecorder::KernelName(uint32_t step) const {
  if (step >= desc_.num_steps || desc_.steps[step].kind != INGOT_STEP_KERNEL) return "copy";
  const char *name = desc_.variants[0].kernels[desc_.steps[step].kernel].name;
  return name == nullptr ? "" : name;
}

absl::Status StepRecorder::WriteTrace(const std::string &path) const {
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  uint64_t origin = events_.empty() ? 0 : events_.front().begin_ns;
  const int row = device_.empty() ? 1 : 2;
  if (!device_.empty()) {
    origin = std::min(origin, run_begin_ns_);
    events.push_back(RowName(1, "host"));
    events.push_back(RowName(row, device_));
    events.push_back({{"name", "run"},
                      {"cat", "host"},
                      {"ph", "X"},
                      {"ts", static_cast<double>(run_begin_ns_ - origin) / 1e3},
                      {"dur", static_cast<double>(run_end_ns_ - run_begin_ns_) / 1e3},
                      {"pid", 1},
                      {"tid", 1}});
  }
  for (const Event &event : events_) {
    if (event.step >= desc_.num_steps) continue;
    events.push_back(
        {{"name", StepName(event.step)},
         {"cat", StepOrigin(desc_, event.step)},
         {"ph", "X"},
         {"ts", static_cast<double>(event.begin_ns - origin) / 1e3},
         {"dur", static_cast<double>(event.end_ns - event.begin_ns) / 1e3},
         {"pid", 1},
         {"tid", row},
         {"args", {{"step", event.step}, {"kernel", KernelName(event.step)}, {"work", work_[event.step]}}}});
  }
  nlohmann::ordered_json trace = {
      {"displayTimeUnit", "ns"}, {"otherData", {{"program", desc_.name}}}, {"traceEvents", std::move(events)}};
  return WriteFile(path, trace.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

std::vector<StepRecorder::Row> StepRecorder::Rows() const {
  std::vector<Row> rows(desc_.num_steps);
  double total = 0;
  for (const Event &event : events_) {
    if (event.step >= rows.size()) continue;
    double ms = static_cast<double>(event.end_ns - event.begin_ns) / 1e6;
    rows[event.step].mean_ms += ms;
    ++rows[event.step].runs;
    total += ms;
  }
  for (uint32_t s = 0; s < rows.size(); ++s) {
    Row &row = rows[s];
    row.step = s;
    row.share = total > 0 ? row.mean_ms / total : 0;
    row.mean_ms /= static_cast<double>(std::max(row.runs, int64_t{1}));
    row.gops = row.mean_ms > 0 ? static_cast<double>(work_[s]) / (row.mean_ms * 1e6) : 0;
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row &a, const Row &b) { return a.share != b.share ? a.share > b.share : a.step < b.step; });
  return rows;
}

std::string StepRecorder::ProfileTable() const {
  std::string table = "   share        ms    Gop/s  step  origin     kernel                    nodes\n";
  for (const Row &row : Rows()) {
    char text[200];
    std::snprintf(text, sizeof(text), "  %5.1f%% %9.4f %8.2f %5u  %-10s %-25.80s ", 100 * row.share, row.mean_ms,
                  row.gops, row.step, StepOrigin(desc_, row.step), KernelName(row.step));
    table += text + std::string(StepName(row.step)) + "\n";
  }
  return table;
}

nlohmann::ordered_json StepRecorder::ProfileJson() const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Row &row : Rows()) {
    rows.push_back({{"step", row.step},
                    {"nodes", StepName(row.step)},
                    {"kernel", KernelName(row.step)},
                    {"origin", StepOrigin(desc_, row.step)},
                    {"ms", row.mean_ms},
                    {"share", row.share},
                    {"gops", row.gops}});
  }
  return rows;
}

}  // namespace ingot::tool
