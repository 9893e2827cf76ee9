#include "compiler/codegen/cuda/bounds.h"

#include "compiler/codegen/cuda/threads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace ingot::compiler::cuda {

// As PTX, of which a twin makes a call of the emulator.
static void Tell(KernelBuilder &k, int64_t number, Value pointer, Value bytes) {
  LLVM::InlineAsmOp::create(k.b, TypeRange(), ValueRange{k.Constant(number), pointer, bytes},
                            "emulated.buffer $0, $1, $2;", "l,l,l", /*has_side_effects=*/true,
                            /*is_align_stack=*/false, LLVM::TailCallKind::None, nullptr, nullptr);
}

void TellBuffers(KernelBuilder &k, const KernelInfo &info) {
  k.OnEntry([&] {
    unsigned number = 0;
    auto tell = [&](Value tensor) {
      TensorType type = TypeOf(tensor);
      Tell(k, number, k.function().getArgument(number), k.Size(StorageSize(type.dtype, NumElements(type.dims))));
      ++number;
    };
    for (Value operand : k.body().getArguments()) tell(operand);
    for (Value result : k.Terminator()->getOperands()) tell(result);
    if (!info.workspace_bytes.Is(0))
      Tell(k, number + 1, k.function().getArgument(number + 1), k.Mul(NumberOfBlocks(k), k.Size(info.workspace_bytes)));
    return Value();
  });
}

}  // namespace ingot::compiler::cuda
