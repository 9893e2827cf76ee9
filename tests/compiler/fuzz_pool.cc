#include "tests/compiler/fuzz_pool.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <vector>

namespace ingot {
namespace {

constexpr uint64_t kBatch = 50;
[[maybe_unused]] constexpr rlim_t kMostMemory = rlim_t{12} << 30;

#ifndef __has_feature
#define __has_feature(x) 0
#endif

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Range {
  uint64_t begin, end;
};

// One line of text to the parent: a letter and what belongs to it.
void Send(int fd, char letter, std::string text) {
  std::replace(text.begin(), text.end(), '\n', '\1');
  text = letter + text + '\n';
  for (size_t done = 0; done < text.size();) {
    ssize_t written = write(fd, text.data() + done, text.size() - done);
    if (written <= 0) _exit(3);
    done += static_cast<size_t>(written);
  }
}

[[noreturn]] void Child(const FuzzPool &pool, Range range, double deadline, int fd) {
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
#if !__has_feature(address_sanitizer)  // which takes terabytes of addresses
  rlimit memory = {kMostMemory, kMostMemory};
  setrlimit(RLIMIT_AS, &memory);
#endif
  for (uint64_t seed = range.begin; seed < range.end && Now() < deadline; ++seed) {
    Send(fd, 'S', std::to_string(seed));
    alarm(static_cast<unsigned>(pool.seed_seconds));
    FuzzResult result = pool.work(seed, [fd](const std::string &what) { Send(fd, 'B', what); });
    alarm(0);
    if (!result.finding.empty()) Send(fd, 'F', result.finding);
    Send(fd, 'D', std::to_string(result.runs) + (result.refused ? " r" : ""));
  }
  _exit(0);
}

struct Process {
  pid_t pid;
  int fd;
  Range range;
  std::string text, doing;
  uint64_t seed = 0;
  bool busy = false;  // in the middle of a seed
};

}  // namespace

FuzzCounts FuzzPool::Run() {
  FuzzCounts counts;
  double begin = Now(), deadline = seconds > 0 ? begin + seconds : begin + 1e9;
  std::deque<Range> work_left;
  uint64_t next = first_seed, end = first_seed + seeds;
  std::vector<Process> processes;

  auto start = [&] {
    Range range;
    if (!work_left.empty()) {
      range = work_left.front();
      work_left.pop_front();
    } else if (next < end) {
      range = {next, std::min(next + kBatch, end)};
      next = range.end;
    } else {
      return false;
    }
    int fds[2];
    if (pipe(fds) != 0) return false;
    pid_t pid = fork();
    if (pid == 0) {
      close(fds[0]);
      for (const Process &other : processes) close(other.fd);
      Child(*this, range, deadline, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) return false;
    processes.push_back({pid, fds[0], range, "", "", range.begin, false});
    return true;
  };
  auto found = [&](uint64_t seed, std::string finding) {
    std::replace(finding.begin(), finding.end(), '\1', '\n');
    ++counts.findings;
    report(seed, finding);
  };
  auto line = [&](Process &process, const std::string &text) {
    std::string rest = text.substr(1);
    switch (text[0]) {
      case 'S':
        process.seed = std::stoull(rest);
        process.busy = true;
        process.doing = "build";
        break;
      case 'B':
        process.doing = rest;
        break;
      case 'F':
        found(process.seed, rest);
        break;
      default:
        process.busy = false;
        ++counts.seeds;
        counts.runs += std::stoll(rest);
        counts.refused += rest.back() == 'r';
    }
  };
  auto ended = [&](Process &process) {
    int status = 0;
    waitpid(process.pid, &status, 0);
    close(process.fd);
    if (!process.busy) return;
    ++counts.seeds;
    std::string how = WIFSIGNALED(status) ? WTERMSIG(status) == SIGALRM
                                                ? "took more than " + std::to_string(seed_seconds) + " s"
                                                : std::string("died of ") + strsignal(WTERMSIG(status))
                                          : "exited with " + std::to_string(WEXITSTATUS(status));
    found(process.seed, how + ": " + process.doing);
    if (process.seed + 1 < process.range.end) work_left.push_back({process.seed + 1, process.range.end});
  };

  double last = begin;
  for (;;) {
    while (processes.size() < static_cast<size_t>(jobs) && Now() < deadline && start()) {
    }
    if (processes.empty()) break;
    std::vector<pollfd> polls;
    for (const Process &process : processes) polls.push_back({process.fd, POLLIN, 0});
    poll(polls.data(), polls.size(), 1000);
    for (size_t i = polls.size(); i-- > 0;) {
      if (polls[i].revents == 0) continue;
      char buffer[4096];
      ssize_t got = read(processes[i].fd, buffer, sizeof(buffer));
      Process &process = processes[i];
      if (got > 0) {
        process.text.append(buffer, static_cast<size_t>(got));
        for (size_t newline; (newline = process.text.find('\n')) != std::string::npos;) {
          line(process, process.text.substr(0, newline));
          process.text.erase(0, newline + 1);
        }
      } else {
        ended(process);
        processes.erase(processes.begin() + static_cast<int64_t>(i));
      }
    }
    if (Now() - last > 1) {
      progress(counts);
      last = Now();
    }
  }
  return counts;
}

}  // namespace ingot
