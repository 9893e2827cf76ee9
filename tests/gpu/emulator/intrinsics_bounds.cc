// What a twin tells the emulator of the memory that it touches (compiler/codegen/cuda/bounds.h): its buffers when
// a thread begins, then each load and store before it happens. Tested by tests/gpu/bounds_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {

void Block::SetBuffer(uint64_t number, const char *begin, int64_t bytes) {
  if (number >= buffers_.size()) buffers_.resize(number + 1);
  // Sizes of what is not there may be negative.
  uint64_t size = static_cast<uint64_t>(std::max<int64_t>(bytes, 0));
  if (size != 0 && bug.Is(INGOT_EMULATOR_SHORT_BUFFER, static_cast<uint32_t>(number))) --size;
  buffers_[number] = {begin, size};
}

void Block::CheckTouched(const char *address, uint64_t bytes) {
  if (buffers_.empty() || bytes == 0 || MemoryRange{emu_shared, shared_bytes_}.Has(address, bytes)) return;
  for (const MemoryRange &buffer : buffers_)
    if (buffer.Has(address, bytes)) return;
  Fail("touches ", bytes, " bytes at ", Hex{reinterpret_cast<uint64_t>(address)}, ", outside of all its buffers");
}

void Block::CheckBuffer(const char *address, uint64_t bytes, uint64_t number) {
  if (buffers_.empty() || bytes == 0) return;
  const MemoryRange buffer = number < buffers_.size() ? buffers_[number] : MemoryRange();
  if (buffer.Has(address, bytes)) return;
  Fail("touches ", bytes, " bytes at ", address - buffer.begin, " of buffer ", number, ", which has ", buffer.bytes);
}

INSTRUCTION("emulated.buffer") {
  TheBlock().SetBuffer(Operand<uint64_t>(arguments, 0), Operand<const char *>(arguments, 8),
                       Operand<int64_t>(arguments, 16));
}

extern "C" {
INGOT_EMULATOR_EXPORT void Touch(const char *address, uint64_t bytes) INGOT_EMULATOR_SYMBOL("touch");
INGOT_EMULATOR_EXPORT void TouchBuffer(const char *address, uint64_t bytes, uint64_t number)
    INGOT_EMULATOR_SYMBOL("touch.buffer");
INGOT_EMULATOR_EXPORT void TouchVariable(const char *address, uint64_t bytes, const char *variable,
                                         uint64_t variable_bytes) INGOT_EMULATOR_SYMBOL("touch.variable");

void Touch(const char *address, uint64_t bytes) { TheBlock().CheckTouched(address, bytes); }

void TouchBuffer(const char *address, uint64_t bytes, uint64_t number) {
  TheBlock().CheckBuffer(address, bytes, number);
}

void TouchVariable(const char *address, uint64_t bytes, const char *variable, uint64_t variable_bytes) {
  if (MemoryRange{variable, variable_bytes}.Has(address, bytes)) return;
  TheBlock().Fail("touches ", bytes, " bytes at ", address - variable, " of a shared variable, which has ",
                  variable_bytes);
}
}

}  // namespace ingot::gpu_emulator
