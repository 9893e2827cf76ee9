// .npy files: what NumPy writes, round trips of every dtype, and hostile files.
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "graph/interp/npy.h"
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

std::string TempPath(const std::string &name) {
  return absl::StrCat(testing::TempDir(), "/ingot_npy_", getpid(), "_", name);
}

void Write(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string File(const std::string &dict, const std::string &elements, char version = 1) {
  std::string file = std::string("\x93NUMPY") + version + '\0' + static_cast<char>(dict.size() & 255) +
                     static_cast<char>(dict.size() >> 8);
  if (version > 1) file += std::string(2, '\0');
  return file + dict + elements;
}
std::string Dict(const std::string &descr, const std::string &shape, const std::string &order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

TEST(Npy, RoundTripsEveryDType) {
  std::string path = TempPath("round.npy");
  for (int i = 1; i <= static_cast<int>(DType::kComplex64); ++i) {
    DType dtype = static_cast<DType>(i);
    Tensor tensor = Make(dtype, {2, 1, 3}, {0, 1, 1, 0, 0, 1});
    ASSERT_TRUE(WriteNpy(path, tensor).ok());
    absl::StatusOr<Tensor> read = ReadNpy(path, dtype);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->dtype(), dtype);
    EXPECT_EQ(read->dims(), tensor.dims());
    EXPECT_EQ(Doubles(*read), Doubles(tensor)) << std::string(Name(dtype));
  }
  for (std::vector<int64_t> dims : {std::vector<int64_t>{}, {3}, {0, 4}, {1, 1, 1, 1, 1, 1, 1, 2}}) {
    Tensor tensor = Tensor::Zeros(DType::kI32, dims);
    ASSERT_TRUE(WriteNpy(path, tensor).ok());
    absl::StatusOr<Tensor> read = ReadNpy(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->dims(), dims);
  }
  std::remove(path.c_str());
}

TEST(Npy, TypesThatNumPyLacksAreReadFromWhatStandsForThem) {
  std::string path = TempPath("low.npy");
  auto read = [&](const std::string &descr, const std::string &elements, DType wanted) {
    Write(path, File(Dict(descr, absl::StrCat("(", elements.size(), ",)")), elements));
    absl::StatusOr<Tensor> tensor = ReadNpy(path, wanted);
    if (!tensor.ok()) return std::string(tensor.status().message());
    return tensor->dtype() == wanted ? std::string(tensor->data(), tensor->bytes()) : "another dtype";
  };
  // ml_dtypes has a byte for each element of 4 bits, of which the upper half is nobody's.
  EXPECT_EQ(read("<V1", "\x0f\xf8\x07", DType::kI4), "\x8f\x07");
  EXPECT_EQ(read("|i1", "\xff\xf8\x07", DType::kI4), "\x8f\x07");
  EXPECT_EQ(read("|u1", "\x0f\x08", DType::kU4), "\x8f");
  EXPECT_EQ(read("|u1", "\x01\x02", DType::kI4), "another dtype");
  EXPECT_EQ(read("<V1", "ab", DType::kF8E4M3), "ab");
  EXPECT_EQ(read("<f1", "ab", DType::kF8E5M2), "ab");
  EXPECT_EQ(read("|u1", "ab", DType::kF8E5M2), "ab");
  EXPECT_EQ(read("<f1", "ab", DType::kF8E4M3), "another dtype");
  EXPECT_EQ(read("|i1", "\x08", DType::kI4), absl::StrCat("'", path, "' holds 8, which is no i4; clip it"));
  EXPECT_EQ(read("|u1", "\x10", DType::kU4), absl::StrCat("'", path, "' holds 16, which is no u4; clip it"));
  std::remove(path.c_str());
}

TEST(Npy, HeadersAreThoseOfNumPy) {
  // numpy.save of an f32 array of shape (3,), and of a scalar: 118 bytes of dict, elements at 128.
  std::string vector = MakeNpyHeader(DType::kF32, {3});
  EXPECT_EQ(vector.size() % 64, 0u);
  EXPECT_EQ(vector.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(vector.substr(10, 57), "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
  EXPECT_EQ(vector.back(), '\n');
  EXPECT_NE(MakeNpyHeader(DType::kU8, {}).find("'|u1', 'fortran_order': False, 'shape': (), }"), std::string::npos);
  EXPECT_NE(MakeNpyHeader(DType::kI64, {2, 3}).find("'<i8', 'fortran_order': False, 'shape': (2, 3), }"),
            std::string::npos);
}

TEST(Npy, ReadsOtherVersionsOrdersAndKeyOrders) {
  std::string path = TempPath("other.npy"), six("\1\2\3\4\5\6");
  for (char version : {1, 2, 3}) {
    Write(path, File(Dict("|u1", "(2, 3)", "True"), six, version));
    absl::StatusOr<Tensor> read = ReadNpy(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(Integers(*read), (std::vector<int64_t>{1, 3, 5, 2, 4, 6}));
  }
  Write(path, File("{\"shape\": (3, ) , 'fortran_order':True,'descr':\"<i2\"}", six));
  absl::StatusOr<Tensor> read = ReadNpy(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Integers(*read), (std::vector<int64_t>{0x201, 0x403, 0x605}));
  std::remove(path.c_str());
}

TEST(Npy, BfloatComesFromVoidOrOnRequestFromU2) {
  std::string path = TempPath("bf16.npy"), one("\x80\x3f");
  Write(path, File(Dict("|V2", "(1,)"), one));
  EXPECT_EQ(ReadNpy(path)->GetDouble(0), 1);
  Write(path, File(Dict("<u2", "(1,)"), one));
  EXPECT_EQ(ReadNpy(path)->dtype(), DType::kU16);
  EXPECT_EQ(ReadNpy(path, DType::kBF16)->GetDouble(0), 1);
  EXPECT_EQ(ReadNpy(path, DType::kF32)->dtype(), DType::kU16);
  std::remove(path.c_str());
}

TEST(Npy, HostileFilesAreRefused) {
  struct Row {
    std::string file, message;
  };
  std::string eight(8, 'x');
  for (const Row &row : std::vector<Row>{
           {"", "not an .npy file"},
           {"\x93NUMPY", "not an .npy file"},
           {"PK\3\4" + eight + eight, "not an .npy file"},
           {File(Dict("<f4", "(2,)"), eight, 9), "version 9"},
           {std::string("\x93NUMPY\x01\x00\xff\xff{", 11), "ends within its header"},
           {std::string("\x93NUMPY\x02\x00\xff\xff", 10), "ends within its header"},
           {std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{", 13), "ends within its header"},
           {File(Dict("<f4", "(3,)"), eight), "cut short"},
           {File(Dict("<f4", "(1,)"), eight), "4 bytes after its last element"},
           {File(Dict("<f4", "(4611686018427387904, 4)"), eight), "cut short"},
           {File(Dict("<f4", "(9223372036854775807, 9223372036854775807)"), eight), "cut short"},
           {File(Dict("<f4", "(9223372036854775807, 9223372036854775807, 0)"), ""), "cut short"},
           {File(Dict("<f4", "(99999999999999999999,)"), eight), "does not fit 64 bits"},
           {File(Dict("<f4", "(-2,)"), eight), "malformed header"},
           {File(Dict("<f4", "(1,1,1,1,1,1,1,1,1)"), eight), "more than 8 dims"},
           {File(Dict("<f4", "(2,"), eight), "malformed header"},
           {File(Dict("<f4", "2"), eight), "malformed header"},
           {File(Dict("<f4", "(2,)", "Maybe"), eight), "malformed header"},
           {File(Dict(">f4", "(2,)"), eight), "big-endian"},
           {File(Dict("<c16", "(1,)"), eight + eight), "'<c16'"},
           {File(Dict("|O", "(1,)"), eight), "'|O'"},
           {File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", eight), "records"},
           {File("{'descr': '<f4', 'shape': (2,), }", eight), "malformed header"},
           {File("{'descr': '<f4', 'descr': '<f4', }", eight), "repeated key"},
           {File("{'other': 1}", eight), "unknown or repeated key"},
           {File("{'descr': '<f4", eight), "malformed header"},
           {File(std::string(2000, '{'), eight), "malformed header"},
           {File("", eight), "malformed header"},
       }) {
    std::string path = TempPath("hostile.npy");
    Write(path, row.file);
    absl::Status status = ReadNpy(path).status();
    ExpectError(status, absl::StatusCode::kInvalidArgument, row.message);
    ExpectError(status, absl::StatusCode::kInvalidArgument, path);
    std::remove(path.c_str());
  }
}

TEST(Npy, EveryPrefixOfAGoodFileIsRefused) {
  std::string good = File(Dict("<f4", "(2, 1)"), std::string(8, 'x'));
  EXPECT_TRUE(ParseNpyHeader(good).ok());
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(ParseNpyHeader(std::string_view(good).substr(0, size)).ok()) << size;
}

TEST(Npy, MissingFilesAndFolders) {
  ExpectError(ReadNpy(TempPath("absent.npy")).status(), absl::StatusCode::kNotFound, "absent.npy");
  EXPECT_FALSE(ReadNpy(testing::TempDir()).ok());
  EXPECT_FALSE(WriteNpy(TempPath("no/such/folder.npy"), Tensor::ScalarF32(1)).ok());
  EXPECT_FALSE(WriteNpy(TempPath("invalid.npy"), Tensor()).ok());
}

}  // namespace
}  // namespace ingot
