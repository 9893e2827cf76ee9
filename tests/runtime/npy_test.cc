// The .npy reader and writer: round trips of every type, files as NumPy writes them, and hostile files.
// Subject: runtime/main/npy_read.cc, npy_write.cc, random.cc, and the file names of outputs.cc.
#include "runtime/main/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <random>

#include "runtime/main/message.h"
#include "runtime/main/outputs.h"
#include "runtime/main/random.h"
#include "tests/runtime/test_program.h"

namespace ingot::main_program {
namespace {

using ingot_test::ReadWholeFile;
using ingot_test::TemporaryDirectory;
using ingot_test::WriteFile;
using testing::HasSubstr;

class NpyTest : public testing::Test {
 protected:
  // Reads bytes as a file; returns the error message, empty on success.
  std::string Read(const std::string &bytes, NpyArray *array) {
    WriteFile(directory_.Path("a.npy"), bytes);
    testing::internal::CaptureStderr();
    bool ok = ReadNpy(directory_.Path("a.npy").c_str(), array);
    std::string message = testing::internal::GetCapturedStderr();
    EXPECT_EQ(ok, message.empty());
    return message;
  }
  std::string Error(const std::string &bytes) {
    NpyArray array = {};
    std::string message = Read(bytes, &array);
    EXPECT_NE(message, "");
    EXPECT_EQ(array.tensor.data, nullptr);
    free(array.tensor.data);
    return message;
  }

