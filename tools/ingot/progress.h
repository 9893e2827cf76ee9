// A line on standard error that says what is going on, while it is going on. It appears only on a terminal and only
// after a second, and leaves nothing behind.
#ifndef INGOT_TOOLS_INGOT_PROGRESS_H_
#define INGOT_TOOLS_INGOT_PROGRESS_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ingot::tool {

class Progress {
 public:
  // `what` as in "compiling mlp.onnx".
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  // What stands behind `what`: "vector", "12 of 40".
  void Update(const std::string &detail);

 private:
  void Draw();

  const std::string what_;
  const std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string detail_;
  bool done_ = false;
  bool drawn_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_PROGRESS_H_
