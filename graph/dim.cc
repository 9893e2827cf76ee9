// The canonical form of dim expressions. Parsing is in dim_parse.cc. Tests: tests/graph/dim_test.cc.
#include "ingot/dim.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ingot {
namespace {

using AtomPtr = std::shared_ptr<const Dim::Atom>;

// Terms and atoms of one Dim. A text that Parse accepts stays below unless products multiply out; a hostile graph,
// though, could square an expression at every node, or nest calls until recursion ends the stack.
constexpr size_t kMaxSize = 1000;

size_t Size(const std::vector<Dim::Term> &terms) {
  size_t size = terms.size();
  for (const Dim::Term &term : terms) {
    for (const AtomPtr &atom : term.atoms) size += atom->size;
  }
  return size;
}

int CompareAtoms(const AtomPtr &a, const AtomPtr &b) {
  if (a == b) return 0;
  if (a->symbol.empty() != b->symbol.empty()) return a->symbol.empty() ? 1 : -1;  // symbols before calls
  if (!a->symbol.empty()) return a->symbol.compare(b->symbol);
  if (a->call != b->call) return a->call < b->call ? -1 : 1;
  for (size_t i = 0; i < a->arguments.size(); ++i) {
    if (int c = Dim::Compare(a->arguments[i], b->arguments[i])) return c;
  }
  return 0;
}

// Longer products first, so that n * m + n + 1 prints in falling degree and the constant stands last.
int CompareProducts(const std::vector<AtomPtr> &a, const std::vector<AtomPtr> &b) {
  if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (int c = CompareAtoms(a[i], b[i])) return c;
  }
  return 0;
}

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); }

// The value of a call on constants; nullopt where it is not defined.
std::optional<int64_t> Fold(Dim::Call call, int64_t a, int64_t b) {
  if (call == Dim::Call::kMin) return std::min(a, b);
  if (call == Dim::Call::kMax) return std::max(a, b);
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  switch (call) {
    case Dim::Call::kFloorDiv:
      return FloorDivide(a, b);
    case Dim::Call::kCeilDiv:
      return FloorDivide(a, b) + (a % b != 0 ? 1 : 0);
    default: {
      int64_t remainder = a % b;
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
    }
  }
}

const char *Name(Dim::Call call) {
  switch (call) {
    case Dim::Call::kFloorDiv:
      return "floordiv";
    case Dim::Call::kCeilDiv:
      return "ceildiv";
    case Dim::Call::kMod:
      return "mod";
    case Dim::Call::kMin:
      return "min";
    case Dim::Call::kMax:
      return "max";
  }
  return "?";
}

}  // namespace

Dim::Dim(int64_t value) : Dim(value == 0 ? std::vector<Term>() : std::vector<Term>{{value, {}}}) {}

Dim::Dim(const char *expression) {
  absl::StatusOr<Dim> parsed = Parse(expression);
  terms_ = parsed.ok() ? parsed->terms_ : Undefined(expression).terms_;
}

Dim::Dim(std::vector<Term> terms) : terms_(std::make_shared<const std::vector<Term>>(std::move(terms))) {
  if (Size(*terms_) > kMaxSize) terms_ = Undefined().terms_;
}

// Kept as the call 1 floordiv 0, which nothing else makes.
Dim Dim::Undefined(std::string_view malformed) {
  auto atom = std::make_shared<Atom>();
  atom->call = Call::kFloorDiv;
  atom->arguments = {Dim(1), Dim(0)};
  atom->malformed = std::string(malformed.substr(0, 80));
  return Dim(std::vector<Term>{{1, {std::move(atom)}}});
}

bool Dim::undefined() const {
  if (terms().size() != 1 || terms()[0].atoms.size() != 1) return false;
  const Atom &atom = *terms()[0].atoms[0];
  return atom.symbol.empty() && atom.call == Call::kFloorDiv && atom.arguments[1].Is(0);
}

Dim Dim::Symbol(std::string_view name) {
  auto atom = std::make_shared<Atom>();
  atom->symbol = std::string(name);
  return Dim(std::vector<Term>{{1, {std::move(atom)}}});
}

int Dim::Compare(const Dim &a, const Dim &b) {
  if (a.terms_ == b.terms_) return 0;
  const auto &x = a.terms(), &y = b.terms();
  for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
    if (int c = CompareProducts(x[i].atoms, y[i].atoms)) return c;
    if (x[i].coefficient != y[i].coefficient) return x[i].coefficient < y[i].coefficient ? -1 : 1;
  }
  return x.size() == y.size() ? 0 : (x.size() < y.size() ? -1 : 1);
}

