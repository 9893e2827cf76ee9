#include "compiler/codegen/schedule.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot::compiler {

static constexpr std::pair<llvm::StringLiteral, int64_t Schedule::*> kFields[] = {
    {"tile_elements", &Schedule::tileElements}, {"tile_rows", &Schedule::tileRows},
    {"tile_columns", &Schedule::tileColumns},   {"tile_panels", &Schedule::tilePanels},
    {"score_panels", &Schedule::scorePanels},   {"value_panels", &Schedule::valuePanels},
    {"block_rows", &Schedule::blockRows},       {"panel_width", &Schedule::panelWidth},
    {"sum_length", &Schedule::sumLength}};

static constexpr llvm::StringLiteral kName = "ingot.schedule";

std::optional<Schedule> Schedule::of(func::FuncOp kernel) {
  auto entries = kernel->getAttrOfType<DictionaryAttr>(kName);
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

void Schedule::set(func::FuncOp kernel) const {
  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> entries;
  for (auto [name, field] : kFields)
    if (this->*field) entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(this->*field)));
  kernel->setAttr(kName, b.getDictionaryAttr(entries));
}

}  // namespace ingot::compiler
