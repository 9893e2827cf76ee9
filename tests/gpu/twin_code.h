// A twin (compiler/codegen/cuda/twin.h) as code in this process, for tests that launch it.
#ifndef INGOT_TESTS_GPU_TWIN_CODE_H_
#define INGOT_TESTS_GPU_TWIN_CODE_H_

#include <memory>

#include "ingot/abi.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/Support/TargetSelect.h"

namespace ingot::gpu_test {

class TwinCode {
 public:
  // A module whose table of kernels is called "image".
  TwinCode(std::unique_ptr<llvm::Module> module, std::unique_ptr<llvm::LLVMContext> context) {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    module->getNamedGlobal("image")->setVisibility(llvm::GlobalValue::DefaultVisibility);
    jit_ = llvm::cantFail(llvm::orc::LLJITBuilder().create());
    jit_->getMainJITDylib().addGenerator(llvm::cantFail(
        llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(jit_->getDataLayout().getGlobalPrefix())));
    module->setDataLayout(jit_->getDataLayout());
    llvm::cantFail(jit_->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))));
    image_ = llvm::cantFail(jit_->lookup("image")).toPtr<const ingot_emulated_image_t *>();
  }
  // What the driver takes.
  const ingot_emulated_image_t *Image() const { return image_; }

 private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  const ingot_emulated_image_t *image_ = nullptr;
};

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_TWIN_CODE_H_
