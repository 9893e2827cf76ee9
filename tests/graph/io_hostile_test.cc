// Graph files made to harm: every one is refused with a message, without a crash, a large allocation or a look outside
// the graph's directory. The fuzzer graph_file_fuzzer starts from tests/graph/corpus/graph, which is also read here.
#include <sys/stat.h>

#include <random>

#include "gmock/gmock.h"
#include "ingot/graph_file.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

const std::string kHeader = "format_version: 1 op_set: 1 name: 'hostile' ";
const std::string kInput = "inputs { name: 'x' type { dtype: F32 dims: 'n' dims: '4' } } ";
const std::string kOutput = "outputs { name: 'y' value: 'y' } ";

std::string Node(const std::string &op, const std::string &fields) {
  return "nodes { name: 'bad' op: '" + op + "' outputs: 'y' location: 'f:1' " + fields + " } ";
}

std::string ErrorOf(const std::string &bytes, const std::string &directory = "",
                    absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
  absl::StatusOr<Graph> graph = ParseGraph(bytes, directory);
  if (graph.ok()) return "accepted:\n" + ToString(*graph);
  EXPECT_EQ(graph.status().code(), code);
  return std::string(graph.status().message());
}

// `fields` of a node, among a good header, input and output.
std::string NodeError(const std::string &op, const std::string &fields) {
  return ErrorOf(kHeader + kInput + Node(op, fields) + kOutput);
}

// `fields` of a constant's tensor.
std::string TensorError(const std::string &fields, const std::string &directory = "",
                        absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
  return ErrorOf(kHeader + kInput + "constants { name: 'y' tensor { " + fields + " } } " + kOutput, directory, code);
}

std::string GoldenBinary() {
  TemporaryDirectory directory;
  EXPECT_TRUE(SaveGraph(GoldenMlp(), directory / "g").ok());
  return ReadWhole(directory / "g");
}

// Whatever is accepted must be sound: it validates, and survives being written and read.
void ExpectHarmless(const std::string &bytes) {
  absl::StatusOr<Graph> graph = ParseGraph(bytes, "");
  if (!graph.ok()) {
    EXPECT_NE(graph.status().code(), absl::StatusCode::kInternal) << graph.status().message();
    EXPECT_FALSE(graph.status().message().empty());
    return;
  }
  EXPECT_TRUE(Validate(*graph).ok());
  absl::StatusOr<std::string> text = PrintGraph(*graph);
  ASSERT_TRUE(text.ok()) << text.status().message();
  absl::StatusOr<Graph> again = ParseGraph(*text, "");
  ASSERT_TRUE(again.ok()) << again.status().message();
  ExpectSame(*graph, *again);
}

TEST(HostileFileTest, TheFrameOfTheseTestsIsGood) {
  EXPECT_THAT(NodeError("relu", "inputs: 'x'"), HasSubstr("accepted:\ngraph hostile\n"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 1 data: '\\000\\000\\200\\077'"), HasSubstr("accepted"));
}

TEST(HostileFileTest, TruncatedAtEveryLength) {
  // The outputs stand last. A cut between two of them would leave a smaller graph, so there is one output here: every
  // prefix must fail.
  Graph graph = GoldenMlp();
  graph.outputs.resize(1);
  RemoveDeadNodes(graph);
  TemporaryDirectory directory;
  ASSERT_TRUE(SaveGraph(graph, directory / "g").ok());
  std::string binary = ReadWhole(directory / "g"), text = PrintGraph(graph).value();
  ASSERT_TRUE(ParseGraph(binary, "").ok());
  for (size_t length = 0; length < binary.size(); ++length) {
    EXPECT_FALSE(ParseGraph(binary.substr(0, length), "").ok()) << length << " of " << binary.size();
  }
  for (size_t length = 0; length + 1 < text.size(); ++length) {
    EXPECT_FALSE(ParseGraph(text.substr(0, length), "").ok()) << length << " of " << text.size();
  }
  EXPECT_THAT(ErrorOf(binary.substr(0, binary.size() / 2)), HasSubstr("truncated or damaged"));
}

TEST(HostileFileTest, EveryBitFlipped) {
  std::string binary = GoldenBinary();
  for (size_t i = 0; i < binary.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = binary;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      ExpectHarmless(damaged);
    }
  }
}

TEST(HostileFileTest, RandomBytesAndSplices) {
  std::mt19937 random(11);
  std::string binary = GoldenBinary(), text = PrintGraph(GoldenMlp()).value();
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char &c : bytes) c = static_cast<char>(random());
    if (i % 2 == 0) bytes = "\x08\x01\x10\x01" + bytes;
    ExpectHarmless(bytes);
  }
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = i % 2 == 0 ? binary : text;
    size_t from = random() % bytes.size(), to = random() % bytes.size();
    bytes.insert(to, bytes.substr(from, random() % 40));
    bytes.erase(random() % bytes.size(), random() % 40);
    ExpectHarmless(bytes);
  }
}

