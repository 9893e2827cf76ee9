#include "ingot/compile.h"

#include <chrono>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/api/compiled_program.h"
#include "compiler/emit/merge_objects.h"
#include "compiler/emit/object_emitter.h"
#include "compiler/emit/program_emitter.h"
#include "compiler/emit/weights.h"
#include "compiler/import/import_graph.h"
#include "compiler/pipeline/pipeline.h"
#include "graph/io/atomic_file.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Support/FileSystem.h"

namespace ingot {

using namespace compiler;

namespace {

constexpr int64_t kEmbedLimit = INT64_C(256) << 20;

double Now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool IsIdentifier(const std::string &name) {
  if (name.empty() || name.size() > 200 || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
}

// Best level first: that is the order in which the runtime tries variants.
absl::StatusOr<std::vector<Target>> ChooseLevels(const std::vector<std::string> &names) {
  if (names.empty()) return absl::InvalidArgumentError("no CPU level is given");
  const Device &host = *Devices().front();
  std::vector<Target> levels;
  for (const std::string &name : names) {
    absl::StatusOr<Target> target = FindTarget(host, name);
    if (!target.ok()) return target.status();
    bool known = false;
    for (const Target &level : levels) known = known || level.level == target->level;
    if (!known) levels.push_back(*std::move(target));
  }
  auto rank = [&](const Target &level) {
    return llvm::find_if(host.targets, [&](const Target &target) { return target.level == level.level; });
  };
  std::sort(levels.begin(), levels.end(), [&](const Target &a, const Target &b) { return rank(a) < rank(b); });
  return levels;
}

// In the order of preference of their devices.
absl::StatusOr<std::vector<Target>> ChooseDeviceTargets(const std::vector<std::string> &names) {
  std::vector<Target> chosen;
  std::string known;
  std::set<std::string> left(names.begin(), names.end());
  for (const Device *device : Devices().drop_front())
    for (const Target &target : device->targets) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", target.level);
      if (left.erase(target.level)) chosen.push_back(target);
    }
  if (!left.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("the device target '", *left.begin(), "' is not known; known: ", known));
  return chosen;
}

struct Targets {
  std::vector<Target> levels, device_targets;
};

absl::StatusOr<Targets> ChooseTargets(const CompileOptions &options) {
  absl::StatusOr<std::vector<Target>> levels = ChooseLevels(options.cpu_levels);
  if (!levels.ok()) return levels.status();
  absl::StatusOr<std::vector<Target>> device_targets = ChooseDeviceTargets(options.device_targets);
  if (!device_targets.ok()) return device_targets.status();
  if (options.library_kernels && !device_targets->empty())
    return absl::InvalidArgumentError("kernels of a library run on the host alone: choose it, or a device");
  return Targets{*std::move(levels), *std::move(device_targets)};
}

// What the devices load, from their kernels; code that goes into the object joins the pipeline's units.
absl::StatusOr<std::vector<DeviceImage>> MakeImages(Pipeline &pipeline, const std::vector<Target> &targets) {
  std::vector<DeviceImage> images;
  for (size_t i = 0; i < targets.size(); ++i) {
    CodeUnit &unit = pipeline.device_units()[i];
    absl::StatusOr<DeviceImage> image = FindDevice(targets[i].device)->image(std::move(unit.module), targets[i]);
    if (!image.ok()) return image.status();
    if (image->code) pipeline.units().push_back({std::move(unit.context), std::move(image->code)});
    images.push_back(*std::move(image));
  }
  return images;
}

absl::Status CheckOptions(const CompileOptions &options) {
  if (!IsIdentifier(options.name))
    return absl::InvalidArgumentError(absl::StrCat("the program name '", options.name,
                                                   "' is not a C identifier; letters, digits and underscores are"));
  if (options.precision != "fp32" && options.precision != "tf32")
    return absl::InvalidArgumentError(
        absl::StrCat("the precision '", options.precision, "' is not known; known: fp32, tf32"));
  if (options.precision == "tf32" && options.device_targets.empty())
    return absl::InvalidArgumentError(
        "the precision 'tf32' is one of GPUs; compile for one (--target=cuda, --device=cuda), or leave it out");
  if (options.threads < 0)
    return absl::InvalidArgumentError(
        absl::StrCat("cannot compile on ", options.threads, " threads; 0 means one for each CPU"));
  return absl::OkStatus();
}

absl::Status RunPipeline(Pipeline &pipeline, const CompileOptions &options, Phase last, std::string *text) {
  if (!options.dump_phases.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(options.dump_phases))
      return absl::InvalidArgumentError(
          absl::StrCat("cannot create the directory '", options.dump_phases, "': ", error.message()));
  int number = 0;
  return pipeline.Run(last, [&](llvm::StringRef phase, const std::string &ir) -> absl::Status {
    if (text && phase == compiler::Name(last)) *text = ir;
    if (options.dump_phases.empty()) return absl::OkStatus();
    std::string extension = phase == "buffers" ? ".txt" : ".mlir";
    return WriteFile(absl::StrCat(options.dump_phases, "/", number++, "-", phase.str(), extension), ir);
  });
}

// Every unit optimized, into `bitcode`, and emitted, side by side; returns one object of them all.
absl::StatusOr<std::string> EmitUnits(Pipeline &pipeline, std::vector<std::string> &bitcode) {
  std::vector<CodeUnit> &units = pipeline.units();
  bitcode.resize(units.size());
  std::vector<absl::Status> statuses(units.size());
  std::vector<std::string> objects(units.size());
  pipeline.ParallelFor(units.size(), [&](size_t i) {
    CodeUnit unit = std::move(units[i]);
    statuses[i] = Optimize(*unit.module);
    if (!statuses[i].ok()) return;
    llvm::raw_string_ostream stream(bitcode[i]);
    llvm::WriteBitcodeToFile(*unit.module, stream);
    absl::StatusOr<std::string> object = EmitCode(*unit.module, CodeForm::Object);
    statuses[i] = object.status();
    if (object.ok()) objects[i] = *std::move(object);
  });
  for (const absl::Status &status : statuses)
    if (!status.ok()) return status;
  return MergeObjects(objects);
}

}  // namespace

CompiledProgram::CompiledProgram() : impl(std::make_unique<Impl>()) {}
CompiledProgram::~CompiledProgram() = default;
CompiledProgram::CompiledProgram(CompiledProgram &&) noexcept = default;
CompiledProgram &CompiledProgram::operator=(CompiledProgram &&) noexcept = default;
const CompileOptions &CompiledProgram::options() const { return impl->options; }
const CompileStatistics &CompiledProgram::statistics() const { return impl->statistics; }

std::vector<std::string> PhaseNames() { return {"import", "simplify", "fuse", "vector", "buffers", "object"}; }

absl::StatusOr<std::string> CompileToPhase(Graph graph, const CompileOptions &options, const std::string &phase) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<Targets> targets = ChooseTargets(options);
  if (!targets.ok()) return targets.status();
  for (Phase known : {Phase::Import, Phase::Simplify, Phase::Fuse, Phase::Vector, Phase::Buffers}) {
    if (compiler::Name(known) != phase) continue;
    Pipeline pipeline(std::move(graph), options, std::move(targets->levels), std::move(targets->device_targets));
    std::string text;
    absl::Status status = RunPipeline(pipeline, options, known, &text);
    return status.ok() ? absl::StatusOr<std::string>(std::move(text)) : status;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no phase '", phase, "' with text; known: import, simplify, fuse, vector, buffers"));
}

absl::StatusOr<CompiledProgram> Compile(Graph graph, const CompileOptions &options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<Targets> targets = ChooseTargets(options);
  if (!targets.ok()) return targets.status();
  double begin = Now();
  CompiledProgram program;
  CompiledProgram::Impl &impl = *program.impl;
  impl.options = options;
  Pipeline pipeline(std::move(graph), options, targets->levels, targets->device_targets);
  if (absl::Status status = RunPipeline(pipeline, options, Phase::Buffers, nullptr); !status.ok()) return status;
  impl.plan = pipeline.plan();
  impl.constants = AllConstants(pipeline.graph());
  int64_t bytes = static_cast<int64_t>(impl.plan.weights_bytes);
  impl.embed_weights = options.weights == WeightsPlace::kEmbed ||
                       (options.weights == WeightsPlace::kAuto && bytes <= kEmbedLimit) || bytes == 0;
  if (!impl.embed_weights) impl.weights_hash = HashWeights(impl.plan, impl.constants);
  double after_mlir = Now();
  if (options.progress) options.progress("object");
  absl::StatusOr<std::vector<DeviceImage>> images = MakeImages(pipeline, targets->device_targets);
  if (!images.ok()) return images.status();
  for (const DeviceImage &image : *images) impl.device_images.push_back(image.bytes);
  CodeUnit tables{std::make_unique<llvm::LLVMContext>(), nullptr};
  tables.module = std::make_unique<llvm::Module>(options.name, *tables.context);
  EmitProgram(*tables.module, impl.plan,
              {options.name, options.precision, targets->levels, targets->device_targets, &*images, impl.embed_weights,
               impl.weights_hash, WeightsFileName(options.name)});
  // First, so that they do not keep one thread busy when all others are done.
  pipeline.units().insert(pipeline.units().begin(), std::move(tables));
  absl::StatusOr<std::string> object = EmitUnits(pipeline, impl.llvm);
  if (!object.ok()) return object.status();
  impl.object = *std::move(object);
  double end = Now();
  auto generated = llvm::count_if(impl.plan.steps, [&](const compiler::PlannedStep &step) {
    return step.kind == INGOT_STEP_KERNEL && impl.plan.origin(step) == INGOT_ORIGIN_GENERATED;
  });
  impl.statistics = {static_cast<int>(impl.plan.kernels.size()),
                     static_cast<int>(impl.plan.steps.size()),
                     static_cast<int>(generated),
                     end - begin,
                     after_mlir - begin,
                     end - after_mlir,
                     bytes,
                     static_cast<int64_t>(impl.object.size())};
  return program;
}

std::string CompiledProgram::header() const {
  const std::string &name = impl->options.name;
  std::string guard = "INGOT_PROGRAM_" + name + "_H_";
  std::string text = absl::StrCat("/* The compiled program '", name, "'; made by Ingot.\n *\n");
  std::vector<compiler::PlannedIo> states;
  for (const compiler::PlannedState &state : impl->plan.states) states.push_back(state.io);
  auto list = [&](const char *what, const std::vector<compiler::PlannedIo> &ios) {
    for (size_t i = 0; i < ios.size(); ++i)
      absl::StrAppend(&text, " * ", what, " ", i, ": ", ios[i].name, " ", ios[i].type.ToString(), "\n");
  };
  list("input", impl->plan.inputs);
  list("output", impl->plan.outputs);
  list("state", states);
  absl::StrAppend(&text, " */\n#ifndef ", guard, "\n#define ", guard,
                  "\n\n#include \"ingot/runtime.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const "
                  "ingot_program_desc_t ingot_program_",
                  name, ";\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
  return text;
}

}  // namespace ingot
