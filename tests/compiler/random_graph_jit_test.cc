// Random small graphs of element-wise ops, reductions, products, softmax, data movement and views, from fixed seeds, against the
// interpreter: whatever the compiler fuses, the numbers stay.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 3000;  // elements at n = 7

class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : engine_(seed), b_(absl::StrCat("random", seed)) {}

  absl::StatusOr<Graph> Build() {
    for (const Dims &dims : {Dims{"n", 6}, Dims{"n", 6}, Dims{6}, Dims{"n", 1}, Dims{2, "n", 6}}) {
      pool_.push_back(b_.Input(absl::StrCat("x", pool_.size()), DType::kF32, dims));
    }
    pool_.push_back(b_.Constant(NormalTensor({6, 6}, engine_())));
    size_t steps = 8 + Below(12);
    for (int tries = 0; pool_.size() < 6 + steps && tries < 300; ++tries) {
      if (std::optional<Expr> made = Step()) pool_.push_back(*made);
    }
    b_.Output("last", pool_.back());
    size_t outputs = 1 + Below(4);
    for (size_t i = 0; i < outputs; ++i) b_.Output(absl::StrCat("y", i), pool_[Below(pool_.size())]);
    return b_.Finish();
  }

 private:
  size_t Below(size_t limit) { return engine_() % limit; }
  // Mostly what was made last, so that graphs are deep.
  Expr Pick() { return pool_[Below(2) == 0 ? Below(pool_.size()) : pool_.size() - 1 - Below(std::min<size_t>(4, pool_.size()))]; }
  Dims DimsOf(Expr x) { return b_.type(x).dims; }

  static std::optional<Dims> Broadcast(const Dims &x, const Dims &y) {
    Dims result(std::max(x.size(), y.size()), Dim(1));
    for (size_t i = 0; i < result.size(); ++i) {
      Dim a = i < x.size() ? x[x.size() - 1 - i] : Dim(1), b = i < y.size() ? y[y.size() - 1 - i] : Dim(1);
      if (a != b && !a.Is(1) && !b.Is(1)) return std::nullopt;
      result[result.size() - 1 - i] = a.Is(1) ? b : a;
    }
    return Small(result) ? std::optional<Dims>(result) : std::nullopt;
  }
  static bool Small(const Dims &dims) {
    absl::StatusOr<int64_t> size = NumElements(dims).Evaluate({{"n", 7}});
    return dims.size() <= 5 && size.ok() && *size <= kLargest;
  }

  Expr Unary(Expr x) {
    switch (Below(8)) {
      case 0:
        return b_.Tanh(x);
      case 1:
        return b_.Sigmoid(x);
      case 2:
        return b_.Neg(x);
      case 3:
        return b_.Abs(x);
      case 4:
        return b_.Relu(x);
      case 5:
        return b_.Gelu(x, Below(2) == 0);
      case 6:
        return b_.Mul(b_.Scalar(0.5), x);
      default:
        return b_.Exp(b_.Neg(b_.Abs(x)));
    }
  }
  Expr Binary(Expr x, Expr y) {
    switch (Below(6)) {
      case 0:
        return b_.Sub(x, y);
      case 1:
        return b_.Mul(b_.Tanh(x), y);
      case 2:
        return b_.Max(x, y);
      case 3:
        return b_.Select(b_.Less(x, b_.Scalar(0.1)), y, x);
      case 4:
        return b_.Div(x, b_.Add(b_.Abs(y), b_.Scalar(1)));
      default:
        return b_.Add(x, y);
    }
  }
  std::optional<Expr> Reduce(Expr x) {
    Ints axes;
    for (int64_t axis = 0; axis < b_.type(x).rank(); ++axis) {
      if (Below(2) == 0) axes.push_back(axis);
    }
    if (axes.empty()) return std::nullopt;
    static constexpr OpKind kOps[] = {OpKind::kReduceSum, OpKind::kReduceMax, OpKind::kReduceMin};
    return b_.Emit(kOps[Below(3)], {x}, {{"axes", axes}, {"keep_dims", Below(2) == 0}});
  }
  std::optional<Expr> Reshape(Expr x) {
    Dims dims = DimsOf(x);
    size_t axis = Below(dims.size());
    switch (Below(3)) {
      case 0:
        dims.insert(dims.begin() + static_cast<int64_t>(axis), Dim(1));
        break;
      case 1:
        if (axis == 0) return std::nullopt;
        dims[axis] = dims[axis] * dims[axis - 1];
        dims.erase(dims.begin() + static_cast<int64_t>(axis) - 1);
        break;
      default:
        if (std::optional<Dim> part = Dim::DivideExactly(dims[axis], 3)) {
          dims[axis] = *part;
          dims.insert(dims.begin() + static_cast<int64_t>(axis), Dim(3));
        }
    }
    if (!Small(dims)) return std::nullopt;
    return b_.Reshape(x, dims);
  }
  std::optional<Expr> Slice(Expr x) {
    Dims limits = DimsOf(x), starts(limits.size(), Dim(0));
    Ints steps(limits.size(), 1);
    size_t axis = Below(limits.size());
    std::optional<int64_t> size = limits[axis].constant();
    if (!size || *size < 2) return std::nullopt;
    switch (Below(3)) {
      case 0:
        starts[axis] = *size - 1;
        limits[axis] = -1;
        steps[axis] = -1;
        break;
      case 1:
        starts[axis] = 1;
        break;
      default:
        steps[axis] = 2;
    }
    return b_.Slice(x, starts, limits, steps);
  }
  std::optional<Expr> MatMul(Expr x, Expr y) {
    Dims a = DimsOf(x), c = DimsOf(y);
    if (a.size() < 2 || c.size() < 2) return std::nullopt;
    if (a.back() != c[c.size() - 2]) {
      if (a.back() != c.back()) return std::nullopt;
      Ints swap;
      for (size_t i = 0; i < c.size(); ++i) swap.push_back(static_cast<int64_t>(i));
      std::swap(swap.back(), swap[swap.size() - 2]);
      y = b_.Transpose(y, swap);
      c = DimsOf(y);
    }
    std::optional<Dims> dims = Broadcast(Dims(a.begin(), a.end() - 2), Dims(c.begin(), c.end() - 2));
    if (!dims) return std::nullopt;
    dims->push_back(a[a.size() - 2]);
    dims->push_back(c.back());
    if (!Small(*dims)) return std::nullopt;
    return b_.Mul(b_.MatMul(x, y), b_.Scalar(0.2));
  }

  std::optional<Expr> Step() {
    Expr x = Pick(), y = Pick();
    Dims dims = DimsOf(x);
    size_t rank = dims.size();
    size_t choice = Below(16);
    if (choice < 2) return Unary(x);
    if (choice < 6) return Broadcast(dims, DimsOf(y)) ? std::optional<Expr>(Binary(x, y)) : std::nullopt;
    if (choice == 6) return MatMul(x, y);
    if (rank == 0) return std::nullopt;
    int64_t axis = static_cast<int64_t>(Below(rank));
    switch (choice) {
      case 7:
      case 8:
        return Reduce(x);
      case 9: {
        Ints order;
        for (size_t i = 0; i < rank; ++i) order.push_back(static_cast<int64_t>(i));
        std::shuffle(order.begin(), order.end(), engine_);
        return b_.Transpose(x, order);
      }
      case 10:
        return Reshape(x);
      case 11:
        return Slice(x);
      case 12: {
        dims.insert(dims.begin(), Dim(2));
        return Small(dims) ? std::optional<Expr>(b_.BroadcastTo(x, dims)) : std::nullopt;
      }
      case 13: {
        dims[static_cast<size_t>(axis)] = 2 * dims[static_cast<size_t>(axis)];
        if (!Small(dims)) return std::nullopt;
        return b_.Concat({x, DimsOf(y) == DimsOf(x) ? y : b_.Neg(x)}, axis);
      }
      case 14:
        return Below(2) == 0 ? b_.Softmax(x, axis) : b_.LayerNorm(x, b_.Scalar(1), b_.Scalar(0.5), axis, 0.5);
      default: {
        if (!dims[static_cast<size_t>(axis)].is_constant()) return std::nullopt;
        return b_.Gather(x, b_.Constant(Tensor::I64({3}, {0, -1, 2})), axis);
      }
    }
  }

  std::mt19937 engine_;
  GraphBuilder b_;
  std::vector<Expr> pool_;
};

class RandomGraphJit : public testing::TestWithParam<int> {};

TEST_P(RandomGraphJit, MatchesTheInterpreter) {
  for (int i = 0; i < 6; ++i) {
    unsigned seed = static_cast<unsigned>(GetParam() * 6 + i);
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    ExpectMatches(RandomGraph(seed).Build(), {{{"n", 7}}, {{"n", 1}}, {{"n", 17}}});
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphJit, testing::Range(0, 8));

}  // namespace
}  // namespace ingot