TEST(HostileFileTest, Versions) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("format version 0 is not known; this build reads versions 1 to 2"));
  EXPECT_THAT(ErrorOf("format_version: 3"),
              HasSubstr("format version 3 is not known; this build reads versions 1 to 2"));
  EXPECT_THAT(ErrorOf("format_version: 1 op_set: 99"), HasSubstr("op set 99 is newer than this build's 1"));
  EXPECT_THAT(ErrorOf("format_version: 1 op_set: 1"), HasSubstr("has no output"));
  EXPECT_THAT(ErrorOf("format_version: 1 surprise: 3"), HasSubstr("neither a binary nor a text graph: line 1, column"));
  EXPECT_THAT(ErrorOf("PK\x03\x04 not a graph"), HasSubstr("neither a binary nor a text graph"));
}

TEST(HostileFileTest, CyclesAndDanglingNames) {
  const char *const order = "before it is computed; nodes must stand in topological order, without cycles";
  EXPECT_THAT(NodeError("relu", "inputs: 'y'"), HasSubstr("node 'bad': uses 'y' before it is computed"));
  EXPECT_THAT(NodeError("relu", "inputs: 'y'"), HasSubstr(order));
  EXPECT_THAT(ErrorOf(kHeader + kInput + Node("add", "inputs: 'x' inputs: 'z'") +
                      "nodes { name: 'two' op: 'relu' inputs: 'y' outputs: 'z' } " + kOutput),
              HasSubstr(order));
  EXPECT_THAT(ErrorOf(kHeader + kInput + kOutput), HasSubstr("output 'y' stands for 'y', which is never computed"));
  EXPECT_THAT(ErrorOf(kHeader + kInput + Node("relu", "inputs: 'x'") + Node("relu", "inputs: 'x'") + kOutput),
              HasSubstr("the value 'y' is defined twice"));
  EXPECT_THAT(ErrorOf(kHeader + kInput + kInput), HasSubstr("input 'x': the value 'x' is defined twice"));
  EXPECT_THAT(ErrorOf(kHeader + kInput + "outputs { name: 'y' value: 'x' } outputs { name: 'y' value: 'x' }"),
              HasSubstr("the output name 'y' is empty or used twice"));
  EXPECT_THAT(ErrorOf(kHeader + "inputs { type { dtype: F32 } } outputs { name: 'y' value: '' }"),
              HasSubstr("the value name '' is empty"));
}

