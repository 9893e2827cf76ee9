// The bundle's one program, under three names: `ingot`, `ops_gpu_test` and `speed_graph`. What they share, LLVM most of
// all, is there once. Test: tests/gpu/bundle_test.py.
#include <gtest/gtest.h>
#include <sys/random.h>

#include <cstdint>
#include <cstdio>
#include <string_view>

int IngotMain(int argc, char **argv);
int SpeedGraphMain(int argc, char **argv);

// What libstdc++ was built to ask glibc 2.36 for. Where the bundle runs it may be older.
extern "C" uint32_t arc4random() {
  uint32_t number = 0;
  while (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
  }
  return number;
}

static int OpsTestMain(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

int main(int argc, char **argv) {
  std::string_view name = argc > 0 ? argv[0] : "";
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (name == "ingot") return IngotMain(argc, argv);
  if (name == "ops_gpu_test") return OpsTestMain(argc, argv);
  if (name == "speed_graph") return SpeedGraphMain(argc, argv);
  std::fprintf(stderr, "call this program by one of its names: ingot, ops_gpu_test, speed_graph\n");
  return 1;
}
