// Runs jobs in child processes, so that one that crashes, hangs or eats memory is a result and not the end of the
// command.
#ifndef INGOT_TOOLS_INGOT_FORKED_JOBS_H_
#define INGOT_TOOLS_INGOT_FORKED_JOBS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace ingot::tool {

struct JobOutcome {
  std::string output;  // what the job returned; meaningless when there was trouble
  std::string
      trouble;  // "killed by signal 11 (Segmentation fault)", with the last line it wrote to standard error; or empty
  double seconds = 0;
};

struct JobOptions {
  int parallel = 1;
  double timeout_seconds = 60;
};

// Runs job(0) to job(count - 1), each in a child whose standard output and error are kept from the user's; done(i,
// outcome) is called in this process in the order of completion. Cancelled when the user interrupts; no child outlives
// the call.
absl::Status RunForked(int count, const JobOptions &options, const std::function<std::string(int)> &job,
                       const std::function<void(int, const JobOutcome &)> &done);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_FORKED_JOBS_H_
