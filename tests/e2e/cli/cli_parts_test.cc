// Parts of the command `ingot` that are easier to corner alone: child processes that misbehave, comparison of tensors,
// files of test cases, damaged shared objects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/forked_jobs.h"
#include "tools/ingot/onnx_case.h"
#include "tools/ingot/shared_program.h"
#include "tools/ingot/state_file.h"

namespace ingot::tool {
namespace {

std::map<int, JobOutcome> RunJobs(int count, const JobOptions &options, const std::function<std::string(int)> &job) {
  std::map<int, JobOutcome> outcomes;
  absl::Status status =
      RunForked(count, options, job, [&](int index, const JobOutcome &outcome) { outcomes[index] = outcome; });
  EXPECT_TRUE(status.ok()) << status;
  return outcomes;
}

class StateFile : public testing::Test {
 protected:
  void SetUp() override { path_ = testing::TempDir() + "states." + std::to_string(getpid()); }
  void TearDown() override { unlink(path_.c_str()); }

  // What is said of a file with this header and these bytes behind it; "" when it is read.
  std::string Read(const std::string &header, const std::string &data) {
    uint64_t length = header.size();
    return ReadBytes(std::string(reinterpret_cast<const char *>(&length), 8) + header + data);
  }
  std::string ReadBytes(const std::string &bytes) {
    EXPECT_TRUE(WriteFile(path_, bytes).ok());
    absl::Status status = ReadStateFile(path_).status();
    if (status.ok()) return "";
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("'" + path_ + "' is no file of states"));
    return std::string(status.message());
  }

  std::string path_;
};

TEST_F(StateFile, KeepsWhatWasWritten) {
  NamedTensors states = {{"flag", Tensor(DType::kBool, {3}, "\1\0\1", nullptr)},
                         {"at", Tensor::I64({}, {7})},
                         {"keys \" \u00e9", Tensor::F32({2, 2}, {1, 2, 3, 4})},
                         {"none", Tensor::F32({0, 5}, {})}};
  ASSERT_TRUE(WriteStateFile(path_, states).ok());
  absl::StatusOr<std::optional<NamedTensors>> read = ReadStateFile(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_TRUE(read->has_value());
  NamedTensors back = states;
  for (auto &[name, tensor] : back) tensor = Tensor::Zeros(tensor.dtype(), tensor.dims());
  ASSERT_TRUE(MatchStates(path_, **read, &back).ok());
  for (size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(back[i].first, states[i].first);
    EXPECT_EQ(std::string(back[i].second.data(), back[i].second.bytes()),
              std::string(states[i].second.data(), states[i].second.bytes()));
  }
  back[1].second = Tensor::Zeros(DType::kI32, {});
  EXPECT_THAT(std::string(MatchStates(path_, **read, &back).message()),
              testing::HasSubstr("has the state 'at' as i64[], the model's is i32[]"));
  back.erase(back.begin() + 1);
  EXPECT_THAT(std::string(MatchStates(path_, **read, &back).message()),
              testing::HasSubstr("has 4 states, the model has 3"));
  unlink(path_.c_str());
  read = ReadStateFile(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->has_value());
}

// As the format spells them, so that other programs read them.
TEST_F(StateFile, DtypesHaveTheFormatsNames) {
  for (auto [dtype, name] : {std::pair(DType::kComplex64, "C64"), std::pair(DType::kF8E4M3, "F8_E4M3"),
                             std::pair(DType::kF8E5M2, "F8_E5M2"), std::pair(DType::kBF16, "BF16")}) {
    ASSERT_TRUE(WriteStateFile(path_, {{"x", Tensor::Zeros(dtype, {3})}}).ok());
    std::ifstream file(path_, std::ios::binary);
    std::string contents((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(contents, testing::HasSubstr(absl::StrCat("\"dtype\":\"", name, "\"")));
    absl::StatusOr<std::optional<NamedTensors>> read = ReadStateFile(path_);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((**read)[0].second.type(), (TensorType{dtype, {3}}));
  }
}

TEST_F(StateFile, HostileFilesAreRefused) {
  const std::string good = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  EXPECT_EQ(Read(good, "ab"), "");
  EXPECT_EQ(Read(R"({"__metadata__":{"format":"pt"}})", ""), "");
  for (
      const auto &[header, data, message] : std::vector<std::array<std::string, 3>>{
          {good, "a", "data_offsets outside the file"},
          {good, "abc", "bytes behind its tensors"},
          {"", "", "no JSON object"},
          {"[]", "", "no JSON object"},
          {"{", "", "no JSON object"},
          {std::string(100000, '['), "", "no JSON object"},
          {R"({"a":1})", "", "no dtype, shape or data_offsets"},
          {R"({"a":{"dtype":"u8","shape":[0],"data_offsets":[0,0]}})", "", "unknown dtype"},
          {R"({"a":{"dtype":"INVALID","shape":[0],"data_offsets":[0,0]}})", "", "unknown dtype"},
          {R"({"a":{"dtype":8,"shape":[0],"data_offsets":[0,0]}})", "", "unknown dtype"},
          {R"({"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}})", "ab", "no list of at most 8"},
          {R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,2]}})", "ab", "no list of at most 8"},
          {R"({"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}})", "ab", "a dim that is no size"},
          {R"({"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}})", "ab", "a dim that is no size"},
          {R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,2]}})", "ab", "no size"},
          {R"({"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}})", "", "too large"},
          {R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}})", "ab", "another number of bytes"},
          {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}})", "ab", "data_offsets outside"},
          {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}})", "ab", "data_offsets outside"},
          {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "abc", "gaps"},
          {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           "abc", "overlap"},
          {R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\1\2", "neither 0 nor 1"}}) {
    EXPECT_THAT(Read(header, data), testing::HasSubstr(message)) << header.substr(0, 200);
  }
  EXPECT_THAT(ReadBytes("1234567"), testing::HasSubstr("too short"));
  EXPECT_THAT(ReadBytes(std::string(8, '\xff') + good), testing::HasSubstr("longer than the file"));
  EXPECT_THAT(ReadBytes(std::string("\x40\0\0\0\0\0\0\0", 8) + good), testing::HasSubstr("longer than the file"));
}

