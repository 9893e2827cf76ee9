// The JIT's cache: an entry that is damaged in any way is made again, one process compiles for all, and the size has a
// limit.
#include "compiler/jit/cache.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "ingot/jit.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using compiler::Cache;
using compiler::CacheKey;
using compiler::ParseCacheLimit;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

Graph Small(float weight = 1) {
  GraphBuilder b("small");
  b.Output("y", b.Add(b.Input("x", DType::kF32, {"n", 2}), b.Constant(Tensor::F32({2}, {weight, 2}), "w")));
  return b.Finish().value();
}

class CacheTest : public testing::Test {
 protected:
  // Loads the program; true when it came from the cache.
  bool FromCache(float weight = 1) {
    JitOptions options;
    options.cache_directory = directory_.path();
    absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(Small(weight), options);
    EXPECT_TRUE(program.ok()) << program.status().message();
    return program.ok() && (*program)->from_cache();
  }
  std::string File(const std::string &suffix) {
    for (const std::string &name : directory_.Names())
      if (name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0)
        return directory_ / name;
    ADD_FAILURE() << "no file ends in " << suffix;
    return "";
  }
  void SetUp() override {
    chmod(directory_.path().c_str(), 0700);
    EXPECT_FALSE(FromCache());
    EXPECT_TRUE(FromCache());
  }
  // After whatever the test has damaged.
  void ExpectHeals() {
    EXPECT_FALSE(FromCache());
    EXPECT_TRUE(FromCache());
  }
  TemporaryDirectory directory_;
};

TEST_F(CacheTest, HealsWithoutTheWeights) {
  fs::remove(File(".weights"));
  ExpectHeals();
}

TEST_F(CacheTest, HealsFromShortenedWeights) {
  fs::resize_file(File(".weights"), 100);
  ExpectHeals();
}

TEST_F(CacheTest, HealsFromWeightsOfAnotherProgram) {
  std::string weights = ReadWhole(File(".weights"));
  weights[16] ^= 1;  // in the header's hash
  WriteWhole(File(".weights"), weights);
  ExpectHeals();
}

TEST_F(CacheTest, HealsFromAShortenedObject) {
  std::string path = File(".program");
  for (uintmax_t size : {uintmax_t{0}, uintmax_t{20}, fs::file_size(path) / 2, fs::file_size(path) - 1}) {
    fs::resize_file(path, size);
    ExpectHeals();
  }
}

TEST_F(CacheTest, HealsFromAChangedByte) {
  std::string program = ReadWhole(File(".program"));
  program[program.size() / 2] ^= 1;
  WriteWhole(File(".program"), program);
  ExpectHeals();
}

TEST_F(CacheTest, OneOfManyCompiles) {
  std::atomic<int> compiled = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { compiled += !FromCache(7); });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(compiled, 1);
}

TEST_F(CacheTest, TheOldestEntriesGoFirst) {
  EXPECT_FALSE(FromCache(2));
  for (const auto &file : fs::directory_iterator(directory_.path()))
    fs::last_write_time(file.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(FromCache(1));  // used a moment ago
  uint64_t total = 0;
  for (const auto &file : fs::directory_iterator(directory_.path())) total += fs::file_size(file.path());
  std::string stale = directory_ / ".ingot-0000000000000000";
  WriteWhole(stale, "of a process that was killed");
  fs::last_write_time(stale, fs::file_time_type::clock::now() - std::chrono::hours(48));
  Cache::Open(directory_.path())->Trim(total - 1);
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(FromCache(1));
  EXPECT_FALSE(FromCache(2));
}

TEST_F(CacheTest, NothingInUseIsRemoved) {
  Cache cache = Cache::Open(directory_.path()).value();
  std::string key = fs::path(File(".program")).stem();
  {
    Cache::Entry entry = cache.Lock(key, Cache::Access::kRead).value();
    cache.Trim(0);
    EXPECT_TRUE(entry.Object().has_value());
  }
  cache.Trim(0);
  EXPECT_THAT(directory_.Names(), IsEmpty());
}

TEST_F(CacheTest, TheEntryJustMadeStaysWhateverTheLimit) {
  setenv("INGOT_CACHE_LIMIT", "1", 1);
  EXPECT_FALSE(FromCache(3));
  EXPECT_TRUE(FromCache(3));
  EXPECT_FALSE(FromCache(1));
  unsetenv("INGOT_CACHE_LIMIT");
}

TEST(CacheLimitTest, IsANumberWithAUnit) {
  EXPECT_EQ(ParseCacheLimit("0").value(), 0u);
  EXPECT_EQ(ParseCacheLimit("1234").value(), 1234u);
  EXPECT_EQ(ParseCacheLimit("3K").value(), 3072u);
  EXPECT_EQ(ParseCacheLimit("10G").value(), uint64_t{10} << 30);
  for (const char *text : {"", "G", "1g", "1GB", "-1", "1.5G", "999999999999T", "99999999999999999999"})
    EXPECT_THAT(std::string(ParseCacheLimit(text).status().message()), HasSubstr("INGOT_CACHE_LIMIT")) << text;
}

TEST(CacheKeyTest, DependsOnWeightsAndOptions) {
  CompileOptions options, other;
  other.name = "other";
  EXPECT_EQ(CacheKey(Small(), options, nullptr), CacheKey(Small(), options, nullptr));
  EXPECT_NE(CacheKey(Small(), options, nullptr), CacheKey(Small(2), options, nullptr));
  EXPECT_NE(CacheKey(Small(), options, nullptr), CacheKey(Small(), other, nullptr));
}

}  // namespace
}  // namespace ingot
