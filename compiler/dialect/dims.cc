#include "compiler/dialect/dims.h"

#include "compiler/dialect/ingot.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;

namespace ingot::ir {

struct detail::DimsAttrStorage : AttributeStorage {
  using KeyTy = Dims;
  explicit DimsAttrStorage(const Dims &dims) : dims(dims) {}
  bool operator==(const KeyTy &key) const { return dims == key; }
  static llvm::hash_code hashKey(const KeyTy &key) {
    llvm::hash_code hash = llvm::hash_value(key.size());
    for (const Dim &dim : key) hash = llvm::hash_combine(hash, dim.Hash());
    return hash;
  }
  static DimsAttrStorage *construct(AttributeStorageAllocator &allocator, const KeyTy &key) {
    return new (allocator.allocate<DimsAttrStorage>()) DimsAttrStorage(key);
  }

  Dims dims;
};

DimsAttr DimsAttr::get(MLIRContext *context, const Dims &dims) { return Base::get(context, dims); }
const Dims &DimsAttr::dims() const { return getImpl()->dims; }

FailureOr<DimsAttr> DimsAttr::ParseList(AsmParser &parser) {
  Dims dims;
  ParseResult parsed = parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    SMLoc at = parser.getCurrentLocation();
    std::string text;
    if (parser.parseString(&text)) return failure();
    absl::StatusOr<Dim> dim = Dim::Parse(text, Dim::kOwnText);
    if (!dim.ok()) return parser.emitError(at) << std::string(dim.status().message());
    dims.push_back(*std::move(dim));
    return success();
  });
  if (parsed) return failure();
  return get(parser.getContext(), dims);
}

void DimsAttr::PrintList(AsmPrinter &printer) const {
  printer << "[";
  llvm::interleaveComma(dims(), printer, [&](const Dim &dim) { printer << '"' << dim.ToString() << '"'; });
  printer << "]";
}

void IngotDialect::registerAttributes() { addAttributes<DimsAttr>(); }

mlir::Attribute IngotDialect::parseAttribute(DialectAsmParser &parser, Type) const {
  StringRef mnemonic;
  if (parser.parseKeyword(&mnemonic)) return {};
  if (mnemonic != DimsAttr::mnemonic) {
    parser.emitError(parser.getNameLoc()) << "there is no attribute ingot." << mnemonic;
    return {};
  }
  if (parser.parseLess()) return {};
  FailureOr<DimsAttr> dims = DimsAttr::ParseList(parser);
  if (failed(dims) || parser.parseGreater()) return {};
  return *dims;
}

void IngotDialect::printAttribute(mlir::Attribute attribute, DialectAsmPrinter &printer) const {
  printer << DimsAttr::mnemonic << "<";
  cast<DimsAttr>(attribute).PrintList(printer);
  printer << ">";
}

}  // namespace ingot::ir