  TemporaryDirectory directory_;
};

std::string File(const std::string &dictionary, const std::string &data, int major = 1) {
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(major) + '\0';
  size_t size = dictionary.size();
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) bytes += static_cast<char>(size >> (8 * i) & 0xff);
  return bytes + dictionary + data;
}

std::string Header(const std::string &descr, const std::string &shape, const std::string &order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

TEST_F(NpyTest, RoundTripOfEveryType) {
  uint64_t state = 5;
  for (uint32_t dtype = INGOT_F64; dtype <= INGOT_COMPLEX64; ++dtype) {
    for (std::vector<int64_t> dims :
         std::vector<std::vector<int64_t>>{{}, {7}, {0}, {3, 0, 2}, {2, 3}, {1, 2, 1, 2, 1, 2, 1, 2}}) {
      ingot_tensor_t tensor = {nullptr, 0, dtype, static_cast<uint32_t>(dims.size()), {}};
      std::copy(dims.begin(), dims.end(), tensor.dims);
      uint64_t bytes = 0;
      ASSERT_TRUE(ArrayBytes(dtype, tensor.rank, tensor.dims, &bytes));
      std::vector<uint64_t> data(bytes / 8 + 1);
      tensor.data = data.data();
      tensor.bytes = bytes;
      FillRandom(tensor, &state);
      ASSERT_TRUE(WriteNpy(directory_.path().c_str(), "out.npy", tensor));
      NpyArray array = {};
      ASSERT_TRUE(ReadNpy(directory_.Path("out.npy").c_str(), &array));
      // What the file says, then what the program's input makes of it.
      static const std::map<uint32_t, uint32_t> kStored = {
          {INGOT_BF16, INGOT_U16}, {INGOT_F8E5M2, INGOT_F8E4M3}, {INGOT_I4, INGOT_I8}, {INGOT_U4, INGOT_U8}};
      EXPECT_EQ(array.tensor.dtype, kStored.count(dtype) != 0 ? kStored.at(dtype) : dtype);
      ASSERT_TRUE(ReadAs(dtype, "out.npy", &array));
      EXPECT_EQ(array.tensor.dtype, dtype);
      EXPECT_EQ(array.tensor.rank, tensor.rank);
      for (uint32_t d = 0; d < tensor.rank; ++d) EXPECT_EQ(array.tensor.dims[d], tensor.dims[d]);
      ASSERT_EQ(array.tensor.bytes, bytes);
      EXPECT_EQ(memcmp(array.tensor.data, tensor.data, bytes), 0);
      free(array.tensor.data);
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1)
          << "no temporary file stays";
    }
  }
}

TEST_F(NpyTest, TypesThatNumpyLacksAreReadFromWhatStandsForThem) {
  auto read = [&](const std::string &descr, const std::string &data, uint32_t wanted, std::string *error = nullptr) {
    WriteFile(directory_.Path("a.npy"), File(Header(descr, "(" + std::to_string(data.size()) + ",)"), data));
    NpyArray array = {};
    EXPECT_TRUE(ReadNpy(directory_.Path("a.npy").c_str(), &array)) << descr;
    testing::internal::CaptureStderr();
    EXPECT_EQ(ReadAs(wanted, "a.npy", &array), error == nullptr);
    std::string message = testing::internal::GetCapturedStderr();
    if (error != nullptr) *error = message;
    std::string bytes(static_cast<char *>(array.tensor.data), array.tensor.bytes);
    bool is_wanted = array.tensor.dtype == wanted;
    free(array.tensor.data);
    return is_wanted ? bytes : "another dtype";
  };
  // ml_dtypes has a byte for each element of 4 bits, of which the upper half is nobody's.
  EXPECT_EQ(read("<V1", "\x0f\xf8\x07", INGOT_I4), "\x8f\x07");
  EXPECT_EQ(read("|i1", "\xff\xf8\x07", INGOT_I4), "\x8f\x07");
  EXPECT_EQ(read("|u1", "\x0f\x08", INGOT_U4), "\x8f");
  EXPECT_EQ(read("|u1", "\x01\x02", INGOT_I4), "another dtype");
  EXPECT_EQ(read("<V1", "ab", INGOT_F8E4M3), "ab");
  EXPECT_EQ(read("<f1", "ab", INGOT_F8E5M2), "ab");
  EXPECT_EQ(read("|u1", "ab", INGOT_F8E5M2), "ab");
  EXPECT_EQ(read("<f1", "ab", INGOT_F8E4M3), "another dtype");
  std::string error;
  read("|i1", "\x08", INGOT_I4, &error);
  EXPECT_THAT(error, HasSubstr("'a.npy': it holds 8, which is no i4: clip it"));
  read("|u1", "\x10", INGOT_U4, &error);
  EXPECT_THAT(error, HasSubstr("it holds 16, which is no u4"));
}

TEST_F(NpyTest, WritesWhatNumpyWrites) {
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  ingot_tensor_t tensor = ingot_test::Tensor(data, INGOT_F32, {2, 3});
  ASSERT_TRUE(WriteNpy(directory_.path().c_str(), "out.npy", tensor));
  std::string expected = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.resize(117, ' ');
  expected = File(expected + "\n", std::string(reinterpret_cast<char *>(data.data()), 24));
  EXPECT_EQ(ReadWholeFile(directory_.Path("out.npy")), expected);
}

TEST_F(NpyTest, ReadsAllVersionsAndSpellings) {
  std::string data("\1\0\2\0", 4);
  for (const std::string &file :
       {File(Header("<i2", "(2,)"), data, 1), File(Header("<i2", "(2,)"), data, 2),
        File(Header("<i2", "(2, )"), data, 3), File("{\"shape\":(2),\"fortran_order\":False,\"descr\":\"=i2\"}", data),
        File(" { 'shape' : ( 2 , ) , 'fortran_order' : False , 'descr' : 'i2' } ", data)}) {
    NpyArray array = {};
    ASSERT_EQ(Read(file, &array), "");
    EXPECT_EQ(array.tensor.dtype, INGOT_I16);
    EXPECT_EQ(array.tensor.rank, 1u);
    EXPECT_EQ(array.tensor.dims[0], 2);
    EXPECT_EQ(static_cast<int16_t *>(array.tensor.data)[1], 2);
    free(array.tensor.data);
  }
}

TEST_F(NpyTest, ReadsBfloat16AsV2) {
  for (const char *descr : {"|V2", "<V2"}) {
    NpyArray array = {};
    ASSERT_EQ(Read(File(Header(descr, "(2,)"), std::string("\x80\x3f\0\x40", 4)), &array), "");
    EXPECT_EQ(array.tensor.dtype, static_cast<uint32_t>(INGOT_BF16));
    EXPECT_EQ(static_cast<uint16_t *>(array.tensor.data)[1], 0x4000);
    free(array.tensor.data);
  }
  EXPECT_THAT(Error(File(Header("|V4", "(1,)"), "1234")), HasSubstr("not supported"));
}

TEST_F(NpyTest, RefusesHostileFiles) {
  std::string good = File(Header("<f4", "(2, 3)"), std::string(24, 'x'));
  EXPECT_THAT(Error(""), HasSubstr("too short"));
  EXPECT_THAT(Error("PK\3\4 this is a zip file"), HasSubstr("wrong magic"));
  EXPECT_THAT(Error(File(Header("<f4", "()"), "1234", 4)), HasSubstr("version"));
  EXPECT_THAT(Error(good.substr(0, good.size() - 1)), HasSubstr("cut short"));
  EXPECT_THAT(Error(good + "x"), HasSubstr("its shape needs 24 bytes of data, it has 25"));
  EXPECT_THAT(Error(good.substr(0, 30)), HasSubstr("cut short in its header"));
  EXPECT_THAT(Error(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)), HasSubstr("header is too long"));
  EXPECT_THAT(Error(std::string("\x93NUMPY\2\0\1\0", 10)), HasSubstr("cut short in its header"));
  EXPECT_THAT(Error(File(Header("<f4", "(2, 3)", "True"), std::string(24, 'x'))), HasSubstr("ascontiguousarray"));
  EXPECT_THAT(Error(File(Header(">f4", "(2, 3)"), std::string(24, 'x'))), HasSubstr("big endian"));
  EXPECT_THAT(Error(File(Header("<c16", "(1,)"), std::string(16, 'x'))), HasSubstr("not supported"));
  EXPECT_THAT(Error(File(Header("|O", "(2,)"), std::string(16, 'x'))), HasSubstr("not supported"));
  EXPECT_THAT(Error(File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234")),
              HasSubstr("not a plain one"));
  EXPECT_THAT(Error(File(Header("|b1", "(2,)"), "\1\2")), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(Error(File(Header("<f4", "(4611686018427387904, 4)"), "1234")), HasSubstr("absurdly large"));
  EXPECT_THAT(Error(File(Header("<f4", "(1000000000000,)"), "1234")), HasSubstr("cut short"));
  EXPECT_THAT(Error(File(Header("<f4", "(99999999999999999999,)"), "1234")), HasSubstr("something else than sizes"));
  EXPECT_THAT(Error(File(Header("<f4", "(-1,)"), "1234")), HasSubstr("something else than sizes"));
  EXPECT_THAT(Error(File(Header("<f4", "(1,1,1,1,1,1,1,1,1)"), "1234")), HasSubstr("more than 8 dims"));
  EXPECT_THAT(Error(File("{'shape': (1 2)}", "1234")), HasSubstr("its shape is malformed"));
  EXPECT_THAT(Error(File(Header("<f4", "1"), "1234")), HasSubstr("not a tuple"));
  for (const char *text :
       {"", "{", "}", "{}", "{'descr'", "{'descr': '<f4'}", "[1]", "{'x': 1}", "{'descr': '<f4', 'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} more",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}"}) {
    EXPECT_THAT(Error(File(text, "1234")), HasSubstr("header is malformed")) << text;
  }
}

TEST_F(NpyTest, SurvivesRandomDamage) {
  std::mt19937 random(3);
  std::string good = File(Header("<i2", "(2, 3)"), std::string(12, 'x'));
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (uint32_t i = 0; i <= random() % 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    NpyArray array = {};
    Read(bytes, &array);
    free(array.tensor.data);
  }
}

TEST_F(NpyTest, WhatIsNotAFile) {
  NpyArray array = {};
  testing::internal::CaptureStderr();
  EXPECT_FALSE(ReadNpy(directory_.path().c_str(), &array));
  ASSERT_EQ(mkfifo(directory_.Path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(ReadNpy(directory_.Path("pipe").c_str(), &array));
  EXPECT_FALSE(ReadNpy(directory_.Path("absent").c_str(), &array));
  EXPECT_FALSE(WriteNpy(directory_.Path("absent").c_str(), "x.npy", array.tensor));
  std::string message = testing::internal::GetCapturedStderr();
  EXPECT_THAT(message, HasSubstr("not a regular file"));
  EXPECT_THAT(message, HasSubstr("cannot open"));
  EXPECT_THAT(message, HasSubstr("cannot write"));
}

TEST_F(NpyTest, FailedWriteLeavesNothing) {
  std::filesystem::create_directory(directory_.Path("x.npy"));
  std::vector<float> data = {1};
  testing::internal::CaptureStderr();
  EXPECT_FALSE(WriteNpy(directory_.path().c_str(), "x.npy", ingot_test::Tensor(data, INGOT_F32, {1})));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("cannot write"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST(RandomTest, FloatsAreEqualInEveryPrecision) {
  std::vector<float> f32(500);
  std::vector<double> f64(500);
  std::vector<uint16_t> f16(500), bf16(500);
  auto fill = [](auto &data, uint32_t dtype) {
    uint64_t state = 42;
    FillRandom(ingot_test::Tensor(data, dtype, {500}), &state);
  };
  fill(f32, INGOT_F32);
  fill(f64, INGOT_F64);
  fill(f16, INGOT_F16);
  fill(bf16, INGOT_BF16);
  for (size_t i = 0; i < 500; ++i) {
    EXPECT_GE(f32[i], -1);
    EXPECT_LT(f32[i], 1);
    EXPECT_EQ(f64[i], f32[i]);
    uint32_t wide = static_cast<uint32_t>(bf16[i]) << 16;
    float from_brain;
    memcpy(&from_brain, &wide, 4);
    EXPECT_EQ(from_brain, f32[i]);
    int exponent = f16[i] >> 10 & 31;
    float from_half =
        exponent == 0 ? 0
                      : ldexpf(1 + static_cast<float>(f16[i] & 1023) / 1024, exponent - 15) * (f16[i] >> 15 ? -1 : 1);
    EXPECT_EQ(from_half, f32[i]);
  }
}

TEST(OutputNameTest, StaysInTheDirectoryAndUnique) {
  ingot_test::TestProgram p;
  for (const char *name : {"plain-1.x_", "../../etc/passwd", "a/b", "a_b", "", "..", "naïve"})
    p.AddOutput(name, INGOT_F32, {}, 0);
  p.Desc();
  std::vector<std::string> names;
  for (uint32_t i = 0; i < p.desc.num_outputs; ++i) {
    char name[kMaxFileName];
    OutputFileName(&p.desc, i, name);
    names.push_back(name);
  }
  EXPECT_THAT(names, testing::ElementsAre("plain-1.x_.npy", ".._.._etc_passwd.npy", "a_b+2.npy", "a_b+3.npy",
                                          "output.npy", "...npy", "na__ve.npy"));
  std::string longest(5000, 'x');
  p.outputs[0].name = longest.c_str();
  char name[kMaxFileName];
  OutputFileName(&p.desc, 0, name);
  EXPECT_LT(strlen(name), 200u);
}

}  // namespace
}  // namespace ingot::main_program
