// The main program of `--emit=executable`, end to end: main_program.c linked with libingot_main.a, run as a process.
// Subject: runtime/main/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/wait.h>

#include <filesystem>

#include "runtime/main/npy.h"
#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using ingot::main_program::NpyArray;
using ingot::main_program::ReadNpy;
using ingot::main_program::WriteNpy;
using testing::HasSubstr;

struct Result {
  int status;
  std::string out, error;
};

class MainTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("x.npy", Tensor(x_, INGOT_F32, {2, 3}));
    Write("mask.npy", Tensor(mask_, INGOT_BOOL, {2}));
    Write("scale.npy", Tensor(scale_, INGOT_U16, {1}));
  }
  void Write(const std::string &name, const ingot_tensor_t &tensor) {
    ASSERT_TRUE(WriteNpy(directory_.path().c_str(), name.c_str(), tensor));
  }
  // Runs the program in the temporary directory.
  Result Run(const std::string &arguments, const char *program = INGOT_TEST_PROGRAM) {
    std::string command =
        "cd '" + directory_.path() + "' && '" + program + "' " + arguments + " >stdout.txt 2>stderr.txt";
    int status = system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadWholeFile(directory_.Path("stdout.txt")),
            ReadWholeFile(directory_.Path("stderr.txt"))};
  }
  // The message of a run that has to fail with one lower-case line on standard error.
  std::string Error(const std::string &arguments) {
    Result result = Run(arguments);
    EXPECT_EQ(result.status, 1) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    std::string prefix = "main_program: ";
    EXPECT_EQ(result.error.substr(0, prefix.size()), prefix) << result.error;
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
    std::string message = result.error.size() < prefix.size() ? "" : result.error.substr(prefix.size());
    EXPECT_FALSE(message.empty() || isupper(message[0])) << message;
    return message;
  }
  template <typename T>
  std::vector<T> Read(const std::string &name, uint32_t dtype, std::vector<int64_t> dims) {
    NpyArray array = {};
    EXPECT_TRUE(ReadNpy(directory_.Path(name).c_str(), &array)) << name;
    EXPECT_EQ(array.tensor.dtype, dtype);
    EXPECT_EQ(std::vector<int64_t>(array.tensor.dims, array.tensor.dims + array.tensor.rank), dims);
    std::vector<T> data(array.tensor.bytes / sizeof(T));
    if (!data.empty()) memcpy(data.data(), array.tensor.data, array.tensor.bytes);
    free(array.tensor.data);
    return data;
  }
  void ExpectOutputs(const std::string &prefix) {
    EXPECT_THAT(Read<float>(prefix + "y_out.npy", INGOT_F32, {2, 3}), testing::ElementsAre(2, 4, 6, 0, 0, 0));
    EXPECT_THAT(Read<int64_t>(prefix + "count.npy", INGOT_I64, {1}), testing::ElementsAre(1));
  }

  TemporaryDirectory directory_;
  std::vector<float> x_ = {1, 2, 3, 4, 5, 6};
  std::vector<uint8_t> mask_ = {1, 0};
  std::vector<uint16_t> scale_ = {0x4000};  // 2 in bf16
};

TEST_F(MainTest, PositionalFiles) {
  Result result = Run("x.npy mask.npy scale.npy");
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.error, "");
  ExpectOutputs("");
}

TEST_F(MainTest, NamedFilesAndDirectory) {
  Result result =
      Run("--input scale=scale.npy x.npy --output=made --input=mask=mask.npy --threads 2 --cpu baseline --dim batch=2");
  EXPECT_EQ(result.status, 0) << result.error;
  ExpectOutputs("made/");
}

TEST_F(MainTest, HelpListsThisProgram) {
  Result result = Run("--help");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, "");
  for (const char *text :
       {"usage: main_program", "x  f32[batch, 3]", "mask  bool[batch]", "scale  bf16[1]", "y/out  f32[batch, 3]",
        "count  i64[1]", "batch  from 1 to 1000", "future baseline", "try: main_program --random 1 --dim batch=1",
        "--input NAME=FILE.npy", "--output DIR", "--random SEED", "--dim NAME=N", "--threads N", "--weights FILE",
        "--cpu LEVEL", "--repeat N", "--json"}) {
    EXPECT_THAT(result.out, HasSubstr(text));
  }
}

