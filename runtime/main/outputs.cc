// Names and writes output files. Names come from the model, so nothing of them may lead out of the directory.
// Tests: tests/runtime/main_test.cc.
#include "runtime/main/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/main/message.h"

namespace ingot::main_program {
namespace {

constexpr size_t kMaxStem = 160;  // leaves room for "-NUMBER.npy" and for the temporary name

bool Plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void Stem(const char *output, char *stem) {
  size_t used = 0;
  for (; output[used] != '\0' && used < kMaxStem; ++used) stem[used] = Plain(output[used]) ? output[used] : '_';
  stem[used] = '\0';
  if (used == 0) strcpy(stem, "output");
}

bool SameFile(const char *path, const NpyArray *inputs, uint32_t count) {
  struct stat info;
  if (stat(path, &info) != 0) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (inputs[i].inode == static_cast<uint64_t>(info.st_ino) && inputs[i].device == static_cast<uint64_t>(info.st_dev))
      return true;
  }
  return false;
}

}  // namespace

void OutputFileName(const ingot_program_desc_t *desc, uint32_t index, char *name) {
  char stem[kMaxStem + 1], other[kMaxStem + 1];
  Stem(desc->outputs[index].name, stem);
  bool unique = true;
  for (uint32_t i = 0; i < desc->num_outputs && unique; ++i) {
    if (i == index) continue;
    Stem(desc->outputs[i].name, other);
    unique = strcmp(stem, other) != 0;
  }
  // '+' is in no stem: a numbered name meets no other.
  if (unique)
    snprintf(name, kMaxFileName, "%s.npy", stem);
  else
    snprintf(name, kMaxFileName, "%s+%u.npy", stem, index);
}

bool WriteOutputs(const ingot_program_desc_t *desc, const char *directory, const NpyArray *inputs,
                  const ingot_tensor_t *outputs) {
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    return Error("cannot make directory '%s': %s", directory, strerror(errno));
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    char name[kMaxFileName], path[4096];
    OutputFileName(desc, i, name);
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (SameFile(path, inputs, desc->num_inputs)) {
      return Error("output '%s' would overwrite the input file '%s': add --output DIR", desc->outputs[i].name, path);
    }
    if (!WriteNpy(directory, name, outputs[i])) return false;
  }
  return true;
}

}  // namespace ingot::main_program
