#include "tests/compiler/random_graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/shape/infer.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

constexpr int64_t kLargest = 4096;  // elements of a value
constexpr int kMostInputs = 10;
constexpr int kHot = 5;

bool NotNegative(const std::vector<int64_t> &values) {
  return std::all_of(values.begin(), values.end(), [](int64_t v) { return v >= 0; });
}

bool FewElements(const std::vector<int64_t> &values) {
  double product = 1;
  for (int64_t value : values) product *= static_cast<double>(std::max<int64_t>(value, 1));
  return NotNegative(values) && product <= kLargest;
}

// How much an op adds to its operands' heat; negative: the result is about 1.
int HeatOf(OpKind op) {
  switch (op) {
    case OpKind::kExp:
    case OpKind::kPow:
    case OpKind::kReduceProd:
      return 4;
    case OpKind::kMatMul:
    case OpKind::kConv:
    case OpKind::kReduceSum:
    case OpKind::kDiv:
    case OpKind::kReciprocal:
    case OpKind::kRsqrt:
      return 1;
    case OpKind::kTanh:
    case OpKind::kSigmoid:
    case OpKind::kSin:
    case OpKind::kCos:
    case OpKind::kErf:
    case OpKind::kSoftmax:
    case OpKind::kLayerNorm:
    case OpKind::kSign:
      return -1;
    default:
      return 0;
  }
}

}  // namespace

absl::StatusOr<RandomCase> MakeRandomCase(uint64_t seed) { return RandomGraph(seed).Build(); }

RandomGraph::RandomGraph(uint64_t seed)
    : engine_(seed * 0x9e3779b97f4a7c15ull + 1), b_(absl::StrCat("random", seed)), daring_(seed % 8 == 7) {}

bool RandomGraph::Always(const Dims &dims, bool (*holds)(const std::vector<int64_t> &)) const {
  for (const auto &sizes : sizes_) {
    std::vector<int64_t> values;
    bool known = true;
    for (const Dim &dim : dims) {
      absl::StatusOr<int64_t> value = dim.Evaluate(sizes);
      known = known && value.ok();
      values.push_back(value.value_or(0));
    }
    if (known && holds(values)) continue;
    // A daring graph has to hold for the first sizes only.
    if (!daring_ || &sizes == &sizes_.front()) return false;
    // What does not hold is for others to notice, but it must stay small: its product too, or the interpreter is at it
    // for minutes.
    double product = 1;
    for (int64_t value : values) product *= static_cast<double>(std::max<int64_t>(value, 1));
    if (product > 16 * kLargest) return false;
  }
  return true;
}

bool RandomGraph::Small(const Dims &dims) const { return dims.size() <= 6 && Always(dims, FewElements); }

DType RandomGraph::PickDType() {
  static const std::vector<DType> kRare = {DType::kF64, DType::kF16,      DType::kBF16,   DType::kI64,    DType::kI32,
                                           DType::kI16, DType::kI8,       DType::kU8,     DType::kU16,    DType::kU32,
                                           DType::kU64, DType::kBool,     DType::kF8E4M3, DType::kF8E5M2, DType::kI4,
                                           DType::kU4,  DType::kComplex64};
  return Chance(72) ? DType::kF32 : OneOf(kRare);
}

Expr RandomGraph::Remember(Expr x, int heat) {
  pool_.push_back(x);
  heat_[x.id] = heat;
  return x;
}

Expr RandomGraph::PickOfEvery() {
  size_t recent = std::min<size_t>(4, pool_.size());
  return Chance(50) ? pool_[pool_.size() - 1 - Below(recent)] : OneOf(pool_);
}

Expr RandomGraph::Pick() {
  Expr x = PickOfEvery();
  return IsNarrow(type(x).dtype) ? CastTo(x, DType::kI8) : x;
}

Expr RandomGraph::CastTo(Expr x, DType dtype) {
  if (IsComplex(type(x).dtype) && !IsComplex(dtype)) x = Add(Chance(50) ? OpKind::kReal : OpKind::kImag, {x});
  return type(x).dtype == dtype ? x : Add(OpKind::kCast, {x}, {{"to", dtype}});
}

