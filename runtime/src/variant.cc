// Variant selection and its error messages: what the program needs, what this machine offers.
// Tests: tests/runtime/load_test.cc.
#include "runtime/src/variant.h"

#include <string.h>

namespace ingot::runtime {
namespace {

struct FeatureRow {
  uint64_t bit;
  const char *name;
};

constexpr FeatureRow kFeatures[] = {
    {INGOT_CPU_X86_64_V2, "x86-64-v2"},     {INGOT_CPU_X86_64_V3, "x86-64-v3"},     {INGOT_CPU_X86_64_V4, "x86-64-v4"},
    {INGOT_CPU_AVX512_BF16, "avx512-bf16"}, {INGOT_CPU_AVX512_VNNI, "avx512-vnni"}, {INGOT_CPU_AMX_BF16, "amx-bf16"},
    {INGOT_CPU_AMX_INT8, "amx-int8"},       {INGOT_CPU_AVX512_FP16, "avx512-fp16"},
};

void AppendFeatures(Text *text, uint64_t features) {
  const char *separator = "";
  for (const FeatureRow &row : kFeatures) {
    if ((features & row.bit) == 0) continue;
    text->Append("%s%s", separator, row.name);
    separator = ", ";
    features &= ~row.bit;
  }
  if (features != 0) text->Append("%sunknown features 0x%llx", separator, static_cast<unsigned long long>(features));
  if (text->used == 0) text->Append("only the baseline");
}

void AppendLevels(Text *text, const ingot_program_desc_t *desc) {
  for (uint32_t i = 0; i < desc->num_variants; ++i) text->Append("%s%s", i == 0 ? "" : ", ", desc->variants[i].level);
}

}  // namespace

int32_t SelectVariant(const ingot_program_desc_t *desc, uint64_t features, const char *level,
                      const ingot_variant_t **variant, ingot_status_t *status) {
  const ingot_variant_t *wanted = nullptr;
  for (uint32_t i = 0; i < desc->num_variants && wanted == nullptr; ++i) {
    const ingot_variant_t *candidate = &desc->variants[i];
    if (level != nullptr ? strcmp(candidate->level, level) == 0 : (candidate->required_features & ~features) == 0)
      wanted = candidate;
  }
  Text levels;
  AppendLevels(&levels, desc);
  if (wanted == nullptr && level != nullptr) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "program '%s' has no code for cpu level '%s': it has %s", desc->name,
                level, levels.data);
  }
  if (wanted != nullptr && (wanted->required_features & ~features) == 0) {
    *variant = wanted;
    return Succeed(status);
  }
  // Name the least demanding candidate: the last in order of preference, or the one that was asked for.
  if (wanted == nullptr) wanted = &desc->variants[desc->num_variants - 1];
  Text missing, offered;
  AppendFeatures(&missing, wanted->required_features & ~features);
  AppendFeatures(&offered, features);
  return Fail(status, INGOT_FAILED_PRECONDITION,
              "this program needs %s (missing here: %s), this machine offers %s; program '%s' has code for %s: compile "
              "it for a lower cpu level",
              wanted->level, missing.data, offered.data, desc->name, levels.data);
}

}  // namespace ingot::runtime
