// Weights in a side file: what is mapped, and what is said about files that do not fit.
// Subject: runtime/src/weights.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class WeightsTest : public testing::Test {
 protected:
  void SetUp() override {
    content_.resize(INGOT_WEIGHTS_HEADER + chain_.desc.weights_size);
    ingot_weights_header_t header = {INGOT_WEIGHTS_MAGIC, chain_.desc.weights_size, 0x1234};
    memcpy(content_.data(), &header, sizeof(header));
    memcpy(content_.data() + INGOT_WEIGHTS_HEADER, chain_.desc.weights, chain_.desc.weights_size);
    chain_.desc.weights = nullptr;
    chain_.desc.weights_hash = 0x1234;
    chain_.desc.weights_file = "chain.weights";
    chain_.Desc();
    path_ = directory_.Path("chain.weights");
  }
  std::string Error() {
    ingot_load_options_t options = {sizeof(options), path_.c_str(), nullptr, nullptr};
    return LoadError(&chain_.desc, INGOT_FAILED_PRECONDITION, &options);
  }

  ChainProgram chain_;
  std::string content_, path_;
  TemporaryDirectory directory_;
};

TEST_F(WeightsTest, MapsTheFile) {
  WriteFile(path_, content_);
  Program program = Load(&chain_.desc, path_.c_str());
  Context context = MakeContext(program);
  EXPECT_EQ(RunChain(context.get(), 1000), ExpectedChain(1000));
}

TEST_F(WeightsTest, DefaultIsTheProgramsOwnNameInTheWorkingDirectory) {
  WriteFile(path_, content_);
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  Program program = Load(&chain_.desc);
  std::filesystem::current_path(before);
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(LoadError(&chain_.desc, INGOT_FAILED_PRECONDITION),
              AllOf(HasSubstr("'chain.weights'"), HasSubstr("--weights")));
}

TEST_F(WeightsTest, Missing) {
  EXPECT_THAT(Error(), AllOf(HasSubstr(path_), HasSubstr("No such file"), HasSubstr("weights_path")));
}

TEST_F(WeightsTest, CutShort) {
  for (size_t size :
       {size_t{0}, size_t{10}, size_t{INGOT_WEIGHTS_HEADER - 1}, size_t{INGOT_WEIGHTS_HEADER}, content_.size() - 1}) {
    WriteFile(path_, content_.substr(0, size));
    EXPECT_THAT(Error(), AllOf(HasSubstr(path_), HasSubstr("cut short"), HasSubstr("copy it again"))) << size;
  }
}

TEST_F(WeightsTest, WrongHeader) {
  auto spoil = [&](size_t at) {
    std::string bytes = content_;
    bytes[at] ^= 1;
    WriteFile(path_, bytes);
    return Error();
  };
  EXPECT_THAT(spoil(0), HasSubstr("not an ingot weights file"));
  EXPECT_THAT(spoil(8), HasSubstr("belongs to another program"));
  EXPECT_THAT(spoil(16), HasSubstr("hash 0000000000001235"));
}

TEST_F(WeightsTest, NotAFile) {
  path_ = directory_.path();
  EXPECT_THAT(Error(), HasSubstr("not a regular file"));
  path_ = directory_.Path("pipe");
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Error(), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace ingot_test
