// Writes the graphs that check/speed.py times, with random weights: one op, a chain of small kernels, an encoder, a
// step of a decoder. check/peer_torch.py and check/peer_jax.py have the same ones.
//   speed_graph OUT.ingot KIND [dtype=f32|f16|bf16] [NAME=N ...]
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "ingot/builder.h"
#include "ingot/graph_file.h"

namespace ingot {
namespace {

class SpeedGraph {
 public:
  SpeedGraph(DType dtype, std::map<std::string, int64_t> sizes) : dtype_(dtype), sizes_(std::move(sizes)) {}

  using Kinds = std::map<std::string, void (SpeedGraph::*)()>;
  static const Kinds &All() {
    static const Kinds kKinds = {{"elementwise", &SpeedGraph::Elementwise}, {"softmax", &SpeedGraph::Softmax},
                                 {"layer_norm", &SpeedGraph::LayerNorm},    {"matmul", &SpeedGraph::MatMul},
                                 {"attention", &SpeedGraph::Attention},     {"chain", &SpeedGraph::Chain},
                                 {"encoder", &SpeedGraph::Encoder},         {"decoder_step", &SpeedGraph::DecoderStep}};
    return kKinds;
  }

  absl::StatusOr<Graph> Build(const std::string &kind) {
    auto found = All().find(kind);
    if (found == All().end()) return absl::InvalidArgumentError("there is no kind '" + kind + "'");
    (this->*found->second)();
    if (!missing_.empty()) return absl::InvalidArgumentError(kind + " needs" + missing_);
    return b_.Finish();
  }

 private:
  static constexpr int64_t kVocabulary = 1024;

  int64_t N(const std::string &name) {
    auto found = sizes_.find(name);
    if (found != sizes_.end()) return found->second;
    if (missing_.find(" " + name + "=N") == std::string::npos) missing_ += " " + name + "=N";
    return 1;
  }
  Expr In(const std::string &name, std::vector<int64_t> dims) {
    return b_.Input(name, dtype_, Dims(dims.begin(), dims.end()));
  }
  void Out(Expr y) { b_.Output("y", y); }
  Expr Rows() { return In("x", {N("rows"), N("columns")}); }
  Expr Heads(const std::string &name) { return In(name, {N("batch") * N("heads"), N("seq"), N("depth")}); }

  // Uniform around zero, so that the product of a unit vector with them is one of a unit again.
  Expr Weights(std::vector<int64_t> dims) {
    double width = std::sqrt(3.0 / static_cast<double>(dims.front()));
    if (missing_.empty()) return b_.Constant(Random(std::move(dims), width));
    return b_.Scalar(0, dtype_);
  }
  // One drawn block over and over: drawing a billion numbers takes longer than all that is timed.
  Tensor Random(std::vector<int64_t> dims, double width) {
    constexpr int64_t kBlock = 4093;  // a prime, so that rows differ
    Tensor block = Tensor::Zeros(dtype_, {kBlock});
    for (int64_t i = 0; i < kBlock; ++i) {
      random_ = random_ * 6364136223846793005u + 1442695040888963407u;
      block.SetDouble(i, (static_cast<double>(random_ >> 33) / 0x1p30 - 1) * width);
    }
    Tensor tensor = Tensor::Zeros(dtype_, std::move(dims));
    for (size_t at = 0; at < tensor.bytes(); at += block.bytes())
      std::memcpy(tensor.mutable_data() + at, block.data(), std::min(block.bytes(), tensor.bytes() - at));
    return tensor;
  }

  void Elementwise() {
    Expr x = Rows();
    Out(b_.Add(b_.Mul(x, b_.Sigmoid(x)), b_.Scalar(1, dtype_)));
  }
  void Softmax() { Out(b_.Softmax(Rows())); }
  void LayerNorm() { Out(Norm(Rows(), N("columns"))); }
  void MatMul() { Out(b_.MatMul(In("x", {N("m"), N("k")}), Weights({N("k"), N("n")}))); }
  void Attention() { Out(Attend(Heads("q"), Heads("k"), Heads("v"), N("depth"))); }
  Expr Norm(Expr x, int64_t width) { return b_.LayerNorm(x, Bias(width), Bias(width)); }
  Expr Attend(Expr q, Expr k, Expr v, int64_t depth) {
    Expr scores =
        b_.MatMul(b_.Mul(q, b_.Scalar(1 / std::sqrt(static_cast<double>(depth)), dtype_)), b_.Transpose(k, {0, 2, 1}));
    return b_.MatMul(b_.Softmax(scores), v);
  }
  // Products in a row, none of which can be part of another: as many kernels.
  void Chain() {
    Expr x = In("x", {1, 64});
    for (int64_t i = 0; i < N("kernels"); ++i) x = b_.MatMul(x, Weights({64, 64}));
    Out(x);
  }

  // [batch, seq, width] to [batch * heads, seq, depth], and back.
  Expr Split(Expr x, int64_t heads) {
    int64_t batch = N("batch"), seq = N("seq"), depth = N("hidden") / heads;
    Expr rows = b_.Transpose(b_.Reshape(x, {batch, seq, heads, depth}), {0, 2, 1, 3});
    return b_.Reshape(rows, {batch * heads, seq, depth});
  }
  Expr Merge(Expr x, int64_t heads) {
    int64_t batch = N("batch"), seq = N("seq"), hidden = N("hidden");
    Expr rows = b_.Transpose(b_.Reshape(x, {batch, heads, seq, hidden / heads}), {0, 2, 1, 3});
    return b_.Reshape(rows, {batch, seq, hidden});
  }
  Expr Linear(Expr x, int64_t from, int64_t to) { return b_.Add(b_.MatMul(x, Weights({from, to})), Bias(to)); }
  Expr Bias(int64_t width) { return b_.Constant(Random({width}, 0.02)); }

