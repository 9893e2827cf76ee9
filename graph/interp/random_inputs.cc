#include "graph/interp/random_inputs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/interp/array.h"
#include "graph/interp/evaluate.h"

namespace ingot {
namespace {

// Steele, Lea and Flood's generator: small, and every seed is good.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In (0, 1).
  double Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53; }
  // Uniform in [0, bound); the bias of at most 2^-32 does not matter for bounds that fit 32 bits.
  int64_t Below(int64_t bound) { return static_cast<int64_t>(Next() % static_cast<uint64_t>(bound)); }
  // Box-Muller.
  double Normal() { return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * 3.14159265358979323846 * Uniform()); }

 private:
  uint64_t state_;
};

// The largest element of a constant, if it is a constant of integers.
std::optional<int64_t> LargestElement(const Tensor *tensor) {
  if (tensor == nullptr || !IsInteger(tensor->dtype()) || tensor->size() == 0) return std::nullopt;
  int64_t largest = tensor->GetInt(0);
  for (int64_t i = 1; i < tensor->size(); ++i) largest = std::max(largest, tensor->GetInt(i));
  return largest;
}

// The operands whose elements become elements of the result, with the bound that the result's bound puts on them.
std::vector<std::pair<ValueId, int64_t>> SourcesOf(const Graph &graph, const Node &node, int64_t bound) {
  switch (node.op) {
    case OpKind::kCast:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kBroadcastTo:
    case OpKind::kSlice:
    case OpKind::kPad:
    case OpKind::kGather:
      return {{node.inputs[0], bound}};
    case OpKind::kSelect:
      return {{node.inputs[1], bound}, {node.inputs[2], bound}};
    case OpKind::kConcat: {
      std::vector<std::pair<ValueId, int64_t>> sources;
      for (ValueId id : node.inputs) sources.emplace_back(id, bound);
      return sources;
    }
    case OpKind::kAdd:
      for (size_t i = 0; i < 2; ++i) {
        std::optional<int64_t> added = LargestElement(graph.constant(node.inputs[i]));
        if (added) return {{node.inputs[1 - i], std::max<int64_t>(1, bound - std::clamp<int64_t>(*added, 0, bound))}};
      }
      return {};
    default:
      return {};
  }
}

void FillMask(SplitMix64 &random, Tensor &tensor) {
  int64_t row = tensor.rank() == 0 ? 1 : tensor.dims().back();
  for (int64_t start = 0; start < tensor.size(); start += row) {
    int64_t ones = 1 + random.Below(row);
    for (int64_t i = 0; i < ones; ++i) tensor.SetInt(start + i, 1);
  }
}

bool IsMask(std::string name) {
  for (char &c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name.find("mask") != std::string::npos;
}

}  // namespace

absl::StatusOr<std::map<ValueId, int64_t>> IndexBounds(const Graph &graph,
                                                       const std::map<std::string, int64_t> &symbols) {
  std::vector<int64_t> bounds(graph.values.size(), std::numeric_limits<int64_t>::max());
  auto lower = [&](ValueId id, int64_t bound) {
    bounds[static_cast<size_t>(id)] = std::min(bounds[static_cast<size_t>(id)], bound);
  };
  const std::set<std::string> found = SymbolsBoundByNodes(graph);
  // Against the order of the nodes, so that a node's result has its final bound before its operands get theirs.
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node &node = graph.nodes[i];
    int64_t bound = bounds[static_cast<size_t>(node.outputs[0])];  // ops with several results bound none of them
    if (bound != std::numeric_limits<int64_t>::max()) {
      for (auto [id, source_bound] : SourcesOf(graph, node, bound)) lower(id, source_bound);
    }
    if (node.op != OpKind::kGather) continue;
    const Dim &axis = graph.type(node.inputs[0]).dims[static_cast<size_t>(node.Get<int64_t>("axis"))];
    std::vector<std::string> used;
    axis.CollectSymbols(used);
    auto is_found = [&](const std::string &symbol) { return found.count(symbol) > 0; };
    if (std::any_of(used.begin(), used.end(), is_found)) continue;  // by the run; what is out of range is clamped
    absl::StatusOr<int64_t> size = axis.Evaluate(symbols);
    if (!size.ok()) return interp::NodeError(node, size.status());
    lower(node.inputs[1], std::max<int64_t>(*size, 1));
  }
  std::map<ValueId, int64_t> of_inputs;
  for (ValueId id : graph.inputs) {
    int64_t bound = bounds[static_cast<size_t>(id)];
    if (IsInteger(graph.type(id).dtype) && bound != std::numeric_limits<int64_t>::max()) of_inputs[id] = bound;
  }
  return of_inputs;
}

absl::StatusOr<std::vector<Tensor>> RandomInputs(const Graph &graph, const std::map<std::string, int64_t> &symbols,
                                                 uint64_t seed, int64_t max_bytes) {
  absl::StatusOr<std::map<ValueId, int64_t>> bounds = IndexBounds(graph, symbols);
  if (!bounds.ok()) return bounds.status();
  std::vector<Tensor> inputs;
  int64_t left = max_bytes;
  for (ValueId id : graph.inputs) {
    const Value &value = graph.value(id);
    DType dtype = value.type.dtype;
    absl::StatusOr<std::vector<int64_t>> dims = interp::EvaluateDims(value.type.dims, symbols);
    if (!dims.ok())
      return absl::Status(dims.status().code(), absl::StrCat("input '", value.name, "': ", dims.status().message()));
    std::optional<int64_t> count = interp::CountElements(*dims);
    std::optional<int64_t> bytes = count ? StorageBytes(dtype, *count) : std::nullopt;
    if (!bytes || *bytes > left) {
      return absl::ResourceExhaustedError(absl::StrCat("input '", value.name, "' of shape ", interp::DimsText(*dims),
                                                       " is not possible or larger than ", left,
                                                       " bytes; choose smaller symbols"));
    }
    left -= *bytes;
    // A generator of its own, so that an input does not depend on the others.
    SplitMix64 random(SplitMix64(seed + inputs.size() * 0x632be59bd9b4e019).Next());
    Tensor tensor = Tensor::Zeros(dtype, *std::move(dims));
    auto bound = bounds->find(id);
    int64_t below = bound == bounds->end() ? 2 : bound->second;
    if (int bits = BitWidth(dtype); bits < 32)
      below = std::min(below, INT64_C(1) << (bits - 1));  // what is signed holds
    if (IsFloat(dtype)) {
      for (int64_t i = 0; i < *count; ++i) tensor.SetDouble(i, random.Normal());
    } else if (IsComplex(dtype)) {
      for (int64_t i = 0; i < *count; ++i) {
        double real = random.Normal();
        tensor.SetComplex(i, {real, random.Normal()});
      }
    } else if (bound == bounds->end() && IsMask(value.name)) {
      FillMask(random, tensor);
    } else {
      for (int64_t i = 0; i < *count; ++i) tensor.SetInt(i, random.Below(below));
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

}  // namespace ingot
