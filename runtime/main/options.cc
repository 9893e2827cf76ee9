// Parses the command line: "--option value" and "--option=value"; what does not begin with "--" is the file of the next
// input. Tests: tests/runtime/main_test.cc.
#include "runtime/main/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/main/message.h"

namespace ingot::main_program {
namespace {

constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kMaxRepeat = 100000000;

bool ParseNumber(const char *option, const char *text, int64_t min, int64_t max, int64_t *number) {
  char *end = nullptr;
  errno = 0;
  long long parsed = strtoll(text, &end, 10);
  if (text[0] == '\0' || *end != '\0' || errno != 0 || parsed < min || parsed > max) {
    return Error("%s needs a whole number from %lld to %lld, not '%s'", option, static_cast<long long>(min),
                 static_cast<long long>(max), text);
  }
  *number = parsed;
  return true;
}

// Cuts NAME=VALUE at the last '=' whose left side is one of `names`, since names may hold '='. Returns the name's
// number, or -1.
template <typename NameAt>
int64_t FindName(const char *text, uint32_t count, NameAt name_at, const char **value) {
  for (const char *equals = strrchr(text, '='); equals != nullptr;
       equals = static_cast<const char *>(memrchr(text, '=', equals - text))) {
    for (uint32_t i = 0; i < count; ++i) {
      const char *name = name_at(i);
      if (strlen(name) == static_cast<size_t>(equals - text) && memcmp(name, text, equals - text) == 0) {
        *value = equals + 1;
        return i;
      }
    }
  }
  return -1;
}

bool SetInput(const ingot_program_desc_t *desc, uint32_t input, const char *file, Options *options) {
  if (options->input_files[input] != nullptr) return Error("input '%s' is given twice", desc->inputs[input].name);
  if (file[0] == '\0') return Error("--input %s= needs a file", desc->inputs[input].name);
  options->input_files[input] = file;
  return true;
}

bool ParseInput(const ingot_program_desc_t *desc, const char *text, Options *options) {
  if (strchr(text, '=') == nullptr) return Error("--input needs NAME=FILE.npy, not '%s'", text);
  const char *file = nullptr;
  int64_t input = FindName(text, desc->num_inputs, [&](uint32_t i) { return desc->inputs[i].name; }, &file);
  if (input < 0) return Error("--input %s: this program has no such input; --help lists them", text);
  return SetInput(desc, static_cast<uint32_t>(input), file, options);
}

bool ParseDim(const ingot_program_desc_t *desc, const char *text, Options *options) {
  if (strchr(text, '=') == nullptr) return Error("--dim needs NAME=N, not '%s'", text);
  const char *number = nullptr;
  int64_t found = FindName(text, desc->num_symbols, [&](uint32_t i) { return desc->symbols[i].name; }, &number);
  if (found < 0) return Error("--dim %s: this program has no such dim; --help lists them", text);
  const ingot_symbol_t &symbol = desc->symbols[found];
  if (options->symbols[found] >= 0) return Error("--dim %s is given twice", symbol.name);
  return ParseNumber("--dim", number, symbol.min, symbol.max, &options->symbols[found]);
}

bool ParseSeed(const char *text, uint64_t *seed) {
  char *end = nullptr;
  errno = 0;
  *seed = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
    return Error("--random needs a whole number as seed, not '%s'", text);
  return true;
}

bool ParseValue(const ingot_program_desc_t *desc, const char *option, const char *value, Options *options) {
  if (strcmp(option, "--input") == 0) return ParseInput(desc, value, options);
  if (strcmp(option, "--dim") == 0) return ParseDim(desc, value, options);
  if (strcmp(option, "--threads") == 0) return ParseNumber(option, value, 0, kMaxThreads, &options->threads);
  if (strcmp(option, "--repeat") == 0) return ParseNumber(option, value, 1, kMaxRepeat, &options->repeat);
  if (strcmp(option, "--random") == 0) {
    options->random = true;
    return ParseSeed(value, &options->seed);
  }
  if (value[0] == '\0') return Error("%s needs a value", option);
  if (strcmp(option, "--output") == 0) options->output = value;
  if (strcmp(option, "--weights") == 0) options->weights = value;
  if (strcmp(option, "--cpu") == 0) options->cpu = value;
#ifdef INGOT_MAIN_HAS_GPU
  if (strcmp(option, "--device") == 0) options->device = value;
#endif
  return true;
}

constexpr const char *kWithValue[] = {
#ifdef INGOT_MAIN_HAS_GPU
    "--device",
#endif
    "--input",  "--output", "--random", "--dim", "--threads", "--weights", "--cpu", "--repeat"};

// The option that `argument` is or begins with ("--option=..."), or NULL.
const char *FindOption(const char *argument, const char **value) {
  for (const char *option : kWithValue) {
    size_t size = strlen(option);
    if (strncmp(argument, option, size) != 0 || (argument[size] != '\0' && argument[size] != '=')) continue;
    *value = argument[size] == '=' ? argument + size + 1 : nullptr;
    return option;
  }
  return nullptr;
}

// The next input without a file; positional files and --input may be mixed.
bool ParsePositional(const ingot_program_desc_t *desc, const char *file, Options *options) {
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    if (options->input_files[i] == nullptr) return SetInput(desc, i, file, options);
  }
  return Error("'%s' is one file too many: this program has %u inputs", file, desc->num_inputs);
}

}  // namespace

bool ParseOptions(const ingot_program_desc_t *desc, int argc, char **argv, Options *options) {
  // Named inputs first, so that positional files fill the rest whatever the order.
  for (int pass = 0; pass < 2; ++pass) {
    bool only_files = false;
    for (int i = 1; i < argc; ++i) {
      const char *argument = argv[i], *value = nullptr;
      if (only_files || argument[0] != '-') {
        if (pass == 1 && !ParsePositional(desc, argument, options)) return false;
      } else if (strcmp(argument, "--") == 0) {
        only_files = true;
      } else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        options->help = true;
      } else if (strcmp(argument, "--json") == 0) {
        options->json = true;
      } else if (const char *option = FindOption(argument, &value); option != nullptr) {
        if (value == nullptr && ++i < argc) value = argv[i];
        if (value == nullptr) return Error("%s needs a value", option);
        if (pass == 0 && !ParseValue(desc, option, value, options)) return false;
      } else {
        return Error("unknown option '%s'; --help lists them", argument);
      }
    }
    if (options->help) return true;
  }
  return true;
}

}  // namespace ingot::main_program
