// Operands are taken two at a time. Labels of a pair fall into four kinds: batch (in both, wanted later), left and
// right (in one, wanted), and contracted (in both, wanted by nobody); labels of one operand that nobody wants are
// summed away first. Then [batch..., left, contracted] x [batch..., contracted, right] is a matrix product.
#include "graph/import/onnx/einsum.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/status_macros.h"

namespace ingot::onnx_import {
namespace {

// Labels are characters; axes of an ellipsis are 1, 2, ... counted from the right.
using Labels = std::string;

struct Term {
  Expr value;
  Labels labels;
};

// Where one label stands for two axes, the diagonal of both, as the last axis.
absl::StatusOr<Term> WithoutDiagonals(GraphBuilder &b, Term term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    size_t j = term.labels.find(term.labels[i], i + 1);
    const Dims dims = b.type(term.value).dims;
    if (j == Labels::npos || j >= dims.size()) continue;
    if (dims[i] != dims[j])
      return absl::InvalidArgumentError(absl::StrCat("takes the diagonal of axes with sizes ", dims[i].ToString(),
                                                     " and ", dims[j].ToString(), ", which must be equal"));
    Ints permutation;
    Labels rest;
    Dims flat;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (axis == i || axis == j) continue;
      permutation.push_back(static_cast<int64_t>(axis));
      rest += term.labels[axis];
      flat.push_back(dims[axis]);
    }
    permutation.insert(permutation.end(), {static_cast<int64_t>(i), static_cast<int64_t>(j)});
    flat.push_back(dims[i] * dims[i]);
    Expr places = b.Mul(Counted(b, dims[i], 0, 1), Number(b, dims[i] + 1));
    term.value =
        b.Gather(b.Reshape(b.Transpose(term.value, permutation), flat), places, static_cast<int64_t>(flat.size()) - 1);
    term.labels = rest + term.labels[i];
    i = SIZE_MAX;  // from the start: axes have moved
  }
  return term;
}

bool Has(const Labels &labels, char label) { return labels.find(label) != Labels::npos; }

absl::Status Malformed(const std::string &equation, const std::string &what) {
  return absl::InvalidArgumentError(absl::StrCat("the equation '", equation.substr(0, 200), "' ", what));
}

// One operand's or the result's labels. `rank` negative: the result, whose ellipsis has `ellipsis` axes.
absl::StatusOr<Labels> ParseTerm(const std::string &equation, const std::string &text, int rank, int ellipsis) {
  Labels labels;
  size_t dots = text.find("...");
  std::string letters = dots == std::string::npos ? text : text.substr(0, dots) + text.substr(dots + 3);
  for (char c : letters) {
    if (!std::isalpha(static_cast<unsigned char>(c)))
      return Malformed(equation, absl::StrCat("has the unexpected character '", std::string(1, c), "'"));
  }
  if (rank >= 0) {
    ellipsis = rank - static_cast<int>(letters.size());
    if (ellipsis < 0 || (ellipsis > 0 && dots == std::string::npos))
      return Malformed(equation, absl::StrCat("names ", letters.size(), " axes of an operand with rank ", rank));
  }
  if (dots == std::string::npos) return letters;
  for (int i = ellipsis; i >= 1; --i) labels += static_cast<char>(i);
  return letters.substr(0, dots) + labels + letters.substr(dots);
}

std::vector<std::string> SplitAt(const std::string &text, char at) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

class Contraction {
 public:
  explicit Contraction(GraphBuilder &b) : b_(b) {}

