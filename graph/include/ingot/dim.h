// A dim: an integer expression over named symbols, kept in one canonical form so that equal expressions compare equal.
//
// The form is a polynomial with integer coefficients whose atoms are symbols and the calls floordiv, ceildiv, mod, min
// and max. `2 * (n + 1)` and `n + n + 2` are therefore the same Dim. Comparison, printing and parsing follow that form.
// Arithmetic that overflows 64 bits, divides by the constant 0 or grows past a bound gives the undefined Dim, which
// stays undefined in whatever it enters and is refused by Parse, Evaluate and Validate. Tests: tests/graph/dim_test.cc.
#ifndef INGOT_DIM_H_
#define INGOT_DIM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot {

class Dim {
 public:
  enum class Call { kFloorDiv, kCeilDiv, kMod, kMin, kMax };
  struct Atom;
  // coefficient * atom * atom * ...; no atoms: a constant.
  struct Term {
    int64_t coefficient;
    std::vector<std::shared_ptr<const Atom>> atoms;
  };

  Dim() : Dim(int64_t{0}) {}
  Dim(int64_t value);                                   // NOLINT: a number is a dim
  Dim(int value) : Dim(static_cast<int64_t>(value)) {}  // NOLINT
  // A string is an expression; a malformed one is undefined and prints its text. Files use Parse, which says what is
  // wrong.
  Dim(const char *expression);  // NOLINT

  static Dim Symbol(std::string_view name);
  // How long and how deeply nested a text may be. Files are hostile; text that the compiler printed itself (kOwnText)
  // is only kept from ending the stack.
  struct TextLimits {
    size_t length = 1000;
    int depth = 32;
  };
  static constexpr TextLimits kOwnText{size_t{1} << 24, 1000};
  // "2 * n + 1", "n floordiv 2", "min(n, 512)"; a minus sign binds tighter than every operator. Within the limits and
  // not undefined; otherwise InvalidArgument.
  static absl::StatusOr<Dim> Parse(std::string_view text) { return Parse(text, TextLimits()); }
  static absl::StatusOr<Dim> Parse(std::string_view text, TextLimits limits);
  // A letter or underscore, then letters, digits, underscores and dots.
  static bool IsSymbolName(std::string_view name);

  friend Dim operator+(const Dim &a, const Dim &b);
  friend Dim operator-(const Dim &a, const Dim &b);
  friend Dim operator*(const Dim &a, const Dim &b);
  // Rounding towards minus infinity, as in MLIR's affine maps.
  static Dim FloorDiv(const Dim &a, const Dim &b);
  static Dim CeilDiv(const Dim &a, const Dim &b);
  static Dim Mod(const Dim &a, const Dim &b);
  static Dim Min(const Dim &a, const Dim &b);
  static Dim Max(const Dim &a, const Dim &b);

  bool operator==(const Dim &other) const { return Compare(*this, other) == 0; }
  bool operator!=(const Dim &other) const { return Compare(*this, other) != 0; }
  bool operator<(const Dim &other) const { return Compare(*this, other) < 0; }
  static int Compare(const Dim &a, const Dim &b);
  // Equal for equal expressions, within one process.
  size_t Hash() const;

  // Not a number: see the top of this file.
  bool undefined() const;
  std::optional<int64_t> constant() const;
  bool is_constant() const { return constant().has_value(); }
  // True when the expression is this constant.
  bool Is(int64_t value) const { return constant() == value; }
  // The name, when the expression is one bare symbol.
  std::optional<std::string> symbol() const;
  // a / b when b divides every coefficient and term of a exactly (polynomial division by one term), else nullopt.
  static std::optional<Dim> DivideExactly(const Dim &a, const Dim &b);

  const std::vector<Term> &terms() const { return *terms_; }
  std::string ToString() const;
  // Adds the names of all symbols, in order of appearance, without duplicates.
  void CollectSymbols(std::vector<std::string> &names) const;
  // InvalidArgument when the Dim is undefined, a symbol is missing, a divisor is zero or the result overflows.
  absl::StatusOr<int64_t> Evaluate(const std::map<std::string, int64_t> &symbols) const;
  // Every symbol replaced by what `of` returns (nullopt keeps it).
  Dim Substitute(const std::function<std::optional<Dim>(const std::string &)> &of) const;

 private:
  explicit Dim(std::vector<Term> terms);
  static Dim Undefined(std::string_view malformed = {});
  // a + sign * b
  static Dim Combine(const Dim &a, const Dim &b, int64_t sign);
  static Dim MakeCall(Call call, const Dim &a, const Dim &b);
  std::shared_ptr<const std::vector<Term>> terms_;
};

struct Dim::Atom {
  std::string symbol;  // empty: a call
  Call call = Call::kMin;
  std::vector<Dim> arguments;
  std::string malformed;  // an undefined Dim that was read from this text
  size_t size = 1;        // terms and atoms in the arguments, and itself
};

using Dims = std::vector<Dim>;

// "[batch, 2 * seq, 3]"
std::string ToString(const Dims &dims);
// The product; 1 for no dims.
Dim NumElements(const Dims &dims);

}  // namespace ingot
#endif  // INGOT_DIM_H_