TEST_F(MainTest, RandomInputsAreRepeatable) {
  EXPECT_EQ(Run("--random=7 --dim batch=5 --output a").status, 0);
  EXPECT_EQ(Run("--random 7 --dim=batch=5 --output b").status, 0);
  EXPECT_EQ(Run("--random=8 --dim batch=5 --output c").status, 0);
  EXPECT_EQ(Read<float>("a/y_out.npy", INGOT_F32, {5, 3}), Read<float>("b/y_out.npy", INGOT_F32, {5, 3}));
  EXPECT_NE(Read<float>("a/y_out.npy", INGOT_F32, {5, 3}), Read<float>("c/y_out.npy", INGOT_F32, {5, 3}));
  Result mixed = Run("x.npy --random 1 --output d");
  EXPECT_EQ(mixed.status, 0) << mixed.error;
  EXPECT_EQ(Read<int64_t>("d/count.npy", INGOT_I64, {1}).size(), 1u);
}

TEST_F(MainTest, RepeatPrintsTimes) {
  Result result = Run("x.npy mask.npy scale.npy --repeat 5");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.error, testing::MatchesRegex("5 runs: min [0-9.]+ us, median [0-9.]+ us\n"));
  ExpectOutputs("");
}

TEST_F(MainTest, Json) {
  Result result = Run("x.npy mask.npy scale.npy --repeat 5 --threads=1 --json");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(
      result.out,
      testing::MatchesRegex(
          "\\{\"program\": \"masked .\"scale.\"\", \"cpu_level\": \"baseline\", \"threads\": 1, \"runs\": 5, "
          "\"min_ns\": [0-9]+, \"median_ns\": [0-9]+, \"outputs\": .\\{\"name\": \"y/out\", \"file\": \"y_out.npy\", "
          "\"dtype\": \"f32\", \"shape\": .2, 3.}, \\{\"name\": \"count\".*\n"));
}