TEST(ForkedJobs, ReturnsWhatEachJobSays) {
  std::string large(1 << 20, 'x');  // more than a pipe holds
  auto outcomes = RunJobs(7, {.parallel = 3}, [&](int index) { return large + std::to_string(index); });
  ASSERT_EQ(outcomes.size(), 7u);
  for (const auto &[index, outcome] : outcomes) {
    EXPECT_EQ(outcome.trouble, "");
    EXPECT_EQ(outcome.output, large + std::to_string(index));
  }
}

TEST(ForkedJobs, CrashesAndExitsAreOutcomes) {
  auto outcomes = RunJobs(3, {.parallel = 2}, [](int index) -> std::string {
    if (index == 0) {
      if (write(STDERR_FILENO, "first\nlast words\n", 17) < 0) _exit(9);
      kill(getpid(), SIGKILL);
    }
    if (index == 1) _exit(3);
    return "fine";
  });
  EXPECT_EQ(outcomes[0].trouble, "killed by signal 9 (Killed): last words");
  EXPECT_EQ(outcomes[1].trouble, "ended with status 3");
  EXPECT_EQ(outcomes[2].trouble, "");
  EXPECT_EQ(outcomes[2].output, "fine");
}

TEST(ForkedJobs, HangsEndInTime) {
  auto outcomes = RunJobs(2, {.parallel = 2, .timeout_seconds = 0.3}, [](int index) -> std::string {
    while (index == 0) pause();
    return "fine";
  });
  EXPECT_EQ(outcomes[0].trouble, "no answer in 0.3 s");
  EXPECT_LT(outcomes[0].seconds, 10);
  EXPECT_EQ(outcomes[1].output, "fine");
}

std::string Differs(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance = {}) {
  return std::string(Compare(actual, expected, tolerance).message());
}

TEST(Compare, HasOnnxsTolerances) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Differs(Tensor::F32({4}, {1.0005f, kNan, kInf, 0}), Tensor::F32({4}, {1, kNan, kInf, 0})), "");
  EXPECT_EQ(Differs(Tensor::F32({}, {5e-8f}), Tensor::F32({}, {0})), "");
  EXPECT_EQ(Differs(Tensor::F32({2, 2}, {1, 2, 3.1f, 4.1f}), Tensor::F32({2, 2}, {1, 2, 3, 4})),
            "2 of 4 elements differ; the worst, at [1, 0], is 3.1, expected 3");
  EXPECT_NE(Differs(Tensor::F32({1}, {kInf}), Tensor::F32({1}, {-kInf})), "");
  EXPECT_NE(Differs(Tensor::F32({1}, {kNan}), Tensor::F32({1}, {1})), "");
  EXPECT_NE(Differs(Tensor::F32({1}, {1}), Tensor::F32({1}, {kNan})), "");
  EXPECT_EQ(Differs(Tensor::F32({1}, {1.4f}), Tensor::F32({1}, {1}), {0.5, 0}), "");
}

TEST(Compare, NamesDtypesAndShapes) {
  EXPECT_EQ(Differs(Tensor::F32({2}, {0, 0}), Tensor::F32({1, 2}, {0, 0})), "is f32[2], expected f32[1, 2]");
  EXPECT_EQ(Differs(Tensor::I64({1}, {0}), Tensor::F32({1}, {0})), "is i64[1], expected f32[1]");
  EXPECT_EQ(Differs(Tensor::F32({0}, {}), Tensor::F32({0}, {})), "");
  EXPECT_NE(Differs(Tensor::I64({1}, {7}), Tensor::I64({1}, {8})), "");
}

