// What the emulator's library shows to the outside: everything else in it is hidden.
// Tested by every test of tests/gpu/, which link the library.
#ifndef INGOT_TESTS_GPU_EMULATOR_EXPORT_H_
#define INGOT_TESTS_GPU_EMULATOR_EXPORT_H_

#define INGOT_EMULATOR_EXPORT __attribute__((visibility("default")))

// The symbol of a GPU instruction. Only clang writes a name with a colon in quotes by itself.
#ifdef __clang__
#define INGOT_EMULATOR_SYMBOL(name) __asm__("emu:" name)
#else
#define INGOT_EMULATOR_SYMBOL(name) __asm__("\"emu:" name "\"")
#endif

#endif  // INGOT_TESTS_GPU_EMULATOR_EXPORT_H_
