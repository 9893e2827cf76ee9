// Graph files: round trips in both forms, side files, golden files of every released version, and failures to write.
// Hostile files are in io_hostile_test.cc.
#include <signal.h>
#include <sys/resource.h>

#include "gmock/gmock.h"
#include "graph/io/mapped_file.h"
#include "ingot/graph_file.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kGolden = INGOT_TESTS_GRAPH "/golden/";

Graph Loaded(const std::string &path) {
  absl::StatusOr<Graph> graph = LoadGraph(path);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return graph.ok() ? *std::move(graph) : Graph();
}

TEST(GraphFileTest, TextRoundTrip) {
  Graph graph = GoldenMlp();
  std::string text = PrintGraph(graph).value();
  absl::StatusOr<Graph> again = ParseGraph(text, "");
  ASSERT_TRUE(again.ok()) << again.status().message();
  ExpectSame(graph, *again);
  EXPECT_EQ(PrintGraph(*again).value(), text);
}

TEST(GraphFileTest, BinaryRoundTrip) {
  TemporaryDirectory directory;
  Graph graph = GoldenMlp();
  ASSERT_TRUE(SaveGraph(graph, directory / "mlp.ingot").ok());
  EXPECT_THAT(directory.Names(), ElementsAre("mlp.ingot")) << "small tensors stay inline";
  ExpectSame(graph, Loaded(directory / "mlp.ingot"));
}

TEST(GraphFileTest, EveryDTypeAndAttributeKindSurvives) {
  GraphBuilder b("kinds");
  int count = 0;
  for (DType dtype : {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kI64, DType::kI32, DType::kI16,
                      DType::kI8, DType::kU64, DType::kU32, DType::kU16, DType::kU8, DType::kBool}) {
    Tensor tensor = Tensor::Zeros(dtype, {3});
    for (int i = 0; i < 3; ++i) tensor.SetDouble(i, i * 0.75);
    std::string number = std::to_string(count++);
    b.Output("y" + number, b.Reshape(b.Constant(tensor), {3, 1}));
    b.Output("z" + number, b.Input("x" + number, dtype, {"n", 1}));
  }
  b.Output("empty", b.Reshape(b.Constant(Tensor::F32({0, 2}, {})), {0}));
  Graph graph = b.Finish().value();
  TemporaryDirectory directory;
  ASSERT_TRUE(SaveGraph(graph, directory / "kinds.ingot", 8).ok());
  ExpectSame(graph, Loaded(directory / "kinds.ingot"));
  ExpectSame(graph, ParseGraph(PrintGraph(graph).value(), "").value());
}

TEST(GraphFileTest, SameGraphSameBytes) {
  TemporaryDirectory directory;
  ASSERT_TRUE(SaveGraph(GoldenMlp(), directory / "a").ok());
  std::string first = ReadWhole(directory / "a");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(SaveGraph(GoldenMlp(), directory / "a").ok());
    ASSERT_EQ(ReadWhole(directory / "a"), first);
  }
}

TEST(GraphFileTest, LargeTensorsGoToASideFile) {
  TemporaryDirectory directory;
  Graph graph = GoldenMlp();
  ASSERT_TRUE(SaveGraph(graph, directory / "mlp.ingot", 16).ok());
  EXPECT_THAT(directory.Names(), ElementsAre("mlp.ingot", "mlp.ingot.data"));
  EXPECT_EQ(ReadWhole(directory / "mlp.ingot.data").size(), 64u + 16u)
      << "w1 (48 bytes), then the table at the next multiple of 64";
  ExpectSame(graph, Loaded(directory / "mlp.ingot"));
  // A model moves with its directory.
  std::filesystem::create_directory(directory / "moved");
  for (const char *name : {"mlp.ingot", "mlp.ingot.data"})
    std::filesystem::rename(directory / name, directory / "moved/" + name);
  ExpectSame(graph, Loaded(directory / "moved/mlp.ingot"));
}

TEST(GraphFileTest, AGraphMayBeSavedOverItself) {
  TemporaryDirectory directory;
  ASSERT_TRUE(SaveGraph(GoldenMlp(), directory / "mlp.ingot", 1).ok());
  Graph mapped = Loaded(directory / "mlp.ingot");
  ASSERT_TRUE(SaveGraph(mapped, directory / "mlp.ingot", 16).ok());
  ExpectSame(GoldenMlp(), mapped);
  ExpectSame(GoldenMlp(), Loaded(directory / "mlp.ingot"));
}

