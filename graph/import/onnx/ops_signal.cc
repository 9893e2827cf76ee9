// Signals: Fourier transforms as products with matrices of sines, windows, and the mel scale. What has constant sizes
// is a constant; the program computes the rest.
#include <cmath>

#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMaxLength = 2048;
constexpr double kTau = 6.283185307179586;

// A scalar operand that is known while importing.
absl::StatusOr<double> NumberIn(const NodeContext &n, size_t i, const char *what) {
  const Known *known = n.KnownIn(i);
  if (known == nullptr || known->size() != 1 || !known->is_constant())
    return absl::UnimplementedError(absl::StrCat("its ", what, " must be a constant number"));
  return known->is_real() ? known->reals[0] : static_cast<double>(*known->ints[0].constant());
}

// A scalar operand that counts something, which may be data.
absl::StatusOr<Dim> CountIn(NodeContext &n, size_t i, const char *what, int64_t most = 1000000) {
  INGOT_ASSIGN_OR_RETURN(Dims values, n.SizesIn(i, what));
  if (!n.b.status().ok()) return Dim(1);  // it stops the import
  if (values.size() != 1)
    return absl::InvalidArgumentError(
        absl::StrCat("its ", what, " is ", n.Type(i).ToString(), "; it must be a scalar"));
  if (std::optional<int64_t> value = values[0].constant(); value && (*value < 0 || *value > most))
    return absl::InvalidArgumentError(absl::StrCat("its ", what, " is ", *value, "; 0 to ", most, " is supported"));
  return values[0];
}

Expr Real(GraphBuilder &b, double value) { return b.Scalar(value, DType::kF64); }
Expr Real(GraphBuilder &b, const Dim &value) { return b.Cast(Number(b, value), DType::kF64); }

// The two parts of complex numbers; no imaginary one for real numbers.
struct Complex {
  Expr re, im;
};

// The parts of x, whose last axis holds one or both of them.
absl::StatusOr<Complex> PartsOf(GraphBuilder &b, Expr x, const TensorType &type) {
  const Dims dims(type.dims.begin(), type.dims.end() - 1);
  if (type.dims.back().Is(1)) return Complex{b.Reshape(x, dims), {}};
  if (!type.dims.back().Is(2))
    return absl::InvalidArgumentError(
        absl::StrCat("its operand is ", type.ToString(), "; its last axis must hold 1 or 2 numbers"));
  auto part = [&](int64_t i) { return b.Reshape(SliceAxis(b, x, dims.size(), i, i + 1), dims); };
  return Complex{part(0), part(1)};
}

// Row i, column k: an angle's cosine and sine, of i * k / length turns. Angles are taken modulo a turn while they are
// integers.
struct Waves {
  Expr cosines, sines;
};

Waves WavesOf(GraphBuilder &b, const Dim &length, const Dim &count, bool inverse, DType dtype) {
  const double turn = inverse ? -1 : 1;
  if (length.is_constant() && count.is_constant()) {
    const int64_t rows = *length.constant(), columns = *count.constant();
    const double scale = inverse ? 1 / static_cast<double>(rows) : 1;
    Tensor cosines = Tensor::Zeros(dtype, {rows, columns}), sines = Tensor::Zeros(dtype, {rows, columns});
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t k = 0; k < columns; ++k) {
        double angle = kTau * static_cast<double>(i * k % rows) / static_cast<double>(rows);
        cosines.SetDouble(i * columns + k, std::cos(angle) * scale);
        sines.SetDouble(i * columns + k, std::sin(angle) * scale * turn);
      }
    }
    return {b.Constant(std::move(cosines)), b.Constant(std::move(sines))};
  }
  Expr places = b.Rem(b.Mul(Counted(b, length, 0, 2), Counted(b, count, 1, 2)), Number(b, length));
  Expr whole = Real(b, length), angle = b.Div(b.Mul(b.Cast(places, DType::kF64), Real(b, kTau)), whole);
  Expr scale = inverse ? b.Div(Real(b, 1.0), whole) : Real(b, 1.0);
  auto scaled = [&](Expr wave, Expr by) { return CastIfNeeded(b, b.Mul(wave, by), DType::kF64, dtype); };
  return {scaled(b.Cos(angle), scale), scaled(b.Sin(angle), b.Mul(scale, Real(b, turn)))};
}

