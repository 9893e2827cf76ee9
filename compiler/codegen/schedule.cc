#include "compiler/codegen/schedule.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot::compiler {

static constexpr std::pair<llvm::StringLiteral, int64_t Schedule::*> kFields[] = {
    {"tile_elements", &Schedule::tile_elements},
    {"tile_rows", &Schedule::tile_rows},
    {"tile_columns", &Schedule::tile_columns},
    {"tile_depth", &Schedule::tile_depth},
    {"stages", &Schedule::stages},
    {"tile_panels", &Schedule::tile_panels},
    {"score_panels", &Schedule::score_panels},
    {"value_panels", &Schedule::value_panels},
    {"block_rows", &Schedule::block_rows},
    {"panel_width", &Schedule::panel_width},
    {"sum_length", &Schedule::sum_length},
    {"threads", &Schedule::threads}};

static std::string AttributeOf(llvm::StringRef device) {
  return device == "cpu" ? "ingot.schedule" : "ingot.schedule." + device.str();
}

std::optional<Schedule> Schedule::Of(func::FuncOp kernel, llvm::StringRef device) {
  auto entries = kernel->getAttrOfType<DictionaryAttr>(AttributeOf(device));
  if (!entries) return std::nullopt;
  Schedule schedule;
  for (NamedAttribute entry : entries) {
    const auto *field = llvm::find_if(kFields, [&](auto &known) { return known.first == entry.getName(); });
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (field == std::end(kFields) || !value || value.getInt() <= 0) return std::nullopt;
    schedule.*field->second = value.getInt();
  }
  return schedule;
}

void Schedule::Set(func::FuncOp kernel, llvm::StringRef device) const {
  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> entries;
  for (auto [name, field] : kFields)
    if (this->*field) entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(this->*field)));
  kernel->setAttr(AttributeOf(device), b.getDictionaryAttr(entries));
}

}  // namespace ingot::compiler
