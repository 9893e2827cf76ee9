// A mapped file that is shortened: a message and exit status 1, no core dump. Subject: runtime/main/bus_error.cc.
#include "runtime/main/bus_error.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

// In a child process: maps a file, shortens it, reads behind its end.
void ReadBehindTheEnd(const std::string &path) {
  int file = open(path.c_str(), O_RDWR);
  auto *data = static_cast<volatile char *>(mmap(nullptr, 1 << 16, PROT_READ, MAP_PRIVATE, file, 0));
  if (ftruncate(file, 0) == 0) (void)data[(1 << 16) - 1];
}

TEST(BusErrorTest, AShortenedFileIsExplained) {
  TemporaryDirectory directory;
  std::string path = directory.Path("file");
  WriteFile(path, std::string(1 << 16, 'x'));
  EXPECT_EXIT(
      {
        ingot::main_program::ExplainBusErrors("prog");
        ReadBehindTheEnd(path);
      },
      testing::ExitedWithCode(1), "^prog: a file was shortened.*while it was being read; copy it again");
}

TEST(BusErrorTest, OtherBusErrorsStillEndTheProcess) {
  EXPECT_EXIT(
      {
        ingot::main_program::ExplainBusErrors("prog");
        raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace ingot_test
