// One LLVM module of a program, with the context that its types live in: code units are made, optimized and emitted
// side by side, and merge_objects.h makes one object of them.
#ifndef INGOT_COMPILER_EMIT_CODEUNIT_H
#define INGOT_COMPILER_EMIT_CODEUNIT_H

#include <memory>

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

struct CodeUnit {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;  // behind its context: it goes first
};

}  // namespace ingot::compiler
#endif