size_t Dim::Hash() const {
  auto mix = [](size_t seed, size_t value) { return (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 29); };
  size_t hash = terms().size();
  for (const Term &term : terms()) {
    hash = mix(hash, static_cast<size_t>(term.coefficient));
    for (const AtomPtr &atom : term.atoms) {
      hash = mix(hash, atom->symbol.empty() ? static_cast<size_t>(atom->call) : std::hash<std::string>()(atom->symbol));
      for (const Dim &argument : atom->arguments) hash = mix(hash, argument.Hash());
    }
  }
  return hash;
}

Dim Dim::Combine(const Dim &a, const Dim &b, int64_t sign) {
  if (a.undefined() || b.undefined()) return Undefined();
  const auto &x = a.terms(), &y = b.terms();
  std::vector<Term> sum;
  size_t i = 0, j = 0;
  while (i < x.size() || j < y.size()) {
    int c = i == x.size() ? 1 : j == y.size() ? -1 : CompareProducts(x[i].atoms, y[j].atoms);
    if (c < 0) {
      sum.push_back(x[i++]);
      continue;
    }
    int64_t coefficient = c == 0 ? x[i].coefficient : 0;
    bool overflow = sign > 0 ? __builtin_add_overflow(coefficient, y[j].coefficient, &coefficient)
                             : __builtin_sub_overflow(coefficient, y[j].coefficient, &coefficient);
    if (overflow) return Undefined();
    if (coefficient != 0) sum.push_back({coefficient, y[j].atoms});
    if (c == 0) ++i;
    ++j;
  }
  return Dim(std::move(sum));
}

Dim operator+(const Dim &a, const Dim &b) { return Dim::Combine(a, b, 1); }

Dim operator-(const Dim &a, const Dim &b) { return Dim::Combine(a, b, -1); }

Dim operator*(const Dim &a, const Dim &b) {
  if (a.undefined() || b.undefined() || a.terms().size() * b.terms().size() > kMaxSize) return Dim::Undefined();
  std::vector<Dim::Term> products;
  for (const Dim::Term &s : a.terms()) {
    for (const Dim::Term &t : b.terms()) {
      Dim::Term term{0, s.atoms};
      if (__builtin_mul_overflow(s.coefficient, t.coefficient, &term.coefficient)) return Dim::Undefined();
      term.atoms.insert(term.atoms.end(), t.atoms.begin(), t.atoms.end());
      std::sort(term.atoms.begin(), term.atoms.end(),
                [](const AtomPtr &l, const AtomPtr &r) { return CompareAtoms(l, r) < 0; });
      products.push_back(std::move(term));
    }
  }
  std::sort(products.begin(), products.end(),
            [](const Dim::Term &l, const Dim::Term &r) { return CompareProducts(l.atoms, r.atoms) < 0; });
  std::vector<Dim::Term> sum;
  for (Dim::Term &term : products) {
    if (sum.empty() || CompareProducts(sum.back().atoms, term.atoms) != 0) {
      sum.push_back(std::move(term));
    } else if (__builtin_add_overflow(sum.back().coefficient, term.coefficient, &sum.back().coefficient)) {
      return Dim::Undefined();
    }
  }
  std::erase_if(sum, [](const Dim::Term &term) { return term.coefficient == 0; });
  return Dim(std::move(sum));
}

Dim Dim::MakeCall(Call call, const Dim &a, const Dim &b) {
  if (a.undefined() || b.undefined()) return Undefined();
  bool divides = call != Call::kMin && call != Call::kMax;
  auto x = a.constant(), y = b.constant();
  if (x && y) {
    auto value = Fold(call, *x, *y);
    return value ? Dim(*value) : Undefined();
  }
  if (divides && y == 0) return Undefined();
  auto atom = std::make_shared<Atom>();
  atom->call = call;
  atom->arguments = {a, b};
  if (!divides && b < a) std::swap(atom->arguments[0], atom->arguments[1]);
  atom->size += Size(a.terms()) + Size(b.terms());
  return Dim(std::vector<Term>{{1, {std::move(atom)}}});
}