// The transform along the last of the axes `dims`, of `length` elements into the first `count` frequencies.
Complex Transformed(GraphBuilder &b, Complex x, Dims dims, const Dim &length, const Dim &count, bool inverse,
                    DType dtype) {
  auto [c, s] = WavesOf(b, length, count, inverse, dtype);
  Dims flat = {NumElements(Dims(dims.begin(), dims.end() - 1)), length};
  dims.back() = count;
  Expr re = b.Reshape(x.re, flat), out_re = b.MatMul(re, c), out_im = b.Neg(b.MatMul(re, s));
  if (x.im.id != kNoValue) {
    Expr im = b.Reshape(x.im, flat);
    out_re = b.Add(out_re, b.MatMul(im, s));
    out_im = b.Add(out_im, b.MatMul(im, c));
  }
  return {b.Reshape(out_re, dims), b.Reshape(out_im, dims)};
}

Expr Joined(GraphBuilder &b, const Complex &x) {
  Dims dims = b.type(x.re).dims;
  dims.push_back(1);
  return b.Concat({b.Reshape(x.re, dims), b.Reshape(x.im, dims)}, static_cast<int64_t>(dims.size()) - 1);
}

// The first `length` elements along the last axis, zeros where there are fewer.
Expr Fitted(GraphBuilder &b, Expr x, const Dim &have, const Dim &length) {
  size_t last = b.type(x).dims.size() - 1;
  Dims low(last + 1), high(last + 1);
  high[last] = Dim::Max(length - have, 0);
  if (!high[last].Is(0)) x = b.Pad(x, b.Scalar(0, b.type(x).dtype), low, high);
  return SliceAxis(b, x, last, 0, length);
}

Dim FrequenciesOf(const Dim &length, bool half) { return half ? Dim::FloorDiv(length, 2) + 1 : length; }

absl::Status CheckLength(const Dim &length) {
  if (length.constant().value_or(1) >= 1 && length.constant().value_or(1) <= kMaxLength) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("transforms of ", length.ToString(), " elements are not supported; 1 to ", kMaxLength, " are"));
}

absl::Status Dft(NodeContext &n) {
  const TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 2));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis", n.opset >= 20 ? -2 : 1));
  if (n.Has(2)) {
    INGOT_ASSIGN_OR_RETURN(Ints given, n.IntsIn(2, "axis"));
    if (given.size() != 1) return absl::InvalidArgumentError("its axis is not a scalar");
    axis = given[0];
  }
  INGOT_ASSIGN_OR_RETURN(int64_t inverse, n.Int("inverse", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t half, n.Int("onesided", 0));
  INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, x.rank()));
  if (axis == x.rank() - 1) return absl::InvalidArgumentError("transforms the axis that holds the complex numbers");
  if (half != 0 && inverse != 0)
    return absl::UnimplementedError("the inverse of a one-sided transform is not supported");
  const Dim size = x.dims[static_cast<size_t>(axis)];
  Dim length = size;
  if (n.Has(1)) {
    INGOT_ASSIGN_OR_RETURN(length, CountIn(n, 1, "length", kMaxLength));
  }
  INGOT_RETURN_IF_ERROR(CheckLength(length));
  GraphBuilder &b = n.b;
  INGOT_ASSIGN_OR_RETURN(Complex parts, PartsOf(b, n.In(0), x));
  Ints swap;
  Dims dims(x.dims.begin(), x.dims.end() - 1);
  for (size_t i = 0; i < dims.size(); ++i) swap.push_back(static_cast<int64_t>(i));
  std::swap(swap[static_cast<size_t>(axis)], swap.back());
  std::swap(dims[static_cast<size_t>(axis)], dims.back());
  dims.back() = length;
  for (Expr *part : {&parts.re, &parts.im}) {
    if (part->id != kNoValue) *part = Fitted(b, b.Transpose(*part, swap), size, length);
  }
  parts = Transformed(b, parts, dims, length, FrequenciesOf(length, half != 0), inverse != 0, x.dtype);
  return n.Return(Joined(b, {b.Transpose(parts.re, swap), b.Transpose(parts.im, swap)}));
}