  // BERT's layers, post-norm, from tokens. Of the result only each sequence's first row, as a classifier reads it: what
  // is copied to the GPU and back is small.
  void Encoder() {
    int64_t hidden = N("hidden"), heads = N("heads"), ffn = N("ffn");
    Expr tokens = b_.Input("tokens", DType::kI64, {N("batch"), N("seq")});
    Expr x = b_.Gather(Weights({kVocabulary, hidden}), tokens);
    for (int64_t layer = 0; layer < N("layers"); ++layer) {
      auto project = [&] { return Split(Linear(x, hidden, hidden), heads); };
      Expr q = project(), k = project(), v = project();
      Expr mixed = Merge(Attend(q, k, v, hidden / heads), heads);
      x = Norm(b_.Add(x, Linear(mixed, hidden, hidden)), hidden);
      x = Norm(b_.Add(x, Linear(b_.Gelu(Linear(x, hidden, ffn)), ffn, hidden)), hidden);
    }
    Out(b_.Slice(x, {0, 0, 0}, {N("batch"), 1, hidden}, {1, 1, 1}));
  }

  Expr RmsNorm(Expr x, int64_t width) {
    Expr mean = b_.ReduceMean(b_.Mul(x, x), {-1}, true);
    return b_.Mul(b_.Mul(x, b_.Rsqrt(b_.Add(mean, b_.Scalar(1e-5, dtype_)))), Bias(width));
  }
  // Llama's layers for one token, whose keys and values are states of `past` rows, all of them read. Without rotary
  // positions, which are no work next to the weights.
  void DecoderStep() {
    int64_t hidden = N("hidden"), heads = N("heads"), kv_heads = N("kv_heads"), ffn = N("ffn"), past = N("past");
    int64_t depth = hidden / heads, group = heads / kv_heads;
    Expr x = In("x", {1, hidden});
    Expr at = b_.Scalar(static_cast<double>(past - 1), DType::kI64);
    auto remember = [&](const std::string &name, Expr fresh) {
      Expr cache = b_.State(name, dtype_, {kv_heads, past, depth});
      Expr next = b_.DynamicUpdate(cache, b_.Reshape(fresh, {kv_heads, 1, depth}), at, 1);
      b_.SetState(cache, next);
      return next;
    };
    for (int64_t layer = 0; layer < N("layers"); ++layer) {
      Expr y = RmsNorm(x, hidden);
      Expr q = b_.Reshape(b_.MatMul(y, Weights({hidden, hidden})), {kv_heads, group, depth});
      Expr k = remember("keys_" + std::to_string(layer), b_.MatMul(y, Weights({hidden, kv_heads * depth})));
      Expr v = remember("values_" + std::to_string(layer), b_.MatMul(y, Weights({hidden, kv_heads * depth})));
      Expr mixed = b_.Reshape(Attend(q, k, v, depth), {1, hidden});
      x = b_.Add(x, b_.MatMul(mixed, Weights({hidden, hidden})));
      y = RmsNorm(x, hidden);
      Expr gate = b_.MatMul(y, Weights({hidden, ffn}));
      gate = b_.Mul(gate, b_.Sigmoid(gate));
      x = b_.Add(x, b_.MatMul(b_.Mul(gate, b_.MatMul(y, Weights({hidden, ffn}))), Weights({ffn, hidden})));
    }
    Out(x);
  }

  GraphBuilder b_{"speed"};
  DType dtype_;
  std::map<std::string, int64_t> sizes_;
  std::string missing_;
  uint64_t random_ = 1;
};

int Usage() {
  std::string kinds;
  for (const auto &[kind, build] : SpeedGraph::All()) kinds += " " + kind;
  std::fprintf(stderr, "usage: speed_graph OUT.ingot KIND [dtype=f32|f16|bf16] [NAME=N ...]\nkinds:%s\n",
               kinds.c_str());
  return 1;
}

}  // namespace
}  // namespace ingot

int SpeedGraphMain(int argc, char **argv) {
  using namespace ingot;
  if (argc < 3) return Usage();
  static const std::map<std::string, DType> kDtypes = {
      {"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBF16}};
  DType dtype = DType::kF32;
  std::map<std::string, int64_t> sizes;
  for (int i = 3; i < argc; ++i) {
    std::string text = argv[i], name = text.substr(0, text.find('=')), value = text.substr(text.find('=') + 1);
    if (name == "dtype" && kDtypes.count(value) != 0) {
      dtype = kDtypes.at(value);
    } else if (int64_t size = std::atoll(value.c_str()); name != text && size > 0) {
      sizes[name] = size;
    } else {
      return Usage();
    }
  }
  absl::StatusOr<Graph> graph = SpeedGraph(dtype, sizes).Build(argv[2]);
  absl::Status status = graph.ok() ? SaveGraph(*graph, argv[1]) : graph.status();
  if (!status.ok()) std::fprintf(stderr, "speed_graph: %s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