TEST(HostileFileTest, UnknownOpsAndWrongTypes) {
  EXPECT_THAT(
      ErrorOf(kHeader + kInput + Node("frobnicate", "inputs: 'x'") + kOutput, "", absl::StatusCode::kUnimplemented),
      HasSubstr("node 'bad': there is no op 'frobnicate'; docs/ops.md lists them"));
  EXPECT_THAT(NodeError("logical_not", "inputs: 'x'"),
              HasSubstr("node 'bad': operand 0 has dtype f32, which this op does not take"));
  EXPECT_THAT(NodeError("relu", "inputs: 'x' inputs: 'x'"), HasSubstr("takes 1 operands, got 2"));
  EXPECT_THAT(NodeError("relu", "inputs: 'x' outputs: 'z'"), HasSubstr("has 2 outputs; 'relu' has 1"));
  EXPECT_THAT(NodeError("softmax", "inputs: 'x' attributes { key: 'axis' value { s: '1' } }"),
              HasSubstr("attribute 'axis' has the wrong kind of value"));
  EXPECT_THAT(NodeError("softmax", "inputs: 'x' attributes { key: 'axis' value { } }"),
              HasSubstr("node 'bad': attribute 'axis': an attribute has no value"));
  EXPECT_THAT(NodeError("softmax", "inputs: 'x' attributes { key: 'axes' value { i: 1 } }"),
              HasSubstr("there is no attribute 'axes'"));
  EXPECT_THAT(NodeError("softmax", "inputs: 'x' attributes { key: 'axis' value { i: 9223372036854775807 } }"),
              HasSubstr("axis 9223372036854775807 is out of range for rank 2"));
  EXPECT_THAT(NodeError("softmax", "inputs: 'x' attributes { key: 'axis' value { i: -9223372036854775808 } }"),
              HasSubstr("axis -9223372036854775808 is out of range for rank 2"));
  EXPECT_THAT(NodeError("cast", "inputs: 'x' attributes { key: 'to' value { dtype: DTYPE_INVALID } }"),
              HasSubstr("the dtype 0 is not known"));
  EXPECT_THAT(ErrorOf(kHeader + "inputs { name: 'x' } "), HasSubstr("input 'x': the dtype 0 is not known"));
  // An enum number from the future, which only the binary form can carry: inputs { name: 'x' type { dtype: 99 } }.
  EXPECT_THAT(ErrorOf(std::string("\x08\x01\x10\x01\x2a\x07\x0a\x01x\x12\x02\x08\x63", 13)),
              HasSubstr("input 'x': the dtype 99 is not known"));
}

TEST(HostileFileTest, AbsurdDims) {
  auto input = [](const std::string &dims) {
    return ErrorOf(kHeader + "inputs { name: 'x' type { dtype: F32 " + dims + " } } outputs { name: 'y' value: 'x' }");
  };
  EXPECT_THAT(input("dims: '-1'"), HasSubstr("value 'x' has the impossible type f32[-1]"));
  EXPECT_THAT(input("dims: '4611686018427387904' dims: '4611686018427387904'"), HasSubstr("impossible type"));
  EXPECT_THAT(input("dims: '0' dims: '4611686018427387904' dims: '4'"), HasSubstr("impossible type"));
  EXPECT_THAT(input("dims: '9223372036854775807 + 1'"), HasSubstr("overflows 64 bits"));
  EXPECT_THAT(input("dims: '1 floordiv 0'"), HasSubstr("divides by zero"));
  EXPECT_THAT(input("dims: 'n $'"), HasSubstr("input 'x': malformed dim expression 'n $'"));
  EXPECT_THAT(input("dims: '2 * n'"), HasSubstr("no input has the symbol 'n' alone as a dim"));
  std::string nine, many;
  for (int i = 0; i < 9; ++i) nine += "dims: '1' ";
  for (int i = 0; i < 33; ++i) many += "dims: '1' ";
  EXPECT_THAT(input(nine), HasSubstr("value 'x' has no valid type (dtype f32, rank 9, at most 8)"));
  EXPECT_THAT(input(many), HasSubstr("a list of 33 dims is too long"));
  EXPECT_THAT(NodeError("dim_values", "attributes { key: 'values' value { dims { values: 'k' } } }"),
              HasSubstr("attribute 'values' uses the symbol 'k', which no input defines"));
  EXPECT_THAT(NodeError("iota", "attributes { key: 'dims' value { dims { values: '70368744177665' } } }"),
              HasSubstr("has the impossible type i64[70368744177665]"));
}

