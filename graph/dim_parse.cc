// Parser of dim expressions: a recursive-descent reader with bounds on length and depth, since files are hostile.
#include <cctype>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ingot/dim.h"

namespace ingot {
namespace {

class Parser {
 public:
  Parser(std::string_view text, Dim::TextLimits limits) : text_(text), limits_(limits) {}

  absl::StatusOr<Dim> Run() {
    if (text_.size() > limits_.length)
      return absl::InvalidArgumentError(
          absl::StrCat("a dim expression is longer than ", limits_.length, " characters"));
    Dim value = Sum(0);
    Skip();
    if (error_.empty() && at_ != text_.size()) Fail("unexpected text");
    if (value.undefined()) Fail("it overflows 64 bits, divides by zero or has too many terms,");
    if (!error_.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("malformed dim expression '", std::string(text_.substr(0, 80)),
                                                     "': ", error_, " at position ", at_ + 1));
    }
    return value;
  }

 private:
  Dim Fail(const char *what) {
    if (error_.empty()) error_ = what;
    return 0;
  }
  void Skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Eat(std::string_view token) {
    Skip();
    if (text_.substr(at_, token.size()) != token) return false;
    if (std::isalpha(static_cast<unsigned char>(token[0])) && at_ + token.size() < text_.size() &&
        IsNameChar(text_[at_ + token.size()]))
      return false;
    at_ += token.size();
    return true;
  }
  static bool IsNameChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

  Dim Sum(int depth) {
    if (depth > limits_.depth) return Fail("nested too deeply");
    Dim value = Product(depth);
    while (error_.empty()) {
      if (Eat("+")) {
        value = value + Product(depth);
      } else if (Eat("-")) {
        value = value - Product(depth);
      } else {
        break;
      }
    }
    return value;
  }

  Dim Product(int depth) {
    Dim value = Primary(depth);
    while (error_.empty()) {
      if (Eat("*")) {
        value = value * Primary(depth);
      } else if (Eat("floordiv")) {
        value = Dim::FloorDiv(value, Primary(depth));
      } else if (Eat("ceildiv")) {
        value = Dim::CeilDiv(value, Primary(depth));
      } else if (Eat("mod")) {
        value = Dim::Mod(value, Primary(depth));
      } else {
        break;
      }
    }
    return value;
  }

  Dim Pair(int depth, Dim (*call)(const Dim &, const Dim &)) {
    if (!Eat("(")) return Fail("expected '('");
    Dim a = Sum(depth + 1);
    if (!Eat(",")) return Fail("expected ','");
    Dim b = Sum(depth + 1);
    if (!Eat(")")) return Fail("expected ')'");
    return call(a, b);
  }

  Dim Primary(int depth) {
    Skip();
    if (Eat("(")) {
      Dim value = Sum(depth + 1);
      return Eat(")") ? value : Fail("expected ')'");
    }
    if (Eat("min")) return Pair(depth, Dim::Min);
    if (Eat("max")) return Pair(depth, Dim::Max);
    size_t begin = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty()) {
      if (Eat("-")) return depth > limits_.depth ? Fail("nested too deeply") : Dim(-1) * Primary(depth + 1);
      return Fail("expected a number or a name");
    }
    if (std::isdigit(static_cast<unsigned char>(word[0]))) {
      int64_t value;
      if (!absl::SimpleAtoi(std::string(word), &value)) return Fail("a number does not fit 64 bits");
      return value;
    }
    if (!Dim::IsSymbolName(word)) return Fail("not a symbol name");
    return Dim::Symbol(word);
  }

  std::string_view text_;
  Dim::TextLimits limits_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace

absl::StatusOr<Dim> Dim::Parse(std::string_view text, TextLimits limits) { return Parser(text, limits).Run(); }

bool Dim::IsSymbolName(std::string_view name) {
  if (name.empty() || name.size() > 200 || (!std::isalpha(static_cast<unsigned char>(name[0])) && name[0] != '_'))
    return false;
  for (char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.') return false;
  }
  return name != "min" && name != "max" && name != "floordiv" && name != "ceildiv" && name != "mod";
}

}  // namespace ingot
