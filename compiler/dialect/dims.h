// Dim expressions as an MLIR attribute: #ingot.dims<["batch", "2 * seq", "768"]>. Uniqued, so that equal dims are one
// pointer, and read without parsing. It is the encoding of every tensor type whose dims are not all numbers. Test:
// tests/compiler/dims_attr_test.cc.
#ifndef INGOT_COMPILER_DIALECT_DIMS_H
#define INGOT_COMPILER_DIALECT_DIMS_H

#include "ingot/dim.h"
#include "mlir/IR/Attributes.h"

namespace mlir {
class AsmParser;
class AsmPrinter;
}  // namespace mlir

namespace ingot::ir {
namespace detail {
struct DimsAttrStorage;
}

class DimsAttr : public mlir::Attribute::AttrBase<DimsAttr, mlir::Attribute, detail::DimsAttrStorage> {
 public:
  using Base::Base;
  static constexpr llvm::StringLiteral name = "ingot.dims";
  static constexpr llvm::StringLiteral mnemonic = "dims";

  static DimsAttr get(mlir::MLIRContext *context, const Dims &dims);
  // Borrowed from the context.
  const Dims &dims() const;

  // The list in brackets.
  static mlir::FailureOr<DimsAttr> ParseList(mlir::AsmParser &parser);
  void PrintList(mlir::AsmPrinter &printer) const;
};

}  // namespace ingot::ir

#endif
