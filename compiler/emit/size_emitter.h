// Writes the size table's function into an LLVM module: the only code that evaluates dim expressions.
#ifndef INGOT_COMPILER_EMIT_SIZEEMITTER_H
#define INGOT_COMPILER_EMIT_SIZEEMITTER_H

#include "compiler/sizes/size_table.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

// `eval_sizes` of ingot_program_desc_t. Agrees with Dim::Evaluate: divisions round as their names say for divisors of
// either sign; an overflow or a division by zero makes the size bad.
llvm::Function *EmitEvalSizes(llvm::Module &module, const SizeTable &sizes);

}  // namespace ingot::compiler
#endif
