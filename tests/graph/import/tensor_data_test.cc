// Tensors in all their encodings, and external data: mapped when it lies beside the model, refused when it does not.
#include "graph/import/onnx/tensor_data.h"

#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using onnx::TensorProto;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<Tensor> Load(const TensorProto &proto, const std::string &directory = "") {
  return onnx_import::TensorLoader(directory, nullptr).Load(proto, "t");
}

TensorProto Proto(int type, const std::vector<int64_t> &dims) {
  TensorProto proto;
  proto.set_data_type(type);
  for (int64_t dim : dims) proto.add_dims(dim);
  return proto;
}

TEST(TensorData, TypedFields) {
  TensorProto half = Proto(TensorProto::FLOAT16, {2});
  half.add_int32_data(0x3c00);
  half.add_int32_data(0xc000);
  auto tensor = Load(half);
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->dtype(), DType::kF16);
  EXPECT_EQ(tensor->GetDouble(0), 1);
  EXPECT_EQ(tensor->GetDouble(1), -2);

  TensorProto bytes = Proto(TensorProto::INT8, {1});
  bytes.add_int32_data(-3);
  EXPECT_EQ(Load(bytes)->GetInt(0), -3);
  TensorProto unsigned32 = Proto(TensorProto::UINT32, {1});
  unsigned32.add_uint64_data(4'000'000'000u);
  EXPECT_EQ(Load(unsigned32)->GetInt(0), 4'000'000'000);
  TensorProto truth = Proto(TensorProto::BOOL, {2});
  truth.set_raw_data(std::string("\x00\x7f", 2));
  EXPECT_EQ(Load(truth)->data()[1], 1) << "any byte is true";
  TensorProto real = Proto(TensorProto::DOUBLE, {});
  real.add_double_data(0.5);
  EXPECT_EQ(Load(real)->GetDouble(0), 0.5);
  EXPECT_EQ(Load(Proto(TensorProto::FLOAT, {0, 3}))->size(), 0);
}

TEST(TensorData, LowBits) {
  // As TensorProto.DataType has them; Debian's schema is older.
  constexpr int kFloat8E4M3Fn = 17, kFloat8E5M2 = 19, kUint4 = 21, kInt4 = 22;
  TensorProto real = Proto(kFloat8E4M3Fn, {2});
  real.set_raw_data("\x38\xff");
  EXPECT_EQ(Load(real)->dtype(), DType::kF8E4M3);
  EXPECT_EQ(Load(real)->GetDouble(0), 1);
  EXPECT_TRUE(std::isnan(Load(real)->GetDouble(1)));
  TensorProto typed = Proto(kFloat8E5M2, {2});
  typed.add_int32_data(0x3c);
  typed.add_int32_data(0xfc);
  EXPECT_EQ(Load(typed)->GetDouble(0), 1);
  EXPECT_EQ(Load(typed)->GetDouble(1), -INFINITY);
  // An entry of int32_data holds two of them.
  TensorProto half = Proto(kInt4, {3});
  half.add_int32_data(0xe1);
  half.add_int32_data(0x07);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Load(half)->GetInt(i), (std::vector<int64_t>{1, -2, 7})[static_cast<size_t>(i)]);
  half.add_int32_data(0);
  ExpectError(Load(half).status(), kInvalid, {"has 3 elements in int32_data, but its dims need 2"});
  TensorProto raw = Proto(kUint4, {3});
  raw.set_raw_data("\xe1\x07");
  EXPECT_EQ(Load(raw)->GetInt(1), 14);
  raw.set_raw_data("\xe1\x07\x07");
  ExpectError(Load(raw).status(), kInvalid, {"has 3 bytes of raw data, but its type needs 2"});
}

TEST(TensorData, SizesMustBeBacked) {
  TensorProto raw = Proto(TensorProto::FLOAT, {3});
  raw.set_raw_data("12345678");
  ExpectError(Load(raw).status(), kInvalid, {"tensor 't' has 8 bytes of raw data, but its type needs 12"});
  for (int type :
       {TensorProto::FLOAT, TensorProto::INT64, TensorProto::DOUBLE, TensorProto::UINT64, TensorProto::UINT32,
        TensorProto::INT32, TensorProto::FLOAT16, TensorProto::BFLOAT16, TensorProto::BOOL, TensorProto::UINT8}) {
    ExpectError(Load(Proto(type, {1 << 30, 100})).status(), kInvalid, {"tensor 't' has 0 elements in"});
  }
  ExpectError(Load(Proto(TensorProto::FLOAT, {-1})).status(), kInvalid, {"impossible size"});
  ExpectError(Load(Proto(TensorProto::FLOAT, {INT64_MAX, INT64_MAX})).status(), kInvalid, {"impossible size"});
  ExpectError(Load(Proto(TensorProto::FLOAT, {INT64_C(1) << 40, INT64_C(1) << 40, 0})).status(), kInvalid,
              {"impossible size"});
}

