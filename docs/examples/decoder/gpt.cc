// Builds one step of a GPT-2-shaped decoder: a token in, the next one out. Keys and values of earlier tokens are
// states: a step writes one row of each, copies nothing, and reads the rows that are there.
//   make_gpt [small|gpt2]    writes gpt.ingot, with random weights
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>

#include "ingot/builder.h"
#include "ingot/graph_file.h"

using namespace ingot;

struct Shape {
  int64_t layers, width, heads, vocabulary, positions;
  int64_t depth() const { return width / heads; }
};
constexpr Shape kSmall{2, 32, 4, 50, 24}, kGpt2{12, 768, 12, 50257, 1024};

class Decoder {
 public:
  explicit Decoder(const Shape &shape) : s_(shape) {}

  absl::StatusOr<Graph> Build() {
    Expr token = b_.Input("token", DType::kI64, {1}), position = b_.Input("position", DType::kI64, {1});
    at_ = b_.Reshape(position, {});
    used_ = b_.SizesFrom(b_.Add(position, b_.Scalar(1, DType::kI64)), "used");
    if (!b_.status().ok()) return b_.status();
    b_.Bound(used_[0].ToString(), {1, s_.positions});
    Expr x = b_.Add(b_.Gather(Weights({s_.vocabulary, s_.width}, 1), token),
                    b_.Gather(Weights({s_.positions, s_.width}, 0.02), position));
    for (int64_t layer = 0; layer < s_.layers; ++layer) {
      x = b_.Add(x, Attention(Norm(x), std::to_string(layer)));
      Expr hidden = b_.Gelu(Linear(Norm(x), s_.width, 4 * s_.width), /*approximate=*/true);
      x = b_.Add(x, Linear(hidden, 4 * s_.width, s_.width));
    }
    Expr logits = b_.MatMul(Norm(x), Weights({s_.width, s_.vocabulary}, 1 / std::sqrt(s_.width)));
    b_.Output("logits", logits);
    b_.Output("next", b_.ArgMax(logits));
    return b_.Finish();
  }

 private:
  // Uniform, of this standard deviation.
  Expr Weights(std::vector<int64_t> dims, double deviation) {
    Tensor tensor = Tensor::Zeros(DType::kF32, std::move(dims));
    auto *values = reinterpret_cast<float *>(tensor.mutable_data());
    for (int64_t i = 0; i < tensor.size(); ++i) {
      random_ = random_ * 6364136223846793005u + 1442695040888963407u;
      double uniform = static_cast<double>(random_ >> 33) / 0x1p30 - 1;
      values[i] = static_cast<float>(uniform * deviation * std::sqrt(3));
    }
    return b_.Constant(std::move(tensor));
  }
  Expr Linear(Expr x, int64_t from, int64_t to) {
    return b_.Add(b_.MatMul(x, Weights({from, to}, 1 / std::sqrt(from))), Weights({to}, 0.02));
  }
  Expr Norm(Expr x) {
    Expr scale = b_.Add(Weights({s_.width}, 0.1), b_.Scalar(1));
    return b_.LayerNorm(x, scale, Weights({s_.width}, 0.02));
  }

  Expr Attention(Expr x, const std::string &layer) {
    const Dims row{s_.heads, 1, s_.depth()};
    auto heads = [&] { return b_.Reshape(Linear(x, s_.width, s_.width), row); };
    // All rows so far, the new one among them; the state keeps it.
    auto remember = [&](const char *name, Expr fresh) {
      Expr cache = b_.State(name + layer, DType::kF32, {s_.heads, s_.positions, s_.depth()});
      Expr next = b_.DynamicUpdate(cache, fresh, at_, 1);
      b_.SetState(cache, next);
      return b_.Slice(next, {0, 0, 0}, {s_.heads, used_[0], s_.depth()}, {1, 1, 1});
    };
    Expr query = b_.Mul(heads(), b_.Scalar(1 / std::sqrt(s_.depth())));
    Expr keys = remember("keys_", heads()), values = remember("values_", heads());
    Expr weights = b_.Softmax(b_.MatMul(query, b_.Transpose(keys, {0, 2, 1})));
    return Linear(b_.Reshape(b_.MatMul(weights, values), {1, s_.width}), s_.width, s_.width);
  }

  GraphBuilder b_{"gpt"};
  Shape s_;
  uint64_t random_ = 1;
  Expr at_;
  Dims used_;
};

int main(int argc, char **argv) {
  const std::string size = argc == 2 ? argv[1] : "small";
  if (argc > 2 || (size != "small" && size != "gpt2")) {
    std::cerr << "usage: make_gpt [small|gpt2]    writes gpt.ingot\n";
    return 2;
  }
  absl::StatusOr<Graph> graph = Decoder(size == "gpt2" ? kGpt2 : kSmall).Build();
  absl::Status status = graph.ok() ? SaveGraph(*graph, "gpt.ingot") : graph.status();
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
