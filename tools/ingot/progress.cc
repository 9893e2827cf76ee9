// Draws from a thread of its own, since phases of a compilation can take long between two updates. Writes past stdio,
// whose locks a process that forks (`ingot verify`) must not find taken.
#include "tools/ingot/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ingot::tool {
namespace {

using std::chrono::milliseconds;

void Write(const std::string &text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // it is only decoration
}

size_t TerminalWidth() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - size_t{1} : 79;
}

}  // namespace

Progress::Progress(std::string what) : what_(std::move(what)), begin_(std::chrono::steady_clock::now()) {
  if (isatty(STDERR_FILENO) == 1) thread_ = std::thread([this] { Draw(); });
}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (drawn_) Write("\r\x1b[K");
}

void Progress::Update(const std::string &detail) {
  std::lock_guard<std::mutex> lock(mutex_);
  detail_ = detail;
}

void Progress::Draw() {
  std::unique_lock<std::mutex> lock(mutex_);
  milliseconds pause(1000);
  while (!wake_.wait_for(lock, pause, [this] { return done_; })) {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    char time[32];
    std::snprintf(time, sizeof(time), " (%.0f s)", seconds);
    std::string line = what_ + (detail_.empty() ? "" : ": " + detail_) + time;
    Write("\r\x1b[K" + line.substr(0, std::min(line.size(), TerminalWidth())));
    drawn_ = true;
    pause = milliseconds(200);
  }
}

}  // namespace ingot::tool
