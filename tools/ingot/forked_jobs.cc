// One loop over poll(): start children up to the limit, read their answers, kill what is late. Each child leads a
// process group, so that a linker it started goes with it.
#include "tools/ingot/forked_jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;

void OnInterrupt(int signal) { interrupted = signal; }

// Notes SIGINT and SIGTERM for as long as it lives. After one, the command is ending and tidies up: a second does not
// disturb it.
class InterruptGuard {
 public:
  InterruptGuard() {
    struct sigaction action = {};
    action.sa_handler = OnInterrupt;
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~InterruptGuard() {
    if (interrupted != 0) return;
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
  }

 private:
  struct sigaction old_int_, old_term_;
};

struct Child {
  int index = 0;
  pid_t pid = -1;
  int answer = -1, talk = -1;  // read end of the pipe; a memory file with its standard error
  Clock::time_point begin;
  std::string output;
  bool late = false;
};

void WriteAll(int fd, const std::string &text) {
  for (size_t at = 0; at < text.size();) {
    ssize_t written = write(fd, text.data() + at, text.size() - at);
    if (written < 0 && errno != EINTR) _exit(2);
    if (written > 0) at += static_cast<size_t>(written);
  }
}

[[noreturn]] void BeChild(int answer, int talk, pid_t parent, const std::function<std::string()> &job) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(2);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  dup2(talk, STDERR_FILENO);
  dup2(talk, STDOUT_FILENO);
  WriteAll(answer, job());
  _exit(0);
}

absl::StatusOr<Child> Start(int index, const std::function<std::string(int)> &job) {
  Child child;
  int ends[2];
  child.index = index;
  child.talk = memfd_create("ingot-job", MFD_CLOEXEC);
  if (child.talk < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a job: ", std::strerror(errno), "; use fewer --jobs"));
  }
  child.begin = Clock::now();
  std::fflush(stdout);  // the child must not write it a second time
  pid_t parent = getpid();
  child.pid = fork();
  if (child.pid == 0) BeChild(ends[1], child.talk, parent, [&] { return job(index); });
  close(ends[1]);
  child.answer = ends[0];
  if (child.pid < 0)
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a job: ", std::strerror(errno), "; use fewer --jobs"));
  setpgid(child.pid, child.pid);  // in both processes: whoever comes first
  return child;
}

std::string LastLine(int fd) {
  off_t size = lseek(fd, 0, SEEK_END);
  off_t from = size > 4096 ? size - 4096 : 0;
  std::string text(static_cast<size_t>(size > 0 ? size - from : 0), '\0');
  ssize_t got = pread(fd, text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.substr(text.rfind('\n') + 1).substr(0, 300);
}

// Ends the child's whole group and says what became of it.
JobOutcome Finish(Child *child, double timeout_seconds) {
  JobOutcome outcome;
  int status = 0;
  if (child->late) kill(-child->pid, SIGKILL);
  while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  kill(-child->pid, SIGKILL);  // what it may have left running
  outcome.seconds = std::chrono::duration<double>(Clock::now() - child->begin).count();
  outcome.output = std::move(child->output);
  if (child->late) {
    outcome.trouble = absl::StrCat("no answer in ", timeout_seconds, " s");
  } else if (WIFSIGNALED(status)) {
    outcome.trouble = absl::StrCat("killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  } else if (WEXITSTATUS(status) != 0) {
    outcome.trouble = absl::StrCat("ended with status ", WEXITSTATUS(status));
  }
  std::string last = outcome.trouble.empty() ? "" : LastLine(child->talk);
  if (!last.empty()) absl::StrAppend(&outcome.trouble, ": ", last);
  close(child->answer);
  close(child->talk);
  return outcome;
}

// Reads what is there; false at the end.
bool ReadSome(Child *child) {
  char buffer[65536];
  ssize_t got = read(child->answer, buffer, sizeof(buffer));
  if (got > 0) child->output.append(buffer, static_cast<size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

// Waits until a child says something or the first deadline; not for long, since a signal may come just before poll().
void Wait(const std::vector<Child> &children, double timeout_seconds, std::vector<pollfd> *polls) {
  polls->clear();
  double left = 0.2;
  for (const Child &child : children) {
    polls->push_back({child.answer, POLLIN, 0});
    left = std::min(left, timeout_seconds - std::chrono::duration<double>(Clock::now() - child.begin).count());
  }
  poll(polls->data(), polls->size(), static_cast<int>(std::max(left, 0.0) * 1000) + 1);
}

}  // namespace

absl::Status RunForked(int count, const JobOptions &options, const std::function<std::string(int)> &job,
                       const std::function<void(int, const JobOutcome &)> &done) {
  InterruptGuard guard;
  std::vector<Child> running;
  std::vector<pollfd> polls;
  absl::Status status;
  for (int next = 0; (next < count || !running.empty()) && status.ok();) {
    while (next < count && static_cast<int>(running.size()) < options.parallel && status.ok()) {
      absl::StatusOr<Child> child = Start(next++, job);
      status = child.status();
      if (child.ok()) running.push_back(*std::move(child));
    }
    Wait(running, options.timeout_seconds, &polls);
    if (interrupted != 0) status = absl::AbortedError("interrupted");
    for (size_t i = running.size(); i-- > 0;) {
      Child &child = running[i];
      child.late = std::chrono::duration<double>(Clock::now() - child.begin).count() > options.timeout_seconds;
      bool ended = i < polls.size() && polls[i].revents != 0 && !ReadSome(&child);
      if (!ended && !child.late) continue;
      JobOutcome outcome = Finish(&child, options.timeout_seconds);
      int index = child.index;
      running.erase(running.begin() + static_cast<ptrdiff_t>(i));
      done(index, outcome);
    }
  }
  for (Child &child : running) {
    child.late = true;
    Finish(&child, options.timeout_seconds);
  }
  return status;
}

}  // namespace ingot::tool