TEST_F(MainTest, BadCommandLines) {
  EXPECT_THAT(Error("--frobnicate"), HasSubstr("unknown option '--frobnicate'"));
  EXPECT_THAT(Error("-x"), HasSubstr("unknown option '-x'"));
  EXPECT_THAT(Error("x.npy"), HasSubstr("input 'mask' is missing: add --input mask=FILE.npy"));
  EXPECT_THAT(Error("--input z=x.npy"), HasSubstr("no such input"));
  EXPECT_THAT(Error("--input x.npy"), HasSubstr("NAME=FILE.npy"));
  EXPECT_THAT(Error("--input x="), HasSubstr("needs a file"));
  EXPECT_THAT(Error("--input x=x.npy --input x=x.npy"), HasSubstr("given twice"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy more.npy"), HasSubstr("one file too many"));
  EXPECT_THAT(Error("--output"), HasSubstr("needs a value"));
  EXPECT_THAT(Error("--output="), HasSubstr("needs a value"));
  EXPECT_THAT(Error("--threads many"), HasSubstr("whole number"));
  EXPECT_THAT(Error("--threads 99999999999999999999"), HasSubstr("whole number"));
  EXPECT_THAT(Error("--repeat 0"), HasSubstr("whole number"));
  EXPECT_THAT(Error("--random x"), HasSubstr("seed"));
  EXPECT_THAT(Error("--random -1"), HasSubstr("seed"));
  EXPECT_THAT(Error("--dim batch"), HasSubstr("NAME=N"));
  EXPECT_THAT(Error("--dim rows=3"), HasSubstr("no such dim"));
  EXPECT_THAT(Error("--dim batch=1001"), HasSubstr("from 1 to 1000"));
  EXPECT_THAT(Error("--dim batch=1 --dim batch=1"), HasSubstr("given twice"));
  EXPECT_THAT(Error("--random 1"), HasSubstr("add --dim batch=N"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --weights x.npy"), HasSubstr("--weights is not needed"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --cpu x86-64-v9"), HasSubstr("no code for cpu level 'x86-64-v9'"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --cpu future"), HasSubstr("this program needs future"));
}

TEST_F(MainTest, BadInputs) {
  EXPECT_THAT(Error("absent.npy mask.npy scale.npy"), HasSubstr("cannot open 'absent.npy'"));
  EXPECT_THAT(Error("mask.npy mask.npy scale.npy"),
              HasSubstr("input 'x': 'mask.npy' holds bool of rank 1, expected f32 of rank 2"));
  EXPECT_THAT(Error("x.npy mask.npy x.npy"), HasSubstr("expected bf16 of rank 1 (bf16 is stored as u2)"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --dim batch=3"),
              HasSubstr("dim 0 ('batch') of 'x.npy' is 2, but --dim or another input says 3"));
  Write("two.npy", Tensor(x_, INGOT_F32, {3, 2}));
  EXPECT_THAT(Error("two.npy --random 1"), HasSubstr("input 'x': dim 1 is 2, expected 3"));
  Write("none.npy", Tensor(x_, INGOT_F32, {0, 3}));
  EXPECT_THAT(Error("none.npy --random 1"), HasSubstr("'batch'"));
  std::string bytes = ReadWholeFile(directory_.Path("x.npy"));
  WriteFile(directory_.Path("short.npy"), bytes.substr(0, bytes.size() - 1));
  EXPECT_THAT(Error("short.npy mask.npy scale.npy"),
              HasSubstr("cannot read 'short.npy': its shape needs 24 bytes of data, it has 23 (cut short)"));
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("y_out.npy"))) << "nothing is written after an error";
}

TEST_F(MainTest, BadOutputs) {
  WriteFile(directory_.Path("file"), "");
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --output file"), HasSubstr("file"));
  EXPECT_THAT(Error("x.npy mask.npy scale.npy --output absent/deep"), HasSubstr("cannot make directory 'absent/deep'"));
  std::filesystem::rename(directory_.Path("x.npy"), directory_.Path("y_out.npy"));
  EXPECT_THAT(Error("y_out.npy mask.npy scale.npy"), HasSubstr("would overwrite the input file"));
  EXPECT_EQ(Read<float>("y_out.npy", INGOT_F32, {2, 3}), x_) << "the input is unharmed";
}

TEST_F(MainTest, WeightsInASideFile) {
  auto run = [&](const std::string &more) {
    return Run("x.npy mask.npy scale.npy " + more, INGOT_TEST_SIDE_FILE_PROGRAM);
  };
  std::string content(INGOT_WEIGHTS_HEADER + 100, '\0');
  ingot_weights_header_t header = {INGOT_WEIGHTS_MAGIC, 100, 77};
  memcpy(content.data(), &header, sizeof(header));
  EXPECT_THAT(run("").error, HasSubstr("cannot open weights file 'masked.weights'"));
  WriteFile(directory_.Path("masked.weights"), content);
  EXPECT_EQ(run("").status, 0);
  WriteFile(directory_.Path("masked.weights"), content.substr(0, content.size() - 1));
  EXPECT_THAT(run("").error, HasSubstr("cut short"));
  WriteFile(directory_.Path("other"), content);
  EXPECT_EQ(run("--weights other").status, 0);
  ExpectOutputs("");
  EXPECT_THAT(Run("--help", INGOT_TEST_SIDE_FILE_PROGRAM).out,
              HasSubstr("weights: side file 'masked.weights', 100 bytes"));
}

TEST_F(MainTest, FullDisk) {
  Result result = Run("--help >/dev/full; echo \"status $?\"");
  EXPECT_THAT(result.out, HasSubstr("status 1"));
}

}  // namespace
}  // namespace ingot_test