TEST(HostileFileTest, Symbols) {
  auto symbol = [](const std::string &fields) {
    return ErrorOf(kHeader + "symbols { " + fields + " } " + kInput + "outputs { name: 'y' value: 'x' }");
  };
  EXPECT_THAT(symbol("name: 'n' min: 5 max: 4"), HasSubstr("symbol 'n' has the empty range [5, 4]"));
  EXPECT_THAT(symbol("name: 'n' min: -1 max: 4"), HasSubstr("symbol 'n' has the empty range [-1, 4]"));
  EXPECT_THAT(symbol("name: 'n + 1' max: 4"), HasSubstr("'n + 1' is not a symbol name"));
  EXPECT_THAT(symbol("name: 'k' max: 4"), HasSubstr("no input has the symbol 'k' alone as a dim"));
  EXPECT_THAT(symbol("name: 'n' min: 1 max: 4"), HasSubstr("accepted"));
}

TEST(HostileFileTest, InlineTensors) {
  EXPECT_THAT(TensorError("dtype: F32 dims: 3 data: 'abcd'"),
              HasSubstr("constant 'y': its type needs 12 bytes, the file has 4"));
  EXPECT_THAT(TensorError("dtype: I4 dims: 3 data: 'abc'"),
              HasSubstr("constant 'y': its type needs 2 bytes, the file has 3"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 1099511627776"),
              HasSubstr("its type needs 4398046511104 bytes, the file has 0"));
  EXPECT_THAT(TensorError("dtype: F32 dims: -1"), HasSubstr("its size is negative or does not fit 64 bits"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 4611686018427387904 dims: 4"),
              HasSubstr("its size is negative or does not fit 64 bits"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 4611686018427387904 dims: 0"),
              HasSubstr("its size is negative or does not fit 64 bits"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 0 dims: 4611686018427387904 dims: 4611686018427387904"),
              HasSubstr("impossible type"));
  EXPECT_THAT(TensorError("dims: 1 data: 'abcd'"), HasSubstr("the dtype 0 is not known"));
  EXPECT_THAT(TensorError("dtype: U8 dims: [1, 1, 1, 1, 1, 1, 1, 1, 1] data: 'a'"), HasSubstr("rank 9 is more than 8"));
}

TEST(HostileFileTest, SideFilesOutsideTheDirectory) {
  TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "model/sub");
  std::string model = directory / "model";
  for (const char *name : {"secret", "model/inside", "model/sub/inside"}) WriteWhole(directory / name, "abcd");
  std::filesystem::create_symlink(directory / "secret", model + "/link");
  std::filesystem::create_symlink("../secret", model + "/relative");
  std::filesystem::create_symlink(directory.path(), model + "/up");
  std::filesystem::create_symlink("loop", model + "/loop");
  std::filesystem::create_symlink("inside", model + "/alias");
  auto error = [&](const std::string &file, absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
    return TensorError("dtype: F32 dims: 1 length: 4 file: '" + file + "'", model, code);
  };
  const char *const leaves = "leaves the model's directory; put the file beside the model";
  for (const char *name : {"../secret", "link", "relative", "up/secret", "sub/../../secret", "..", "./../secret",
                           "sub/../../model/../secret"}) {
    EXPECT_THAT(error(name), HasSubstr("constant 'y': the file name '" + std::string(name) + "' " + leaves));
  }
  EXPECT_THAT(error(directory / "secret"), HasSubstr("is not relative to the model's directory"));
  EXPECT_THAT(error(model + "/inside"), HasSubstr("is not relative to the model's directory"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("is not relative to the model's directory"));
  EXPECT_THAT(error("inside\\000"), HasSubstr("is not relative to the model's directory"));
  EXPECT_THAT(error("sub/inside"), HasSubstr("has a separator; put the file beside the graph"));
  EXPECT_THAT(error("loop"), HasSubstr("the file name 'loop' cannot be resolved"));
  EXPECT_THAT(error("."), HasSubstr("is not a regular file"));
  EXPECT_THAT(error("sub"), HasSubstr("is not a regular file"));
  EXPECT_THAT(error("missing", absl::StatusCode::kNotFound), HasSubstr("constant 'y': cannot open '"));
  EXPECT_THAT(error(std::string(5000, 'a')), HasSubstr("cannot be resolved"));
  EXPECT_THAT(error("inside"), HasSubstr("accepted"));
  EXPECT_THAT(error("alias"), HasSubstr("accepted")) << "a link may stay inside";
  EXPECT_THAT(TensorError("dtype: F32 dims: 1 length: 4 file: 'inside'"),
              HasSubstr("side files cannot be used from memory"));
  ASSERT_EQ(mkfifo((model + "/fifo").c_str(), 0600), 0);
  EXPECT_THAT(error("fifo"), HasSubstr("is not a regular file")) << "and opening one must not wait for a writer";
}

TEST(HostileFileTest, SideFilesTooShort) {
  TemporaryDirectory directory;
  WriteWhole(directory / "data", "0123456789abcdef");
  WriteWhole(directory / "empty", "");
  auto error = [&](const std::string &fields) {
    return TensorError("dtype: F32 dims: 2 file: 'data' " + fields, directory.path());
  };
  EXPECT_THAT(error("length: 8 offset: 9"),
              HasSubstr("its 8 bytes at offset 9 (stated length 8) are not all in 'data', which has 16"));
  EXPECT_THAT(error("length: 8 offset: 17"), HasSubstr("are not all in 'data'"));
  EXPECT_THAT(error("length: 8 offset: 18446744073709551608"), HasSubstr("are not all in 'data'"));
  EXPECT_THAT(error("length: 7"), HasSubstr("(stated length 7)"));
  EXPECT_THAT(error("length: 18446744073709551615"), HasSubstr("are not all in 'data'"));
  EXPECT_THAT(error("length: 8 offset: 8"), HasSubstr("accepted"));
  EXPECT_THAT(error("length: 8 offset: 3"), HasSubstr("accepted")) << "data need not be aligned";
  EXPECT_THAT(TensorError("dtype: F32 dims: 1 length: 4 file: 'empty'", directory.path()), HasSubstr("which has 0"));
  EXPECT_THAT(TensorError("dtype: F32 dims: 0 file: 'empty'", directory.path()), HasSubstr("accepted"));
}

TEST(HostileFileTest, NestingIsBounded) {
  // Unknown groups, one in another; and messages in text.
  std::string groups = "\x08\x01";
  for (int i = 0; i < 100000; ++i) groups += "\xa3\x06";
  EXPECT_THAT(ErrorOf(groups), HasSubstr("truncated or damaged"));
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "nodes {";
  EXPECT_THAT(ErrorOf(text), HasSubstr("neither a binary nor a text graph"));
}

TEST(HostileFileTest, ManyNodesAreReadInReasonableTime) {
  std::string text = kHeader + kInput, last = "x";
  for (int i = 0; i < 20000; ++i) {
    std::string name = "v" + std::to_string(i);
    text += "nodes { name: '" + name + "' op: 'add' inputs: '" + last + "' inputs: '" + last + "' outputs: '" + name +
            "' } ";
    last = name;
  }
  EXPECT_THAT(ErrorOf(text + "outputs { name: 'y' value: '" + last + "' }"), HasSubstr("accepted"));
}

TEST(HostileFileTest, PlacesThatAreNoFiles) {
  TemporaryDirectory directory;
  auto error = [](const std::string &path) { return std::string(LoadGraph(path).status().message()); };
  EXPECT_THAT(error(directory.path()), HasSubstr("is not a regular file"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("is not a regular file"));
  EXPECT_THAT(error(directory / "missing"), HasSubstr("cannot open '" + directory / "missing"));
  EXPECT_THAT(error(""), HasSubstr("cannot open ''"));
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(error(directory / "fifo"), HasSubstr("is not a regular file"));
  WriteWhole(directory / "empty", "");
  EXPECT_THAT(error(directory / "empty"), HasSubstr(directory / "empty" + ": format version 0 is not known"));
}

TEST(HostileFileTest, TheFuzzersCorpusIsHarmless) {
  int files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(INGOT_TESTS_GRAPH "/corpus/graph")) {
    ++files;
    ExpectHarmless(ReadWhole(entry.path()));
  }
  EXPECT_GT(files, 4);
}

}  // namespace
}  // namespace ingot
