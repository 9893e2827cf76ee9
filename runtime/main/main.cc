// The main program of `--emit=executable`: runs the one program that is linked in, on .npy files.
// The compiler's object defines `ingot_main_program`; this file, from libingot_main.a, is the rest. Tests:
// tests/runtime/main_test.cc.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingot/runtime.h"
#include "runtime/main/bus_error.h"
#include "runtime/main/device.h"
#include "runtime/main/help.h"
#include "runtime/main/inputs.h"
#include "runtime/main/message.h"
#include "runtime/main/options.h"
#include "runtime/main/outputs.h"
#include "runtime/main/report.h"

extern "C" const ingot_program_desc_t *const ingot_main_program;

namespace ingot::main_program {
namespace {

// Everything that one invocation makes; released when the process is about to end.
struct Session {
  ingot_program_t *program = nullptr;
  ingot_pool_t *pool = nullptr;
  ingot_context_t *context = nullptr;
  ingot_state_t *state = nullptr;
  Options options = {};
  NpyArray *arrays = nullptr;        // num_inputs
  ingot_tensor_t *inputs = nullptr;  // num_inputs: the arrays' tensors side by side
  ingot_tensor_t *outputs = nullptr;
  uint64_t *nanoseconds = nullptr;
  uint32_t num_inputs = 0, num_outputs = 0;
#ifdef INGOT_MAIN_HAS_GPU
  ingot_device_t *device = nullptr;
#endif

