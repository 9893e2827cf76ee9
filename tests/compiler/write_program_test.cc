// Compiled programs as files: what stands in the way of an output, and odd names for it.
#include <elf.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "ingot/compile.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using testing::ElementsAre;

CompiledProgram Program(WeightsPlace weights = WeightsPlace::kEmbed) {
  GraphBuilder b("tiny");
  b.Output("y", b.Add(b.Input("x", DType::kF32, {"n", 2}), b.Constant(Tensor::F32({2}, {1, 2}), "w")));
  CompileOptions options;
  options.name = "tiny";
  options.weights = weights;
  return Compile(b.Finish().value(), options).value();
}

bool IsElf(const std::string &path) { return ReadWhole(path).substr(0, SELFMAG) == ELFMAG; }

TEST(WriteProgramTest, ALinkUnderAGuessableNameIsNotFollowed) {
  TemporaryDirectory directory;
  WriteWhole(directory / "victim", "kept");
  for (const char *suffix : {"", ".o", ".h", ".weights"})
    std::filesystem::create_symlink(directory / "victim", directory / "out.tmp" + std::to_string(getpid()) + suffix);
  for (OutputKind kind : {OutputKind::kObject, OutputKind::kArchive, OutputKind::kShared}) {
    absl::Status status = WriteProgram(Program(WeightsPlace::kFile), kind, directory / "out");
    EXPECT_TRUE(status.ok()) << status.message();
  }
  EXPECT_EQ(ReadWhole(directory / "victim"), "kept");
}

TEST(WriteProgramTest, NothingButTheProgramIsLeft) {
  TemporaryDirectory directory;
  ASSERT_TRUE(WriteProgram(Program(WeightsPlace::kFile), OutputKind::kArchive, directory / "out.a").ok());
  EXPECT_THAT(directory.Names(), ElementsAre("out.a", "out.a.h", "tiny.weights"));
}

TEST(WriteProgramTest, ADirectoryInTheWayLeavesTheOldWeights) {
  TemporaryDirectory directory;
  WriteWhole(directory / "tiny.weights", "old");
  std::filesystem::create_directory(directory / "out");
  EXPECT_FALSE(WriteProgram(Program(WeightsPlace::kFile), OutputKind::kObject, directory / "out").ok());
  EXPECT_EQ(ReadWhole(directory / "tiny.weights"), "old");
  EXPECT_THAT(directory.Names(), ElementsAre("out", "tiny.weights"));
}

// `cc -o -out` would read an option, `@out` a file of options.
TEST(WriteProgramTest, ANameThatLooksLikeAnOptionIsAFile) {
  TemporaryDirectory directory;
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  std::filesystem::create_directory("-folder");
  for (const char *name : {"-out", "@out", "-folder/out"}) {
    absl::Status status = WriteProgram(Program(), OutputKind::kShared, name);
    EXPECT_TRUE(status.ok()) << name << ": " << status.message();
    EXPECT_TRUE(IsElf(name)) << name;
  }
  std::filesystem::current_path(before);
}

TEST(WriteProgramTest, ThreadsThatWriteOneProgramDoNotMeet) {
  TemporaryDirectory directory;
  CompiledProgram program = Program();
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) failures += !WriteProgram(program, OutputKind::kArchive, directory / "out.a").ok();
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(directory.Names(), ElementsAre("out.a", "out.a.h"));
}

}  // namespace
}  // namespace ingot
