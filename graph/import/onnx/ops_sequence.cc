// Sequences and optional values. Both exist while importing alone: how long a sequence is, and where its elements come
// from, is known, and the program has tensors. SequenceMap: importer_unroll.cc.
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/slicing.h"

namespace ingot::onnx_import {
namespace {

absl::Status TooLong() {
  return absl::UnimplementedError(absl::StrCat("makes a sequence of more than ", kMostElements, " tensors"));
}

absl::StatusOr<std::vector<Value *>> ElementsOf(const NodeContext &n, size_t i) {
  if (n.Has(i) && n.inputs[i]->elements) return *n.inputs[i]->elements;
  return absl::InvalidArgumentError(absl::StrCat("input ", i, " is not a sequence"));
}

absl::Status CheckTensor(const NodeContext &n, size_t i) {
  if (n.Has(i) && n.inputs[i]->is_tensor()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input ", i, " is not a tensor"));
}

// The operand i as a place among `count` elements, up to `last`, and from the end where it is negative; `otherwise`
// where it is absent.
absl::StatusOr<size_t> PlaceIn(const NodeContext &n, size_t i, size_t count, int64_t last, size_t otherwise) {
  if (!n.Has(i)) return otherwise;
  INGOT_RETURN_IF_ERROR(CheckTensor(n, i));
  INGOT_ASSIGN_OR_RETURN(Ints place, n.IntsIn(i, "position"));
  const int64_t length = static_cast<int64_t>(count);
  if (place.size() != 1 || place[0] < -length || place[0] > last)
    return absl::InvalidArgumentError(absl::StrCat("its position is ",
                                                   place.size() == 1 ? absl::StrCat(place[0]) : "no single number",
                                                   "; a sequence of ", count, " allows ", -length, " to ", last));
  return static_cast<size_t>(place[0] < 0 ? place[0] + length : place[0]);
}

int64_t LastOf(const std::vector<Value *> &elements) { return static_cast<int64_t>(elements.size()) - 1; }

absl::Status SetSequence(NodeContext &n, std::vector<Value *> elements) {
  if (elements.size() > static_cast<size_t>(kMostElements)) return TooLong();
  n.Set(0, std::move(elements));
  return absl::OkStatus();
}

absl::Status SequenceEmpty(NodeContext &n) {
  n.Ignore({"dtype"});
  return SetSequence(n, {});
}

absl::Status SequenceConstruct(NodeContext &n) {
  for (size_t i = 0; i < n.input_count(); ++i) INGOT_RETURN_IF_ERROR(CheckTensor(n, i));
  return SetSequence(n, n.inputs);
}

absl::Status SequenceAt(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> elements, ElementsOf(n, 0));
  INGOT_ASSIGN_OR_RETURN(size_t place, PlaceIn(n, 1, elements.size(), LastOf(elements), 0));
  n.Forward(0, *elements[place]);
  return absl::OkStatus();
}

absl::Status SequenceInsert(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> elements, ElementsOf(n, 0));
  INGOT_RETURN_IF_ERROR(CheckTensor(n, 1));
  const size_t count = elements.size();
  INGOT_ASSIGN_OR_RETURN(size_t place, PlaceIn(n, 2, count, static_cast<int64_t>(count), count));
  elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(place), n.inputs[1]);
  return SetSequence(n, std::move(elements));
}

absl::Status SequenceErase(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> elements, ElementsOf(n, 0));
  if (elements.empty()) return absl::InvalidArgumentError("erases an element of an empty sequence");
  INGOT_ASSIGN_OR_RETURN(size_t place, PlaceIn(n, 1, elements.size(), LastOf(elements), elements.size() - 1));
  elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(place));
  return SetSequence(n, std::move(elements));
}

absl::Status SequenceLength(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> elements, ElementsOf(n, 0));
  n.Set(0, Known::Scalar(static_cast<int64_t>(elements.size())));
  return absl::OkStatus();
}

// The sizes of the parts: one number for all but the last, a list, or 1 each.
absl::StatusOr<Dims> PartsOf(NodeContext &n, const Dim &size) {
  Dims parts;
  if (n.Has(1)) {
    INGOT_RETURN_IF_ERROR(CheckTensor(n, 1));
    if (n.rank(1) == 1) return n.SizesIn(1, "split");
  }
  Ints each = {1};
  if (n.Has(1)) {
    INGOT_ASSIGN_OR_RETURN(each, n.IntsIn(1, "split"));
  }
  if (each.size() != 1 || each[0] < 1) return absl::InvalidArgumentError("'split' must be 1 or more");
  if (!size.is_constant())
    return absl::UnimplementedError(
        absl::StrCat("how many parts ", size.ToString(), " elements have is not known; give that dim a number"));
  if (*size.constant() / each[0] > kMostElements) return TooLong();
  for (int64_t left = *size.constant(); left > 0; left -= each[0]) parts.push_back(std::min(left, each[0]));
  return parts;
}