Expr RandomGraph::PickOf(DTypeSet set) {
  Expr x = set == DTypeSet::kEvery ? PickOfEvery() : Pick();
  if (Allows(set, type(x).dtype)) return x;
  switch (set) {
    case DTypeSet::kEvery:
    case DTypeSet::kAny:
    case DTypeSet::kNumber:
    case DTypeSet::kFloat:
      return CastTo(x, DType::kF32);
    case DTypeSet::kInteger:
      return CastTo(x, Chance(50) ? DType::kI64 : DType::kI32);
    case DTypeSet::kBool:
      return CastTo(x, DType::kBool);
    case DTypeSet::kLogical:
      return CastTo(x, Chance(50) ? DType::kBool : DType::kI32);
    case DTypeSet::kComplex:
      return CastTo(x, DType::kComplex64);
  }
  return x;
}

Expr RandomGraph::PickComplex() {
  std::vector<Expr> complex;
  for (Expr x : pool_) {
    if (IsComplex(type(x).dtype)) complex.push_back(x);
  }
  if (!complex.empty() && Chance(75)) return OneOf(complex);
  Expr real = CastTo(Pick(), DType::kF32);
  return Add(OpKind::kComplex, {real, Chance(30) ? real : Make(DType::kF32, DimsOf(real))});
}

Expr RandomGraph::PickFor(const OpSchema &schema) {
  if (schema.takes_complex && schema.fusion != FusionKind::kControl && Chance(8)) return PickComplex();
  Expr x = schema.dtypes == DTypeSet::kEvery ? PickOfEvery() : Pick();
  return Takes(schema, type(x).dtype) ? x : PickOf(schema.dtypes);
}

Expr RandomGraph::PickFloat(size_t least_rank) {
  for (int i = 0; i < 6; ++i) {
    Expr x = PickOf(DTypeSet::kFloat);
    if (DimsOf(x).size() >= least_rank) return x;
  }
  Dims dims(least_rank, Dim(2));
  for (size_t i = 0; i < least_rank; ++i) {
    Dims wider = dims;
    wider[i] = PickDim();
    if (Small(wider)) dims = wider;
  }
  return Make(DType::kF32, dims);
}

Expr RandomGraph::MakeConstant(DType dtype, const std::vector<int64_t> &dims) {
  std::mt19937 engine(static_cast<unsigned>(engine_()));
  return b_.Constant(RandomTensor(dtype, dims, engine));
}

Expr RandomGraph::MakeInput(const char *name, DType dtype, const Dims &dims) {
  Dims outside = dims;
  bool changed = false;
  for (Dim &dim : outside) {
    // What a bound size was made of may stand on bound sizes itself.
    for (Dim before = 0; before != dim;) {
      before = dim;
      dim = dim.Substitute([&](const std::string &symbol) -> std::optional<Dim> {
        auto found = bound_.find(symbol);
        return found == bound_.end() ? std::nullopt : std::optional<Dim>(found->second);
      });
    }
    changed = changed || dim != dims[static_cast<size_t>(&dim - outside.data())];
  }
  std::vector<std::string> symbols;
  for (const Dim &dim : outside) dim.CollectSymbols(symbols);
  if (std::any_of(symbols.begin(), symbols.end(), [&](const std::string &symbol) { return told_.count(symbol) != 0; }))
    return Add(OpKind::kBroadcastTo, {MakeConstant(dtype, {})}, {{"dims", dims}});
  Expr x = Remember(b_.Input(absl::StrCat(name, inputs_++), dtype, outside), 0);
  return changed ? Add(OpKind::kReshape, {x}, {{"dims", dims}}) : x;
}

Expr RandomGraph::Make(DType dtype, const Dims &dims) {
  std::vector<Expr> same;
  for (Expr x : pool_) {
    if (type(x).dtype == dtype && DimsOf(x) == dims) same.push_back(x);
  }
  if (!same.empty() && Chance(60)) return OneOf(same);
  bool fixed = std::all_of(dims.begin(), dims.end(), [](const Dim &d) { return d.is_constant(); });
  if (IsNarrow(dtype) && inputs_ >= kMostInputs) return CastTo(Make(DType::kI8, dims), dtype);
  if (fixed && Chance(60)) {
    std::vector<int64_t> sizes;
    for (const Dim &dim : dims) sizes.push_back(*dim.constant());
    return MakeConstant(dtype, sizes);
  }
  if (inputs_ < kMostInputs) return MakeInput("x", dtype, dims);
  return Add(OpKind::kBroadcastTo, {MakeConstant(dtype, {})}, {{"dims", dims}});
}

