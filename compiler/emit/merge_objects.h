// Several relocatable objects into one, as `ld -r` does, without a linker: code units are emitted side by side, and a
// program is one object. Test: tests/compiler/merge_objects_test.cc.
#ifndef INGOT_COMPILER_EMIT_MERGEOBJECTS_H
#define INGOT_COMPILER_EMIT_MERGEOBJECTS_H

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot::compiler {

// x86-64 ELF objects as LLVM writes them, in order. Sections of one name, type and flags become one, references between
// the objects are bound, and hidden symbols that are defined become local. Internal for a symbol that is defined twice,
// and for what LLVM does not emit for our code (groups, common symbols, link order).
absl::StatusOr<std::string> MergeObjects(const std::vector<std::string> &objects);

}  // namespace ingot::compiler
#endif