TEST(GraphFileTest, OnlyEmptyTensorsNeedNoSideFile) {
  TemporaryDirectory directory;
  GraphBuilder b("empty");
  b.Output("y", b.Constant(Tensor::F32({0}, {})));
  Graph graph = b.Finish().value();
  ASSERT_TRUE(SaveGraph(graph, directory / "g", 0).ok());
  EXPECT_THAT(directory.Names(), ElementsAre("g"));
  ExpectSame(graph, Loaded(directory / "g"));
}

TEST(GraphFileTest, RelativePathsWork) {
  TemporaryDirectory directory;
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  EXPECT_TRUE(SaveGraph(GoldenMlp(), "mlp.ingot", 16).ok());
  ExpectSame(GoldenMlp(), Loaded("mlp.ingot"));
  ExpectSame(GoldenMlp(), Loaded("./mlp.ingot"));
  std::filesystem::current_path(before);
}

// Files of every released version stay loadable; a new version adds files here and changes none.
TEST(GoldenTest, Version1Text) { ExpectSame(GoldenMlp(), Loaded(kGolden + "mlp_v1.ingot.txt")); }

TEST(GoldenTest, Version1Binary) { ExpectSame(GoldenMlp(), Loaded(kGolden + "mlp_v1.ingot")); }

TEST(GoldenTest, Version1SideFile) { ExpectSame(GoldenMlp(), Loaded(kGolden + "mlp_v1_side.ingot")); }

TEST(GoldenTest, Version1IsWhatIsWritten) {
  // Not only readable: the text form is stable, so that files can be compared.
  EXPECT_EQ(PrintGraph(GoldenMlp()).value(), ReadWhole(kGolden + "mlp_v1.ingot.txt"));
}

TEST(WriteTest, UnwritablePlacesLeaveNothingBehind) {
  TemporaryDirectory directory;
  WriteWhole(directory / "file", "kept");
  std::filesystem::create_directories(directory / "target.ingot/inside");
  Graph graph = GoldenMlp();
  for (const char *name : {"missing/mlp.ingot", "file/mlp.ingot", "target.ingot"}) {
    for (int64_t threshold : {1, 1 << 20}) {
      absl::Status status = SaveGraph(graph, directory / name, threshold);
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
      EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write '" + directory / name)) << name;
      EXPECT_THAT(directory.Names(), ElementsAre("file", "target.ingot")) << name;
    }
  }
  EXPECT_EQ(ReadWhole(directory / "file"), "kept");
  EXPECT_FALSE(SaveGraph(graph, "").ok());
}

// A full disk, by way of the limit on file sizes.
TEST(WriteTest, AFullDiskLeavesTheOldFilesAlone) {
  TemporaryDirectory directory;
  WriteWhole(directory / "mlp.ingot", "old");
  WriteWhole(directory / "mlp.ingot.data", "old data");
  struct rlimit before, small;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 200;  // holds the side file, not the graph
  auto handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  absl::Status status = SaveGraph(GoldenMlp(), directory / "mlp.ingot", 16);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write"));
  EXPECT_THAT(directory.Names(), ElementsAre("mlp.ingot", "mlp.ingot.data"));
  EXPECT_EQ(ReadWhole(directory / "mlp.ingot"), "old");
  EXPECT_EQ(ReadWhole(directory / "mlp.ingot.data"), "old data");
}

TEST(MappedFileTest, ASmallFileMayBeShortenedWhileItIsOpen) {
  TemporaryDirectory directory;
  for (size_t size : {size_t{0}, size_t{1}, size_t{5000}, MappedFile::kReadWhole, MappedFile::kReadWhole + 1}) {
    std::string contents(size, 'x');
    WriteWhole(directory / "file", contents);
    std::shared_ptr<const MappedFile> file = MappedFile::Open(directory / "file").value();
    if (size <= MappedFile::kReadWhole) std::filesystem::resize_file(directory / "file", 0);
    EXPECT_EQ(file->view(), contents);
  }
}

TEST(WriteTest, SizesThatWouldNotLoadAreNotWritten) {
  TemporaryDirectory directory;
  GraphBuilder b("long");
  Dim nested("n");
  for (int i = 0; i < 20; ++i) nested = Dim::FloorDiv(Dim::Max(nested, "m") + 1, 2);
  b.Output("y", b.Input("x", DType::kF32, {"n", "m"}));
  b.Output("z", b.DimValues({nested}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_THAT(std::string(SaveGraph(*graph, directory / "g").message()),
              HasSubstr("node 'dim_values', attribute 'values': a size is too long an expression for a file"));
  EXPECT_FALSE(PrintGraph(*graph).ok());
  EXPECT_THAT(directory.Names(), IsEmpty());
}

}  // namespace
}  // namespace ingot
