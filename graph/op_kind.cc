#include "ingot/op_kind.h"

#include <string>
#include <unordered_map>

namespace ingot {
namespace {

#include "graph/ops/schemas.inc"

}  // namespace

const OpSchema &Schema(OpKind kind) { return kSchemas[static_cast<size_t>(kind)]; }

std::span<const OpSchema> AllSchemas() { return kSchemas; }

std::optional<OpKind> FindOp(std::string_view name) {
  static const auto *index = [] {
    auto *map = new std::unordered_map<std::string_view, OpKind>;
    for (const OpSchema &schema : kSchemas) (*map)[schema.name] = schema.kind;
    return map;
  }();
  auto found = index->find(name);
  return found == index->end() ? std::nullopt : std::optional<OpKind>(found->second);
}

}  // namespace ingot