TEST(TensorData, OtherTypesAreUnsupported) {
  ExpectError(Load(Proto(TensorProto::STRING, {1})).status(), absl::StatusCode::kUnimplemented,
              {"tensor 't' holds string"});
  ExpectError(Load(Proto(TensorProto::COMPLEX128, {1})).status(), absl::StatusCode::kUnimplemented, {"complex128"});
  ExpectError(Load(Proto(18, {1})).status(), absl::StatusCode::kUnimplemented,
              {"an 8-bit float without a negative zero"});
  ExpectError(Load(Proto(-5, {1})).status(), absl::StatusCode::kUnimplemented, {"type -5"});
  ExpectError(Load(Proto(TensorProto::FLOAT, std::vector<int64_t>(9, 1))).status(), absl::StatusCode::kUnimplemented,
              {"rank 9"});
}

class ExternalData : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ingot-import-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directory(root_ / "model");
    Write("model/weights.bin", std::string(64, '\x01'));
    Write("secret.bin", std::string(64, '\x02'));
    fs::create_symlink(root_ / "secret.bin", root_ / "model" / "link.bin");
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string &name, const std::string &bytes) {
    std::ofstream(root_ / name, std::ios::binary) << bytes;
  }

  absl::StatusOr<Tensor> LoadFrom(const std::string &location, const std::string &offset = "",
                                  const std::string &length = "", int64_t elements = 4) {
    TensorProto proto = Proto(TensorProto::INT32, {elements});
    proto.set_data_location(TensorProto::EXTERNAL);
    for (const auto &[key, value] :
         {std::pair<std::string, std::string>("location", location), {"offset", offset}, {"length", length}}) {
      if (value.empty()) continue;
      auto &entry = *proto.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return Load(proto, (root_ / "model").string());
  }

  fs::path root_;
};

TEST_F(ExternalData, IsMapped) {
  auto tensor = LoadFrom("weights.bin", "8", "16");
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->GetInt(3), 0x01010101);
  EXPECT_TRUE(LoadFrom("weights.bin", "48").ok());
  EXPECT_TRUE(LoadFrom("weights.bin", "", "", 0).ok());
}

TEST_F(ExternalData, StaysInsideTheDirectory) {
  ExpectError(LoadFrom("../secret.bin").status(), kInvalid, {"tensor 't'", "leaves the model's directory"});
  ExpectError(LoadFrom((root_ / "secret.bin").string()).status(), kInvalid, {"not relative"});
  ExpectError(LoadFrom("link.bin").status(), kInvalid, {"leaves the model's directory"});
  ExpectError(LoadFrom("./../model/../secret.bin").status(), kInvalid, {"leaves the model's directory"});
  ExpectError(LoadFrom("").status(), kInvalid, {"tensor 't'"});
  ExpectError(LoadFrom(".").status(), kInvalid, {"tensor 't'"});
  ExpectError(LoadFrom(std::string("weights.bin\0.txt", 16)).status(), kInvalid, {"tensor 't'"});
}

TEST_F(ExternalData, MissingShortAndAbsurd) {
  ExpectError(LoadFrom("absent.bin").status(), kInvalid, {"absent.bin", "put the file beside the model"});
  ExpectError(LoadFrom("weights.bin", "52").status(), kInvalid, {"bytes 52 to 52 + 16", "has 64", "truncated"});
  ExpectError(LoadFrom("weights.bin", "18446744073709551615").status(), kInvalid, {"18446744073709551615"});
  ExpectError(LoadFrom("weights.bin", "18446744073709551616").status(), kInvalid, {"not a number"});
  ExpectError(LoadFrom("weights.bin", "-1").status(), kInvalid, {"'-1'", "not a number"});
  ExpectError(LoadFrom("weights.bin", "0", "12").status(), kInvalid,
              {"12 bytes of external data, but its type needs 16"});
  ExpectError(LoadFrom("weights.bin", "", "", INT64_C(1) << 40).status(), kInvalid, {"has 64"});
}

TEST_F(ExternalData, WholeModel) {
  Model m;
  m.Input("x", kFloat, {4}).Output("y");
  auto &w = m.Initializer("w", kFloat, {4});
  w.set_data_location(TensorProto::EXTERNAL);
  auto &entry = *w.add_external_data();
  entry.set_key("location");
  entry.set_value("weights.bin");
  m.Node("Add", {"x", "w"}, {"y"});
  Write("model/model.onnx", m.Bytes());
  EXPECT_TRUE(ImportOnnx((root_ / "model" / "model.onnx").string()).ok());
  ExpectError(m.Import().status(), kInvalid, {"tensor 'w'", "without a directory"});
  fs::remove(root_ / "model" / "weights.bin");
  ExpectError(ImportOnnx((root_ / "model" / "model.onnx").string()).status(), kInvalid,
              {"model.onnx", "tensor 'w'", "weights.bin"});
}

TEST(TensorData, UnsupportedTensorsAreListedWhereTheyAreUsed) {
  Model m;
  m.Input("x", kFloat, {1}).Output("y").Output("z");
  m.Initializer("s", TensorProto::STRING, {1}).add_string_data("a");
  m.Initializer("unused", TensorProto::STRING, {1}).add_string_data("a");
  m.Node("Identity", {"s"}, {"y"});
  m.Node("NoSuchOp", {"x"}, {"z"});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"2 parts", "tensor 's'", "'NoSuchOp_1'"});
}

}  // namespace
}  // namespace ingot
