// Work in other processes, so that a crash or an endless loop is one finding and not the end. Every process does a
// batch of seeds one after another; when it dies, the seed that it was at is reported, and another process takes up the
// rest of the batch.
#ifndef INGOT_TESTS_COMPILER_FUZZ_POOL_H_
#define INGOT_TESTS_COMPILER_FUZZ_POOL_H_

#include <cstdint>
#include <functional>
#include <string>

namespace ingot {

struct FuzzResult {
  int runs = 0;
  bool refused = false;
  std::string finding;  // empty: none
};

struct FuzzCounts {
  int64_t seeds = 0, runs = 0, refused = 0, findings = 0;
};

struct FuzzPool {
  uint64_t first_seed = 0, seeds = 0;
  double seconds = 0;  // 0: until all seeds are done
  int jobs = 1;
  int seed_seconds = 60;  // a seed that takes longer has hung
  // In another process: does one seed and calls `begin` with what comes next.
  std::function<FuzzResult(uint64_t seed, const std::function<void(const std::string &)> &begin)> work;
  // In this process: a finding, and progress now and then.
  std::function<void(uint64_t seed, const std::string &finding)> report;
  std::function<void(const FuzzCounts &)> progress;

  FuzzCounts Run();
};

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_FUZZ_POOL_H_
