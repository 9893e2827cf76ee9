// Files that are replaced whole or not at all.
#include "graph/io/atomic_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

AtomicFile Written(const std::string &path, const std::string &contents) {
  AtomicFile file = AtomicFile::Create(path).value();
  EXPECT_TRUE(file.Append(contents).ok());
  return file;
}

std::vector<AtomicFile> Two(AtomicFile a, AtomicFile b) {
  std::vector<AtomicFile> files;
  files.push_back(std::move(a));
  files.push_back(std::move(b));
  return files;
}

TEST(AtomicFileTest, NothingIsThereBeforeTheCommitAndNothingIsLeftWithoutOne) {
  TemporaryDirectory directory;
  {
    AtomicFile file = Written(directory / "out", "new");
    EXPECT_FALSE(fs::exists(directory / "out"));
  }
  EXPECT_THAT(directory.Names(), IsEmpty());
}

TEST(AtomicFileTest, PiecesFollowEachOther) {
  TemporaryDirectory directory;
  AtomicFile file = Written(directory / "out", "ab");
  ASSERT_TRUE(file.PadTo(4).ok());
  ASSERT_TRUE(file.Append("c").ok());
  EXPECT_EQ(file.size(), 5u);
  std::vector<AtomicFile> files;
  files.push_back(std::move(file));
  ASSERT_TRUE(Commit(std::move(files), Durability::kSync).ok());
  EXPECT_EQ(ReadWhole(directory / "out"), std::string("ab\0\0c", 5));
  EXPECT_THAT(directory.Names(), ElementsAre("out"));
}

TEST(AtomicFileTest, TheModeFollowsTheUmask) {
  TemporaryDirectory directory;
  mode_t old = umask(027);
  EXPECT_TRUE(WriteFile(directory / "out", "x").ok());
  umask(old);
  struct stat info;
  ASSERT_EQ(stat((directory / "out").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(AtomicFileTest, ALinkInTheWayIsReplacedNotFollowed) {
  TemporaryDirectory directory;
  ASSERT_TRUE(WriteFile(directory / "victim", "kept").ok());
  fs::create_symlink(directory / "victim", directory / "out");
  EXPECT_TRUE(WriteFile(directory / "out", "new").ok());
  EXPECT_EQ(ReadWhole(directory / "victim"), "kept");
  EXPECT_EQ(ReadWhole(directory / "out"), "new");
  EXPECT_FALSE(fs::is_symlink(directory / "out"));
}

// The second file cannot take its place after the first one has.
TEST(AtomicFileTest, AFailedCommitRestoresWhatItReplaced) {
  TemporaryDirectory directory;
  ASSERT_TRUE(WriteFile(directory / "a", "old").ok());
  std::vector<AtomicFile> files =
      Two(Written(directory / "a", "new"), AtomicFile::Adopt(directory / "b", directory / "vanished"));
  absl::Status status = Commit(std::move(files));
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write '" + directory / "b"));
  EXPECT_EQ(ReadWhole(directory / "a"), "old");
  EXPECT_THAT(directory.Names(), ElementsAre("a"));
}

TEST(AtomicFileTest, AFailedCommitRemovesWhatWasNotThere) {
  TemporaryDirectory directory;
  std::vector<AtomicFile> files =
      Two(Written(directory / "a", "new"), AtomicFile::Adopt(directory / "b", directory / "vanished"));
  EXPECT_FALSE(Commit(std::move(files)).ok());
  EXPECT_THAT(directory.Names(), IsEmpty());
}

TEST(AtomicFileTest, ADirectoryInTheWayStopsTheCommitBeforeItBegins) {
  TemporaryDirectory directory;
  ASSERT_TRUE(WriteFile(directory / "a", "old").ok());
  fs::create_directory(directory / "b");
  absl::Status status = Commit(Two(Written(directory / "a", "new"), Written(directory / "b", "new")));
  EXPECT_THAT(std::string(status.message()), HasSubstr("b': it is a directory; remove it, or name another output"));
  EXPECT_EQ(ReadWhole(directory / "a"), "old");
}

TEST(AtomicFileTest, ASuccessfulCommitLeavesNoSecondNames) {
  TemporaryDirectory directory;
  ASSERT_TRUE(WriteFiles({{directory / "a", "1"}, {directory / "b", "2"}}).ok());
  ASSERT_TRUE(WriteFiles({{directory / "a", "3"}, {directory / "b", "4"}}).ok());
  EXPECT_EQ(ReadWhole(directory / "a") + ReadWhole(directory / "b"), "34");
  EXPECT_THAT(directory.Names(), ElementsAre("a", "b"));
}

TEST(AtomicFileTest, ThreadsThatWriteOneFileDoNotMeet) {
  TemporaryDirectory directory;
  std::string path = directory / "out";
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (char letter : {'a', 'b', 'c', 'd'}) {
    threads.emplace_back([&, letter] {
      for (int i = 0; i < 50; ++i) failures += !WriteFile(path, std::string(100'000, letter)).ok();
    });
  }
  for (std::thread &thread : threads) thread.join();
  std::string result = ReadWhole(path);
  EXPECT_EQ(failures, 0);
  ASSERT_EQ(result.size(), 100'000u);
  EXPECT_EQ(result.find_first_not_of(result[0]), std::string::npos);
  EXPECT_THAT(directory.Names(), ElementsAre("out"));
}

TEST(AtomicFileTest, ALongNameIsNoObstacle) {
  TemporaryDirectory directory;
  std::string name(255, 'n');
  EXPECT_TRUE(WriteFile(directory / name, "x").ok());
  EXPECT_THAT(directory.Names(), ElementsAre(name));
}

TEST(PrivateDirectoryTest, GoesAwayAndIsNoOption) {
  TemporaryDirectory directory;
  {
    PrivateDirectory made = PrivateDirectory::Beside(directory / "out").value();
    ASSERT_TRUE(WriteFile(made.File("x"), "x").ok());
    struct stat info;
    ASSERT_EQ(stat(made.File("").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
  EXPECT_THAT(directory.Names(), IsEmpty());
  EXPECT_EQ(PrivateDirectory::Beside("-out").value().File("x").substr(0, 2), "./");
}

}  // namespace
}  // namespace ingot