  ~Session() {
    for (uint32_t i = 0; arrays != nullptr && i < num_inputs; ++i) free(arrays[i].tensor.data);
    for (uint32_t i = 0; outputs != nullptr && i < num_outputs; ++i) free(outputs[i].data);
    free(options.input_files);
    free(options.symbols);
    free(arrays);
    free(inputs);
    free(outputs);
    free(nanoseconds);
    ingot_context_free(context);
    ingot_state_free(state);
    ingot_pool_free(pool);
    ingot_program_free(program);
#ifdef INGOT_MAIN_HAS_GPU
    ingot_device_free(device);
#endif
  }
};

template <typename T>
bool Make(T **array, uint64_t count) {
  *array = static_cast<T *>(calloc(count + 1, sizeof(T)));
  return *array != nullptr || Error("out of memory");
}

// The side file where the caller says; else in the working directory; else beside this program.
const char *WeightsPath(const ingot_program_desc_t *desc, const Options &options, char *buffer, size_t size) {
  if (options.weights != nullptr || desc->weights != nullptr || desc->weights_file == nullptr ||
      access(desc->weights_file, R_OK) == 0) {
    return options.weights;
  }
  ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
  if (length <= 0) return nullptr;
  buffer[length] = '\0';
  char *name = strrchr(buffer, '/') + 1;
  if (static_cast<size_t>(name - buffer) + strlen(desc->weights_file) + 1 > size) return nullptr;
  strcpy(name, desc->weights_file);
  return access(buffer, R_OK) == 0 ? buffer : nullptr;
}

bool Load(const ingot_program_desc_t *desc, Session *session) {
  const Options &options = session->options;
  ingot_status_t status;
  if (options.weights != nullptr && (desc->weights != nullptr || desc->weights_size == 0)) {
    return Error("--weights is not needed: the weights are inside the program");
  }
  char beside[4096];
  ingot_load_options_t load = {};
  load.struct_size = sizeof(load);
  load.weights_path = WeightsPath(desc, options, beside, sizeof(beside));
  load.cpu_level = options.cpu;
#ifdef INGOT_MAIN_HAS_GPU
  if (options.device != nullptr && !OpenDevice(options.device, &session->device)) return false;
  load.device = session->device;
#endif
  if (ingot_program_load(desc, &load, &session->program, &status) != INGOT_OK) return Error("%s", status.message);
  if (options.threads != 1 &&
      ingot_pool_create(static_cast<uint32_t>(options.threads), &session->pool, &status) != INGOT_OK) {
    return Error("%s", status.message);
  }
  ingot_context_options_t make = {sizeof(make), session->pool, nullptr, nullptr, nullptr};
  return ingot_context_create(session->program, &make, &session->context, &status) == INGOT_OK ||
         Error("%s", status.message);
}

// A state for the sizes that inputs and --dim give; every run goes on from it.
bool MakeState(const ingot_program_desc_t *desc, Session *session) {
  ingot_status_t status;
  return desc->num_states == 0 ||
         (ingot_state_create(session->program, session->options.symbols, nullptr, &session->state, &status) ==
              INGOT_OK &&
          ingot_context_set_state(session->context, session->state, &status) == INGOT_OK) ||
         Error("%s (by --dim NAME=N)", status.message);
}

bool MakeOutputs(const ingot_program_desc_t *desc, Session *session) {
  ingot_status_t status;
  if (ingot_context_query(session->context, session->inputs, session->outputs, &status) != INGOT_OK)
    return Error("%s", status.message);
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    bool is_known = true;
    for (uint32_t d = 0; d < session->outputs[i].rank; ++d) is_known = is_known && session->outputs[i].dims[d] >= 0;
    if (!is_known) continue;  // the run finds it, in memory of the context
    session->outputs[i].data = AllocateOrExplain(session->outputs[i].bytes, desc->outputs[i].name);
    if (session->outputs[i].data == nullptr) return false;
  }
  return true;
}

// An output whose size the run has found: from the context's memory to ours.
bool CopyLateOutput(Session *session, uint32_t i) {
  ingot_status_t status;
  ingot_tensor_t found;
  if (ingot_context_get_output(session->context, i, &found, &status) != INGOT_OK) return Error("%s", status.message);
  void *data = AllocateOrExplain(found.bytes, ingot_program_get_desc(session->program)->outputs[i].name);
  if (data == nullptr) return false;
  memcpy(data, found.data, found.bytes);
  session->outputs[i] = found;
  session->outputs[i].data = data;
  return true;
}

bool Run(Session *session) {
  ingot_status_t status;
  int64_t runs = session->options.repeat == 0 ? 1 : session->options.repeat;
  if (!Make(&session->nanoseconds, static_cast<uint64_t>(runs))) return false;
  for (int64_t r = 0; r < runs; ++r) {
    uint64_t begin = NowNanoseconds();
    if (ingot_context_run(session->context, session->inputs, session->outputs, &status) != INGOT_OK)
      return Error("%s", status.message);
    session->nanoseconds[r] = NowNanoseconds() - begin;
  }
  for (uint32_t i = 0; i < session->num_outputs; ++i) {
    if (session->outputs[i].data == nullptr && !CopyLateOutput(session, i)) return false;
  }
  Times times = Summarize(session->nanoseconds, runs);
  if (session->options.repeat != 0) PrintTimes(times);
  uint32_t threads = session->pool != nullptr ? ingot_pool_get_threads(session->pool) : 1;
  return !session->options.json || PrintJson(session->program, threads, times, session->outputs);
}

bool Main(const ingot_program_desc_t *desc, int argc, char **argv) {
  // The runtime checks the description fully when it loads it; this is what the command line needs before that.
  if (desc->struct_size < INGOT_HOST_PROGRAM_BYTES || desc->abi_version != INGOT_ABI_VERSION) {
    ingot_program_t *program = nullptr;
    ingot_status_t status;
    ingot_program_load(desc, nullptr, &program, &status);
    return Error("%s", status.message);
  }
  Session session;
  session.num_inputs = desc->num_inputs;
  session.num_outputs = desc->num_outputs;
  Options *options = &session.options;
  if (!Make(&options->input_files, desc->num_inputs) || !Make(&options->symbols, desc->num_symbols)) return false;
  for (uint32_t s = 0; s < desc->num_symbols; ++s) options->symbols[s] = -1;
  if (!ParseOptions(desc, argc, argv, options)) return false;
  if (options->help) return PrintHelp(desc);
  if (!Load(desc, &session)) return false;
  if (!Make(&session.arrays, desc->num_inputs) || !Make(&session.inputs, desc->num_inputs) ||
      !Make(&session.outputs, desc->num_outputs)) {
    return false;
  }
  if (!LoadInputs(desc, options, session.arrays)) return false;
  for (uint32_t i = 0; i < desc->num_inputs; ++i) session.inputs[i] = session.arrays[i].tensor;
  if (!MakeState(desc, &session) || !MakeOutputs(desc, &session) || !Run(&session)) return false;
  return WriteOutputs(desc, options->output != nullptr ? options->output : ".", session.arrays, session.outputs);
}

}  // namespace
}  // namespace ingot::main_program

int main(int argc, char **argv) {
  ingot::main_program::SetProgramName(argc > 0 ? argv[0] : nullptr);
  ingot::main_program::ExplainBusErrors(ingot::main_program::ProgramName());
  return ingot::main_program::Main(ingot_main_program, argc, argv) ? EXIT_SUCCESS : EXIT_FAILURE;
}
