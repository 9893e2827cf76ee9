// The main program of executables with kernels for a GPU (runtime/main/device.cc): tests/runtime/main_program.c, run as
// a process with the emulator in the driver's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ingot::launcher_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ReadAll(const fs::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Result {
  int status;
  std::string out, error;
};

class LauncherProgram : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(testing::TempDir()) / ("ingot_gpu_program_" + std::to_string(getpid()));
    fs::remove_all(directory_);
    fs::create_directories(directory_ / "driver");
    fs::create_symlink(INGOT_EMULATOR, directory_ / "driver" / "libcuda.so.1");
  }
  void TearDown() override { fs::remove_all(directory_); }

  Result Run(const std::string &arguments, bool has_driver = true) {
    const std::string out = directory_ / "out.txt", error = directory_ / "error.txt";
    std::string command = "cd '" + directory_.string() + "' && ";
    if (has_driver) command += "LD_LIBRARY_PATH='" + (directory_ / "driver").string() + "' ";
    command += "'" INGOT_TEST_PROGRAM "' " + arguments + " >'" + out + "' 2>'" + error + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(out), ReadAll(error)};
  }

  fs::path directory_;
};

TEST_F(LauncherProgram, RunsOnBoth) {
  for (const std::string device : {"cpu", "cuda", "cuda:0"}) {
    Result result = Run("--random 3 --dim batch=5 --repeat 4 --json --output '" + device + "' --device=" + device);
    EXPECT_EQ(result.status, 0) << result.error;
    EXPECT_EQ(result.out.find(R"("gpu_level": "emulated")") == std::string::npos, device == "cpu") << result.out;
    for (const char *file : {"y_out.npy", "count.npy"})
      EXPECT_EQ(ReadAll(directory_ / device / file), ReadAll(directory_ / "cpu" / file)) << device;
  }
  EXPECT_EQ(Run("--random 3 --dim batch=5", /*has_driver=*/false).status, 0);
}

TEST_F(LauncherProgram, SaysWhereItRuns) {
  Result help = Run("--help");
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("--device NAME"));
  EXPECT_THAT(help.out, HasSubstr("gpu levels (for --device): emulated"));
}

TEST_F(LauncherProgram, DevicesThatAreNotThere) {
  for (const char *device :
       {"tpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", "cuda:99999999999999999999", "cuda:4294967296"}) {
    Result result = Run(std::string("--random 1 --dim batch=2 --device ") + device);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.error,
                HasSubstr(std::string("the device '") + device + "' is not known; known: cpu, cuda, cuda:N"));
  }
  Result result = Run("--random 1 --dim batch=2 --device cuda:7");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.error, HasSubstr("there is no GPU 7: this machine has 1"));
  if (fs::exists("/dev/nvidiactl")) return;
  result = Run("--random 1 --dim batch=2 --device cuda", /*has_driver=*/false);
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.error, HasSubstr("there is no CUDA driver here"));
}

}  // namespace
}  // namespace ingot::launcher_test
