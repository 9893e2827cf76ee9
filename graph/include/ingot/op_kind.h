// The closed set of ops and their schemas, generated from graph/ops/*.td by graph/ops/generate.py.
#ifndef INGOT_OP_KIND_H_
#define INGOT_OP_KIND_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ingot {

enum class OpKind : int16_t {
#define INGOT_OP(Enum, name) k##Enum,
#include "ingot/op_kinds.inc"
#undef INGOT_OP
};

// What the compiler may do with an op when it forms regions.
enum class FusionKind : uint8_t {
  kLeaf,         // produces data from attributes alone: iota, dim
  kElementwise,  // one scalar body, operands broadcast
  kReduction,
  kContraction,
  kView,       // moves no data: reshape, transpose, broadcast, slice
  kGather,     // index arithmetic on a parallel space: gather, concat, pad
  kUpdate,     // writes a part of its first operand: dynamic_update
  kSort,       // orders or picks elements, alone in its kernel: top_k, non_zero
  kSizes,      // makes its operand's elements sizes: bind_sizes
  kControl,    // runs functions of the graph: call, if, if_size, while
  kComposite,  // decomposed before fusion (graph/composites)
};

// Which elements of an operand one element of the result needs. Only what is read pointwise, or along rows by a row
// kernel, may be computed in the same kernel.
enum class Reads : uint8_t {
  kPoint,     // the one at the same index, after broadcasting
  kRows,      // those that differ along the op's axes alone
  kAnywhere,  // any
};

// Which dtypes an operand may have. Elements of 4 bits are in kEvery alone, 8-bit floats in kAny besides; complex
// numbers in kComplex alone: other ops that take them say so besides.
enum class DTypeSet : uint8_t {
  kEvery,
  kAny,
  kNumber,
  kFloat,
  kInteger,
  kBool,
  kLogical /* bool or integer */,
  kComplex
};

enum class OperandForm : uint8_t { kOne, kVariadic /* one or more */, kAny /* none or more */ };
enum class AttributeKind : uint8_t { kBool, kInt, kFloat, kString, kInts, kFloats, kDims, kDType, kFunction };

struct OperandSchema {
  std::string_view name;
  OperandForm form;
  Reads reads;
};

struct AttributeSchema {
  std::string_view name;
  AttributeKind kind;
  std::string_view default_value;  // as text ("-1", "{}", "false"); "required" means that there is none
};

struct OpSchema {
  OpKind kind;
  std::string_view name;     // "reduce_sum"
  std::string_view summary;  // one sentence
  std::span<const OperandSchema> operands;
  std::span<const std::string_view> results;  // names; of control ops one that stands for all
  std::span<const AttributeSchema> attributes;
  FusionKind fusion;
  DTypeSet dtypes;              // of the operands
  bool takes_complex;           // and complex numbers
  std::string_view shape_rule;  // name in graph/shape
  int since;
  int cost;          // of one element of the result, in additions
  double tolerance;  // largest accepted error of a compiled kernel in units of the output dtype's epsilon, relative to
                     // the output's scale
};

const OpSchema &Schema(OpKind kind);
// How operand `i` is read; a variadic operand's entry stands for all of it.
inline Reads OperandReads(const OpSchema &schema, size_t i) {
  return schema.operands[i < schema.operands.size() ? i : schema.operands.size() - 1].reads;
}
// Does the value at a point depend on the point's index itself, and not only on operands read there?
inline bool UsesIndex(const OpSchema &schema) {
  return schema.fusion == FusionKind::kLeaf || schema.fusion == FusionKind::kGather;
}
std::span<const OpSchema> AllSchemas();
std::optional<OpKind> FindOp(std::string_view name);
inline std::string_view Name(OpKind kind) { return Schema(kind).name; }

}  // namespace ingot
#endif  // INGOT_OP_KIND_H_