absl::Status Stft(NodeContext &n) {
  TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 2));
  INGOT_ASSIGN_OR_RETURN(int64_t half, n.Int("onesided", 1));
  INGOT_ASSIGN_OR_RETURN(Dim step, CountIn(n, 1, "frame step"));
  Dim length = n.Has(2) && n.rank(2) == 1 ? n.Type(2).dims[0] : Dim(0);
  if (n.Has(3)) {
    INGOT_ASSIGN_OR_RETURN(length, CountIn(n, 3, "frame length", kMaxLength));
  }
  INGOT_RETURN_IF_ERROR(CheckLength(length));
  if (step.Is(0) || x.rank() > 3)
    return absl::InvalidArgumentError(
        absl::StrCat("cannot take a frame every ", step.ToString(), " elements of ", x.ToString()));
  // One that is data is compared with the signal by the program.
  if (length.is_constant() && !n.bounds.Require(length, x.dims[1]))
    return absl::InvalidArgumentError(
        absl::StrCat("a frame of ", length.ToString(), " elements is longer than the signal ", x.ToString()));
  GraphBuilder &b = n.b;
  Expr signal = n.In(0);
  if (x.rank() == 2) {
    x.dims.push_back(1);
    signal = b.Reshape(signal, x.dims);
  }
  INGOT_ASSIGN_OR_RETURN(Complex parts, PartsOf(b, signal, x));
  Dim frames = Dim::FloorDiv(x.dims[1] - length, step) + 1;
  Expr at = b.Add(b.Mul(Counted(b, frames, 0, 2), Number(b, step)), Counted(b, length, 1, 2));
  for (Expr *part : {&parts.re, &parts.im}) {
    if (part->id == kNoValue) continue;
    *part = b.Gather(*part, at, 1);
    if (n.Has(2)) *part = b.Mul(*part, CastIfNeeded(b, n.In(2), n.dtype(2), x.dtype));
  }
  const Dim count = FrequenciesOf(length, half != 0);
  return n.Return(Joined(b, Transformed(b, parts, {x.dims[0], frames, length}, length, count, false, x.dtype)));
}

// a0 - a1 cos(t) + a2 cos(2 t) over one turn.
absl::Status Window(NodeContext &n, double a0, double a1, double a2) {
  INGOT_ASSIGN_OR_RETURN(Dim length, CountIn(n, 0, "size"));
  INGOT_ASSIGN_OR_RETURN(int64_t periodic, n.Int("periodic", 1));
  INGOT_ASSIGN_OR_RETURN(DType dtype, n.TypeAttribute("output_datatype", DType::kF32));
  if (!IsFloat(dtype))
    return absl::UnimplementedError(absl::StrCat("windows of ", std::string(Name(dtype)), " are not supported"));
  if (!length.is_constant()) {
    GraphBuilder &b = n.b;
    Expr whole = b.Max(Real(b, periodic != 0 ? length : length - 1), Real(b, 1.0));
    Expr t = b.Div(b.Mul(b.Iota({length}, 0, DType::kF64), Real(b, kTau)), whole);
    Expr window = b.Sub(Real(b, a0), b.Mul(Real(b, a1), b.Cos(t)));
    if (a2 != 0) window = b.Add(window, b.Mul(Real(b, a2), b.Cos(b.Mul(t, Real(b, 2.0)))));
    return n.Return(CastIfNeeded(b, window, DType::kF64, dtype));
  }
  const int64_t size = *length.constant();
  Tensor window = Tensor::Zeros(dtype, {size});
  double turn = static_cast<double>(std::max<int64_t>(periodic != 0 ? size : size - 1, 1));
  for (int64_t i = 0; i < size; ++i) {
    double t = kTau * static_cast<double>(i) / turn;
    window.SetDouble(i, a0 - a1 * std::cos(t) + a2 * std::cos(2 * t));
  }
  return n.Return(n.b.Constant(std::move(window)));
}

absl::Status HannWindow(NodeContext &n) { return Window(n, 0.5, 0.5, 0); }
absl::Status HammingWindow(NodeContext &n) { return Window(n, 25.0 / 46, 21.0 / 46, 0); }
absl::Status BlackmanWindow(NodeContext &n) { return Window(n, 0.42, 0.5, 0.08); }