  // Records the size of every label; equal labels must agree, or be 1.
  absl::Status Learn(const std::string &equation, const Term &term) {
    const Dims dims = b_.type(term.value).dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      auto [at, fresh] = sizes_.emplace(term.labels[i], dims[i]);
      if (fresh || at->second == dims[i] || dims[i].Is(1)) continue;
      if (!at->second.Is(1))
        return Malformed(
            equation, absl::StrCat("gives one label the sizes ", at->second.ToString(), " and ", dims[i].ToString()));
      at->second = dims[i];
    }
    return absl::OkStatus();
  }

  // Sums away what nobody wants and reorders the rest.
  Term Arranged(Term term, const Labels &order) {
    Ints axes, permutation;
    Labels kept;
    for (size_t i = 0; i < term.labels.size(); ++i) {
      if (Has(order, term.labels[i])) {
        kept += term.labels[i];
      } else {
        axes.push_back(static_cast<int64_t>(i));
      }
    }
    if (!axes.empty()) term.value = b_.ReduceSum(term.value, axes);
    Labels wanted;
    for (char label : order) {
      if (!Has(kept, label)) continue;
      wanted += label;
      permutation.push_back(static_cast<int64_t>(kept.find(label)));
    }
    if (!std::is_sorted(permutation.begin(), permutation.end())) term.value = b_.Transpose(term.value, permutation);
    return {term.value, wanted};
  }

  Term Multiply(const Term &x, const Term &y, const Labels &wanted) {
    Labels batch, left, right, contracted;
    for (char label : x.labels) {
      bool both = Has(y.labels, label), later = Has(wanted, label);
      if (both) (later ? batch : contracted) += label;
      if (!both && later) left += label;
    }
    for (char label : y.labels) {
      if (!Has(x.labels, label) && Has(wanted, label)) right += label;
    }
    Term a = Arranged(x, batch + left + contracted), b = Arranged(y, batch + contracted + right);
    if (contracted.empty() && left.empty() && right.empty()) return {b_.Mul(a.value, b.value), batch};
    // Contracted axes of size 1 in one operand only would not fit: they are widened.
    Expr product = b_.MatMul(Folded(a.value, batch, left, contracted, contracted),
                             Folded(b.value, batch, contracted, right, contracted));
    Labels labels = batch + left + right;
    Dims dims;
    for (char label : labels) dims.push_back(sizes_.at(label));
    return {b_.Reshape(product, dims), labels};
  }

 private:
  Dim Size(const Labels &labels) const {
    Dim product = 1;
    for (char label : labels) product = product * sizes_.at(label);
    return product;
  }

  // [batch..., rows, columns] with the rows' and the columns' labels each made one axis.
  Expr Folded(Expr value, const Labels &batch, const Labels &rows, const Labels &columns, const Labels &widened) {
    const Dims have = b_.type(value).dims;
    Labels all = batch + rows + columns;
    if (have.size() != all.size()) return value;
    Dims full = have, dims(have.begin(), have.begin() + static_cast<std::ptrdiff_t>(batch.size()));
    for (size_t i = batch.size(); i < all.size(); ++i) full[i] = sizes_.at(all[i]);
    if (full != have && !widened.empty()) value = b_.BroadcastTo(value, full);
    dims.push_back(Size(rows));
    dims.push_back(Size(columns));
    return dims == full ? value : b_.Reshape(value, dims);
  }

  GraphBuilder &b_;
  std::map<char, Dim> sizes_;
};

}  // namespace

absl::StatusOr<Expr> Einsum(GraphBuilder &b, const std::string &equation, const std::vector<Expr> &operands) {
  std::string text;
  for (char c : equation) {
    if (c != ' ') text += c;
  }
  size_t arrow = text.find("->");
  std::vector<std::string> parts = SplitAt(text.substr(0, arrow), ',');
  if (text.size() > 1000 || parts.size() != operands.size())
    return Malformed(equation, absl::StrCat("has ", parts.size(), " terms for ", operands.size(), " operands"));
  Contraction contraction(b);
  std::vector<Term> terms;
  std::map<char, int> counts;
  int ellipsis = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    INGOT_ASSIGN_OR_RETURN(Labels labels, ParseTerm(equation, parts[i], b.type(operands[i]).rank(), 0));
    for (char label : labels) {
      ++counts[label];
      if (label < 'A') ellipsis = std::max<int>(ellipsis, label);
    }
    INGOT_ASSIGN_OR_RETURN(Term term, WithoutDiagonals(b, {operands[i], labels}));
    terms.push_back(std::move(term));
    INGOT_RETURN_IF_ERROR(contraction.Learn(equation, terms.back()));
  }
  Labels result;
  if (arrow != std::string::npos) {
    INGOT_ASSIGN_OR_RETURN(result, ParseTerm(equation, text.substr(arrow + 2), -1, ellipsis));
  } else {
    for (int i = ellipsis; i >= 1; --i) result += static_cast<char>(i);
    for (const auto &[label, count] : counts) {
      if (label >= 'A' && count == 1) result += label;
    }
  }
  for (char label : result) {
    if (!counts.count(label) || std::count(result.begin(), result.end(), label) > 1)
      return Malformed(equation, "has a result label that no operand has, or that stands twice");
  }
  Term total = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    Labels wanted = result;
    for (size_t later = i + 1; later < terms.size(); ++later) wanted += terms[later].labels;
    total = contraction.Multiply(total, terms[i], wanted);
    INGOT_RETURN_IF_ERROR(b.status());
  }
  return contraction.Arranged(total, result).value;
}

}  // namespace ingot::onnx_import