Expr RandomGraph::MakeIndices(const Dims &dims) {
  DType dtype = Chance(70) ? DType::kI64 : DType::kI32;
  for (Expr x : pool_) {
    if (IsInteger(type(x).dtype) && DimsOf(x) == dims && Chance(50)) return CastTo(x, dtype);
  }
  if (dims.size() == 1 && Chance(30))
    return Add(OpKind::kIota, {}, {{"dims", dims}, {"axis", int64_t{0}}, {"dtype", dtype}});
  if (inputs_ < kMostInputs && Chance(60)) return MakeInput("index", dtype, dims);
  return Make(dtype, dims);
}

std::optional<Expr> RandomGraph::Try(OpKind op, const std::vector<Expr> &operands, Attributes attributes) {
  std::vector<const TensorType *> types;
  int heat = 0;
  bool sums = op == OpKind::kMul || op == OpKind::kMatMul || op == OpKind::kConv || op == OpKind::kDiv;
  for (Expr x : operands) {
    if (x.id == kNoValue) return std::nullopt;
    types.push_back(&type(x));
    heat = sums ? heat + heat_[x.id] : std::max(heat, heat_[x.id]);
  }
  absl::StatusOr<ResultTypes> results = InferTypes(Schema(op), types, attributes);
  if (!results.ok() || !Small(results->front().dims)) return std::nullopt;
  // Others must see that an operand is used before it becomes an output.
  for (Expr x : operands) ++uses_[x.id];
  int step = HeatOf(op);
  heat = step < 0 ? 0 : heat + step;
  std::vector<Expr> all = b_.EmitAll(op, operands, std::move(attributes));
  for (size_t i = 1; i < all.size(); ++i) Remember(all[i], 0);
  Expr made = Remember(all[0], heat);
  if (heat <= kHot || !Allows(DTypeSet::kFloat, results->front().dtype)) return made;
  return Chance(50) ? Add(OpKind::kTanh, {made}) : Add(OpKind::kSigmoid, {made});
}

Expr RandomGraph::Add(OpKind op, const std::vector<Expr> &operands, Attributes attributes) {
  std::optional<Expr> made = Try(op, operands, attributes);
  if (made) return *made;
  // Say why.
  return b_.Emit(op, operands, std::move(attributes));
}

void RandomGraph::Incomplete(const OpSchema &schema) {
  b_.Fail(absl::UnimplementedError(
      absl::StrCat("the random graphs know no generator for op '", std::string(schema.name), "' with shape rule '",
                   std::string(schema.shape_rule), "'; add one to tests/compiler/random_ops.cc")));
}

std::optional<Expr> RandomGraph::BindSize() {
  if (Chance(40)) {
    const std::string symbol = absl::StrCat("b", dims_.size());
    for (auto &sizes : sizes_) sizes[symbol] = static_cast<int64_t>(Below(kMostTold));
    Expr number = Remember(b_.Input(absl::StrCat(kTold, symbol), DType::kI64, {1}), 0);
    told_.insert(symbol);
    dims_.push_back(Dim::Symbol(symbol));
    return Try(OpKind::kBindSizes, {number}, {{"sizes", Dims{Dim::Symbol(symbol)}}});
  }
  const Dim size = Chance(50) ? PickDim() : Dim::FloorDiv(PickDim() + 1, 2);
  const std::string symbol = absl::StrCat("b", dims_.size());
  std::vector<int64_t> values;
  for (const auto &sizes : sizes_) {
    absl::StatusOr<int64_t> value = size.Evaluate(sizes);
    if (!value.ok() || *value < 0) return std::nullopt;
    values.push_back(*value);
  }
  Expr number = Add(OpKind::kDimValues, {}, {{"values", Dims{size}}});
  if (Chance(50)) number = Add(OpKind::kNeg, {Add(OpKind::kNeg, {number})});
  for (size_t i = 0; i < sizes_.size(); ++i) sizes_[i][symbol] = values[i];
  std::optional<Expr> bound = Try(OpKind::kBindSizes, {number}, {{"sizes", Dims{Dim::Symbol(symbol)}}});
  bound_[symbol] = size;
  dims_.push_back(Dim::Symbol(symbol));
  return bound;
}