// floor((floor(x / c) + k) / b) is floor((x + k * c) / (b * c)) for positive numbers b and c, and so it is rounding up:
// a stack of strided convolutions has sizes of one division. nullopt: `a` is no such sum, or the numbers grow large.
static std::optional<Dim> DivideQuotient(Dim::Call call, const Dim &a, const Dim &b) {
  constexpr int64_t kLimit = INT64_C(1) << 30;
  std::optional<int64_t> divisor = b.constant();
  const Dim::Atom *quotient = nullptr;
  int64_t rest = 0;
  for (const Dim::Term &term : a.terms()) {
    if (term.atoms.empty()) {
      rest = term.coefficient;
    } else if (!quotient && term.coefficient == 1 && term.atoms.size() == 1 && term.atoms[0]->symbol.empty() &&
               term.atoms[0]->call == call) {
      quotient = term.atoms[0].get();
    } else {
      return std::nullopt;
    }
  }
  if (!quotient || !divisor) return std::nullopt;
  std::optional<int64_t> inner = quotient->arguments[1].constant();
  auto is_small = [&](int64_t number) { return number > -kLimit && number < kLimit; };
  if (!inner || *inner <= 0 || *divisor <= 0 || !is_small(*inner) || !is_small(*divisor) || !is_small(rest))
    return std::nullopt;
  Dim dividend = quotient->arguments[0] + Dim(rest * *inner), product = *divisor * *inner;
  return call == Dim::Call::kFloorDiv ? Dim::FloorDiv(dividend, product) : Dim::CeilDiv(dividend, product);
}

Dim Dim::FloorDiv(const Dim &a, const Dim &b) {
  if (b.is_constant() && !b.Is(0)) {
    if (auto exact = DivideExactly(a, b)) return *exact;
    if (auto joined = DivideQuotient(Call::kFloorDiv, a, b)) return *joined;
  }
  return MakeCall(Call::kFloorDiv, a, b);
}

Dim Dim::CeilDiv(const Dim &a, const Dim &b) {
  if (b.is_constant() && !b.Is(0)) {
    if (auto exact = DivideExactly(a, b)) return *exact;
    if (auto joined = DivideQuotient(Call::kCeilDiv, a, b)) return *joined;
  }
  return MakeCall(Call::kCeilDiv, a, b);
}

Dim Dim::Mod(const Dim &a, const Dim &b) {
  if (b.is_constant() && !b.Is(0) && DivideExactly(a, b)) return 0;
  return MakeCall(Call::kMod, a, b);
}

// Two expressions that differ by a constant need no call: min(n, n + 2) is n.
Dim Dim::Min(const Dim &a, const Dim &b) {
  if (auto difference = (a - b).constant()) return *difference <= 0 ? a : b;
  return MakeCall(Call::kMin, a, b);
}

Dim Dim::Max(const Dim &a, const Dim &b) {
  if (auto difference = (a - b).constant()) return *difference >= 0 ? a : b;
  return MakeCall(Call::kMax, a, b);
}

std::optional<int64_t> Dim::constant() const {
  if (terms().empty()) return 0;
  if (terms().size() == 1 && terms()[0].atoms.empty()) return terms()[0].coefficient;
  return std::nullopt;
}

std::optional<std::string> Dim::symbol() const {
  if (terms().size() != 1 || terms()[0].coefficient != 1 || terms()[0].atoms.size() != 1) return std::nullopt;
  const Atom &atom = *terms()[0].atoms[0];
  if (atom.symbol.empty()) return std::nullopt;
  return atom.symbol;
}

std::optional<Dim> Dim::DivideExactly(const Dim &a, const Dim &b) {
  if (a.undefined() || b.undefined()) return std::nullopt;
  if (b.terms().size() != 1) return a == b && !b.Is(0) ? std::optional<Dim>(1) : std::nullopt;
  const Term &divisor = b.terms()[0];
  std::vector<Term> quotient;
  for (Term term : a.terms()) {
    if (divisor.coefficient == -1 && term.coefficient == INT64_MIN) return std::nullopt;
    if (term.coefficient % divisor.coefficient != 0) return std::nullopt;
    term.coefficient /= divisor.coefficient;
    for (const AtomPtr &atom : divisor.atoms) {
      auto found = std::find_if(term.atoms.begin(), term.atoms.end(),
                                [&](const AtomPtr &x) { return CompareAtoms(x, atom) == 0; });
      if (found == term.atoms.end()) return std::nullopt;
      term.atoms.erase(found);
    }
    quotient.push_back(std::move(term));
  }
  Dim sum;
  for (Term &term : quotient) sum = sum + Dim(std::vector<Term>{std::move(term)});
  return sum;
}