absl::Status SplitToSequence(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckTensor(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, n.rank(0)));
  INGOT_ASSIGN_OR_RETURN(int64_t keep, n.Int("keepdims", 1));
  INGOT_ASSIGN_OR_RETURN(Dims parts, PartsOf(n, n.Type(0).dims[static_cast<size_t>(axis)]));
  if (!n.b.status().ok()) return absl::OkStatus();  // it stops the import
  if (parts.size() > static_cast<size_t>(kMostElements)) return TooLong();
  std::vector<Value *> elements;
  for (size_t i = 0; i < parts.size(); ++i) elements.push_back(n.NewValue(absl::StrCat(n.node.output(0), "_", i)));
  elements.swap(n.outputs);
  absl::Status status = SplitAxis(n, axis, parts);
  elements.swap(n.outputs);
  INGOT_RETURN_IF_ERROR(status);
  if (keep == 0 && !n.Has(1)) {
    Dims dims = n.Type(0).dims;
    dims.erase(dims.begin() + axis);
    for (Value *element : elements) {
      if (element->known && n.rank(0) == 1) {
        element->known->shape.clear();
        element->expr = {};
      } else {
        element->expr = n.b.Reshape(DataOf(n.b, *element), dims);
        element->known.reset();
      }
      element->tensor.reset();
    }
  }
  return SetSequence(n, std::move(elements));
}

absl::Status ConcatFromSequence(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> elements, ElementsOf(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t is_new, n.Int("new_axis", 0));
  if (elements.empty()) return absl::InvalidArgumentError("joins the elements of an empty sequence");
  // Lists of sizes stay known.
  Dims sizes;
  bool all_known = true;
  for (Value *element : elements) {
    all_known = all_known && element->known && element->known->dtype == DType::kI64 &&
                element->known->rank() == (is_new != 0 ? 0 : 1);
    if (all_known) sizes.insert(sizes.end(), element->known->ints.begin(), element->known->ints.end());
  }
  std::vector<Expr> operands;
  if (!all_known || sizes.size() > static_cast<size_t>(kMaxKnownElements)) {
    for (Value *element : elements) operands.push_back(DataOf(n.b, *element));
  }
  const int rank = operands.empty() ? (is_new != 0 ? 0 : 1) : n.b.type(operands[0]).rank();
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", std::nullopt, rank + (is_new != 0 ? 1 : 0)));
  if (operands.empty()) {
    n.Set(0, Known::Vector(sizes));
    return absl::OkStatus();
  }
  if (is_new != 0) {
    for (Expr &operand : operands) {
      Dims dims = n.b.type(operand).dims;
      if (static_cast<int64_t>(dims.size()) < axis)
        return absl::InvalidArgumentError("the elements of its sequence have other ranks");
      dims.insert(dims.begin() + axis, Dim(1));
      operand = n.b.Reshape(operand, dims);
    }
  }
  return n.Return(operands.size() == 1 ? operands[0] : n.b.Concat(operands, axis));
}

absl::Status Optional(NodeContext &n) {
  n.Ignore({"type"});
  if (n.Has(0)) {
    n.Forward(0, 0);
  } else if (n.Wants(0)) {
    n.outputs[0]->is_none = true;
  }
  return absl::OkStatus();
}

absl::Status OptionalHasElement(NodeContext &n) {
  n.Set(0, Known{DType::kBool, {}, {n.Has(0) && !n.inputs[0]->is_none ? 1 : 0}, {}});
  return absl::OkStatus();
}

absl::Status OptionalGetElement(NodeContext &n) {
  if (n.inputs[0]->is_none) return absl::InvalidArgumentError("its optional value has no element");
  n.Forward(0, 0);
  return absl::OkStatus();
}

}  // namespace

void AddSequenceOps(OpTable &table) {
  table["SequenceEmpty"] = {SequenceEmpty, 0, 0, nullptr, true};
  table["SequenceConstruct"] = {SequenceConstruct, 1, kVariadic, nullptr, true};
  table["SequenceAt"] = {SequenceAt, 2, 2, nullptr, true};
  table["SequenceInsert"] = {SequenceInsert, 2, 3, nullptr, true};
  table["SequenceErase"] = {SequenceErase, 1, 2, nullptr, true};
  table["SequenceLength"] = {SequenceLength, 1, 1, nullptr, true};
  table["SplitToSequence"] = {SplitToSequence, 1, 2, nullptr, true};
  table["ConcatFromSequence"] = {ConcatFromSequence, 1, 1, nullptr, true};
  table["Optional"] = {Optional, 0, 1, nullptr, true};
  table["OptionalHasElement"] = {OptionalHasElement, 0, 1, nullptr, true};
  table["OptionalGetElement"] = {OptionalGetElement, 1, 1, nullptr, true};
}

}  // namespace ingot::onnx_import