bool RandomGraph::Step() {
  if (Chance(18)) return RandomChain().has_value();
  if (Chance(5)) return RandomControl().has_value();
  // By kind first, so that the many element-wise ops leave room for the others.
  static const std::vector<FusionKind> kKinds = {
      FusionKind::kElementwise, FusionKind::kElementwise, FusionKind::kElementwise, FusionKind::kElementwise,
      FusionKind::kReduction,   FusionKind::kContraction, FusionKind::kView,        FusionKind::kView,
      FusionKind::kGather,      FusionKind::kGather,      FusionKind::kComposite,   FusionKind::kLeaf,
      FusionKind::kSort,        FusionKind::kUpdate,      FusionKind::kSizes};
  FusionKind kind = OneOf(kKinds);
  std::vector<const OpSchema *> schemas;
  for (const OpSchema &schema : AllSchemas()) {
    if (schema.fusion == kind) schemas.push_back(&schema);
  }
  return RandomOp(*OneOf(schemas)).has_value();
}

void RandomGraph::AddOutputs() {
  int count = 0;
  b_.Output("last", pool_.back());
  for (auto x = pool_.rbegin() + 1; x != pool_.rend() && count < 8; ++x) {
    if (uses_[x->id] == 0 || Chance(10)) b_.Output(absl::StrCat("y", count++), *x);
  }
}

absl::StatusOr<RandomCase> RandomGraph::Build() {
  static const std::vector<std::string> kNames = {"n", "m", "k"};
  size_t symbols = 1 + Below(3);
  // Ordinary sizes, with ones, with zeros, and odd ones around the widths of vectors and tiles.
  static const std::vector<std::vector<int64_t>> kSizes = {
      {4, 5, 6, 7, 8, 9, 12}, {1, 1, 2, 3}, {0, 1, 2, 5}, {3, 7, 15, 16, 17, 31, 33}};
  for (const std::vector<int64_t> &choices : kSizes) {
    sizes_.emplace_back();
    for (size_t i = 0; i < symbols; ++i) sizes_.back()[kNames[i]] = OneOf(choices);
  }
  if (Chance(60)) sizes_.erase(sizes_.begin() + 2);  // graphs that never are empty can do more

  std::vector<Dim> bare;
  for (size_t i = 0; i < symbols; ++i) bare.push_back(Dim::Symbol(kNames[i]));
  dims_ = bare;
  Dim n = bare[0], other = bare.back();
  std::vector<Dim> derived = {n + 1,         2 * n, n * other, Dim::FloorDiv(n, 2), n + other, Dim::CeilDiv(other, 2),
                              Dim::Max(n, 3)};
  for (size_t i = 0; i < 2; ++i) dims_.push_back(OneOf(derived));
  for (size_t i = 0; i < 3; ++i)
    dims_.push_back(Dim(OneOf(std::vector<int64_t>{1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 20})));

  for (const Dim &symbol : bare) {
    Dims dims = {symbol};
    if (Chance(80)) dims.insert(dims.begin() + static_cast<int64_t>(Below(2)), PickDim());
    if (Chance(40)) dims.insert(dims.begin(), PickDim());
    if (!Small(dims)) dims = {symbol};
    Remember(b_.Input(absl::StrCat("x", inputs_++), DType::kF32, dims), 0);
  }
  for (size_t i = 0; i < 1 + Below(2); ++i) {
    Dims dims;
    for (size_t axis = 0; axis < 1 + Below(3); ++axis) dims.push_back(PickDim());
    if (Small(dims)) Make(PickDType(), dims);
  }
  size_t wanted = pool_.size() + 4 + Below(14);
  for (int tries = 0; pool_.size() < wanted && tries < 100 && b_.status().ok(); ++tries) {
    Step();
    if (Chance(6)) CastTo(PickOfEvery(), PickDType());
  }
  if (b_.status().ok()) AddOutputs();
  absl::StatusOr<Graph> graph = b_.Finish();
  if (!graph.ok()) return graph.status();
  return RandomCase{*std::move(graph), sizes_, daring_};
}

}  // namespace ingot