std::string Dim::ToString() const {
  if (terms().empty()) return "0";
  if (undefined()) {
    const std::string &malformed = terms()[0].atoms[0]->malformed;
    return malformed.empty() ? "<undefined>" : absl::StrCat("<malformed '", malformed, "'>");
  }
  std::string text;
  for (const Term &term : terms()) {
    int64_t c = term.coefficient;
    bool lowest = c == INT64_MIN;  // its absolute value has no literal
    if (!text.empty()) absl::StrAppend(&text, c < 0 && !lowest ? " - " : " + ");
    if (!text.empty() && c < 0 && !lowest) c = -c;
    std::string product;
    for (const AtomPtr &atom : term.atoms) {
      if (!product.empty()) product += " * ";
      if (!atom->symbol.empty()) {
        product += atom->symbol;
      } else if (atom->call == Call::kMin || atom->call == Call::kMax) {
        absl::StrAppend(&product, Name(atom->call), "(", atom->arguments[0].ToString(), ", ",
                        atom->arguments[1].ToString(), ")");
      } else {
        absl::StrAppend(&product, "((", atom->arguments[0].ToString(), ") ", Name(atom->call), " (",
                        atom->arguments[1].ToString(), "))");
      }
    }
    if (c == 1 && !product.empty()) {
      text += product;
    } else {
      absl::StrAppend(&text, lowest ? "(-9223372036854775807 - 1)" : absl::StrCat(c), product.empty() ? "" : " * ",
                      product);
    }
  }
  return text;
}

void Dim::CollectSymbols(std::vector<std::string> &names) const {
  for (const Term &term : terms()) {
    for (const AtomPtr &atom : term.atoms) {
      if (atom->symbol.empty()) {
        for (const Dim &argument : atom->arguments) argument.CollectSymbols(names);
      } else if (std::find(names.begin(), names.end(), atom->symbol) == names.end()) {
        names.push_back(atom->symbol);
      }
    }
  }
}

absl::StatusOr<int64_t> Dim::Evaluate(const std::map<std::string, int64_t> &symbols) const {
  if (undefined())
    return absl::InvalidArgumentError("the size overflows 64 bits, divides by zero or is too long an expression");
  auto overflow = [&] {
    return absl::InvalidArgumentError(absl::StrCat("the size ", ToString(), " does not fit 64 bits"));
  };
  int64_t sum = 0;
  for (const Term &term : terms()) {
    int64_t product = term.coefficient;
    for (const AtomPtr &atom : term.atoms) {
      int64_t value;
      if (!atom->symbol.empty()) {
        auto found = symbols.find(atom->symbol);
        if (found == symbols.end())
          return absl::InvalidArgumentError(absl::StrCat("no value for the symbol '", atom->symbol, "'"));
        value = found->second;
      } else {
        absl::StatusOr<int64_t> a = atom->arguments[0].Evaluate(symbols), b = atom->arguments[1].Evaluate(symbols);
        if (!a.ok()) return a;
        if (!b.ok()) return b;
        std::optional<int64_t> folded = Fold(atom->call, *a, *b);
        if (!folded && *b != 0) return overflow();
        if (!folded) return absl::InvalidArgumentError(absl::StrCat("the size ", ToString(), " divides by zero"));
        value = *folded;
      }
      if (__builtin_mul_overflow(product, value, &product)) return overflow();
    }
    if (__builtin_add_overflow(sum, product, &sum)) return overflow();
  }
  return sum;
}

Dim Dim::Substitute(const std::function<std::optional<Dim>(const std::string &)> &of) const {
  Dim sum;
  for (const Term &term : terms()) {
    Dim product = term.coefficient;
    for (const AtomPtr &atom : term.atoms) {
      if (!atom->symbol.empty()) {
        product = product * of(atom->symbol).value_or(Symbol(atom->symbol));
        continue;
      }
      Dim a = atom->arguments[0].Substitute(of), b = atom->arguments[1].Substitute(of);
      switch (atom->call) {
        case Call::kFloorDiv:
          product = product * FloorDiv(a, b);
          break;
        case Call::kCeilDiv:
          product = product * CeilDiv(a, b);
          break;
        case Call::kMod:
          product = product * Mod(a, b);
          break;
        case Call::kMin:
          product = product * Min(a, b);
          break;
        case Call::kMax:
          product = product * Max(a, b);
          break;
      }
    }
    sum = sum + product;
  }
  return sum;
}

std::string ToString(const Dims &dims) {
  std::string text = "[";
  for (const Dim &dim : dims) absl::StrAppend(&text, text.size() > 1 ? ", " : "", dim.ToString());
  return text + "]";
}

Dim NumElements(const Dims &dims) {
  Dim product = 1;
  for (const Dim &dim : dims) product = product * dim;
  return product;
}

}  // namespace ingot