// The mel weights below where an operand is data.
absl::Status MelWeightsByData(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Dim bands, CountIn(n, 0, "number of bands"));
  INGOT_ASSIGN_OR_RETURN(Dim length, CountIn(n, 1, "length"));
  INGOT_ASSIGN_OR_RETURN(DType dtype, n.TypeAttribute("output_datatype", DType::kF32));
  if (!IsFloat(dtype))
    return absl::UnimplementedError(absl::StrCat("weights of ", std::string(Name(dtype)), " are not supported"));
  GraphBuilder &b = n.b;
  auto number = [&](size_t i) { return b.Cast(b.Reshape(n.In(i), {}), DType::kF64); };
  Expr rate = number(2), one = Real(b, 1.0);
  auto mel = [&](Expr hertz) {
    return b.Mul(b.Log(b.Add(b.Div(hertz, Real(b, 700.0)), one)), Real(b, 2595 / std::log(10)));
  };
  Expr first = mel(number(3)), step = b.Div(b.Sub(mel(number(4)), first), Real(b, bands + 2));
  const Dim rows = Dim::FloorDiv(length, 2) + 1;
  Expr mels = b.Add(b.Mul(Counted(b, bands + 2, 1, 2, DType::kF64), step), first);
  Expr hertz = b.Mul(b.Sub(b.Pow(Real(b, 10.0), b.Div(mels, Real(b, 2595.0))), one), Real(b, 700.0));
  Expr corners = b.Floor(b.Div(b.Mul(Real(b, length + 1), hertz), rate));
  corners = b.Min(corners, Real(b, rows));
  Expr low = SliceAxis(b, corners, 1, 0, bands), centre = SliceAxis(b, corners, 1, 1, bands + 1);
  Expr high = SliceAxis(b, corners, 1, 2, bands + 2), row = Counted(b, rows, 0, 2, DType::kF64);
  auto within = [&](Expr from, Expr to) { return b.LogicalAnd(b.GreaterEqual(row, from), b.Less(row, to)); };
  auto ratio = [&](Expr part, Expr whole) { return b.Div(part, b.Max(whole, one)); };
  Expr tip = b.Select(b.Equal(row, centre), one, Real(b, 0.0));
  Expr rising = b.Select(within(low, centre), ratio(b.Sub(row, low), b.Sub(centre, low)), tip);
  Expr result = b.Select(within(centre, high), ratio(b.Sub(high, row), b.Sub(high, centre)), rising);
  return n.Return(CastIfNeeded(b, result, DType::kF64, dtype));
}

// How much every frequency counts for every band: triangles whose corners are evenly spaced on the mel scale.
absl::Status MelWeightMatrix(NodeContext &n) {
  for (size_t i = 0; i < 5; ++i) {
    if (n.KnownIn(i) == nullptr || !n.KnownIn(i)->is_constant()) return MelWeightsByData(n);
  }
  INGOT_ASSIGN_OR_RETURN(Dim band_count, CountIn(n, 0, "number of bands"));
  INGOT_ASSIGN_OR_RETURN(Dim transform_length, CountIn(n, 1, "length"));
  const int64_t bands = *band_count.constant(), length = *transform_length.constant();
  INGOT_ASSIGN_OR_RETURN(double rate, NumberIn(n, 2, "sample rate"));
  INGOT_ASSIGN_OR_RETURN(double lowest, NumberIn(n, 3, "lower edge"));
  INGOT_ASSIGN_OR_RETURN(double highest, NumberIn(n, 4, "upper edge"));
  INGOT_ASSIGN_OR_RETURN(DType dtype, n.TypeAttribute("output_datatype", DType::kF32));
  if (!(rate > 0) || !(lowest >= 0) || !(highest >= lowest) || !IsFloat(dtype))
    return absl::InvalidArgumentError(absl::StrCat("cannot make ", std::string(Name(dtype)), " bands from ", lowest,
                                                   " to ", highest, " Hz of a signal with ", rate, " Hz"));
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  double first = mel(lowest), step = (mel(highest) - first) / static_cast<double>(bands + 2);
  int64_t rows = length / 2 + 1;
  if (rows * bands > INT64_C(1) << 22) return absl::UnimplementedError("the matrix has more than 2^22 elements");
  auto corner = [&](int64_t i) {
    double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + first) / 2595) - 1);
    double row = std::floor(static_cast<double>(length + 1) * hertz / rate);
    return row < static_cast<double>(rows) ? static_cast<int64_t>(row) : rows;
  };
  Tensor matrix = Tensor::Zeros(dtype, {rows, bands});
  auto set = [&](int64_t row, int64_t band, int64_t part, int64_t whole) {
    if (row < rows) matrix.SetDouble(row * bands + band, static_cast<double>(part) / static_cast<double>(whole));
  };
  for (int64_t band = 0; band < bands; ++band) {
    int64_t low = corner(band), centre = corner(band + 1), high = corner(band + 2);
    if (low == centre) set(centre, band, 1, 1);
    for (int64_t row = low; low < centre && row <= centre; ++row) set(row, band, row - low, centre - low);
    for (int64_t row = centre; row < high; ++row) set(row, band, high - row, high - centre);
  }
  return n.Return(n.b.Constant(std::move(matrix)));
}

}  // namespace

void AddSignalOps(OpTable &table) {
  table["DFT"] = {Dft, 1, 3};
  table["STFT"] = {Stft, 2, 4};
  table["HannWindow"] = {HannWindow, 1, 1};
  table["HammingWindow"] = {HammingWindow, 1, 1};
  table["BlackmanWindow"] = {BlackmanWindow, 1, 1};
  table["MelWeightMatrix"] = {MelWeightMatrix, 5, 5};
}

}  // namespace ingot::onnx_import