TEST(InOrder, GoesByNameWhenNamesFitAndByFileOtherwise) {
  std::vector<Port> ports = {{"a", DType::kI64, {}}, {"b", DType::kBF16, {"1"}}};
  Tensor one = Tensor::ScalarI64(1), bits = Tensor::Zeros(DType::kU16, {1});
  auto named = InOrder({{"b", bits}, {"a", one}}, ports, "input");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ((*named)[0].dtype(), DType::kI64);
  EXPECT_EQ((*named)[1].dtype(), DType::kBF16);  // what ONNX stores as u16
  auto unnamed = InOrder({{"", one}, {"", bits}}, ports, "input");
  ASSERT_TRUE(unnamed.ok());
  EXPECT_EQ((*unnamed)[1].dtype(), DType::kBF16);
  EXPECT_EQ(InOrder({{"a", one}}, ports, "input").status().message(),
            "has 1 input files, and the model has 2 inputs: 'a' and 'b'");
}

TEST(SharedProgram, DamagedFilesAreRefused) {
  // This test's own file is an ELF file without a program in it; every cut and every damaged byte of its headers has to
  // be survived.
  auto file = MappedFile::Open("/proc/self/exe");
  ASSERT_TRUE(file.ok()) << file.status();
  std::string bytes((*file)->view());
  EXPECT_TRUE(FindProgramSymbols(bytes).ok());
  for (size_t length : {size_t{0}, size_t{3}, size_t{40}, size_t{64}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_FALSE(FindProgramSymbols(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
  for (size_t at = 0; at < 64; ++at) {
    for (char damage : {'\x01', '\x7f', '\xff'}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ damage);
      FindProgramSymbols(damaged).status().IgnoreError();
    }
  }
}

// A case whose input is an optional sequence and whose outputs are a sequence and a tensor.
class CaseFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "case." + std::to_string(getpid());
    std::filesystem::create_directories(directory_ + "/test_data_set_0");
    onnx::ModelProto model;
    auto &input = *model.mutable_graph()->add_input(), &list = *model.mutable_graph()->add_output();
    input.set_name("x");
    input.mutable_type()->mutable_optional_type()->mutable_elem_type()->mutable_sequence_type();
    list.set_name("list");
    list.mutable_type()->mutable_sequence_type();
    model.mutable_graph()->add_output()->set_name("one");
    Write("model.onnx", model);
    onnx::OptionalProto given;
    for (int64_t value : {5, 6}) *given.mutable_sequence_value()->add_tensor_values() = TensorOf("", value);
    Write("test_data_set_0/input_0.pb", given);
    onnx::SequenceProto sequence;
    for (int64_t value : {7, 8, 9}) *sequence.add_tensor_values() = TensorOf("", value);
    Write("test_data_set_0/output_0.pb", sequence);
    Write("test_data_set_0/output_1.pb", TensorOf("one", 1));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  template <typename Proto>
  void Write(const std::string &name, const Proto &proto) {
    EXPECT_TRUE(WriteFile(directory_ + "/" + name, proto.SerializeAsString()).ok());
  }
  static onnx::TensorProto TensorOf(const std::string &name, int64_t value) {
    onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_int64_data(value);
    return tensor;
  }
  static std::map<std::string, int64_t> Values(const std::vector<NamedTensor> &tensors) {
    std::map<std::string, int64_t> values;
    for (const NamedTensor &tensor : tensors) values[tensor.name] = tensor.tensor.GetInt(0);
    return values;
  }

  std::string directory_;
};

TEST_F(CaseFiles, SequencesAreReadAsTheirTensors) {
  absl::StatusOr<std::vector<DataSet>> sets = ReadDataSets(directory_);
  ASSERT_TRUE(sets.ok()) << sets.status();
  ASSERT_EQ(sets->size(), 1u);
  EXPECT_EQ(Values((*sets)[0].inputs), (std::map<std::string, int64_t>{{"x_0", 5}, {"x_1", 6}}));
  EXPECT_EQ(Values((*sets)[0].outputs),
            (std::map<std::string, int64_t>{{"list_0", 7}, {"list_1", 8}, {"list_2", 9}, {"one", 1}}));
  EXPECT_EQ((*sets)[0].lengths, (std::map<std::string, Dim>{{"x", 2}}));
}

TEST_F(CaseFiles, WhatIsAbsentOrDamagedIsNamed) {
  Write("test_data_set_0/input_0.pb", onnx::OptionalProto());
  absl::Status absent = ReadDataSets(directory_).status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(absent.message()), testing::HasSubstr("'x' is an optional value that is absent"));
  EXPECT_TRUE(WriteFile(directory_ + "/test_data_set_0/input_0.pb", "\x07").ok());
  absl::Status damaged = ReadDataSets(directory_).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(damaged.message()), testing::HasSubstr("input_0.pb' is not an optional value: the file is"));
}

}  // namespace
}  // namespace ingot::tool
