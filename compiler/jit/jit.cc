#include "ingot/jit.h"

#include <chrono>
#include <optional>

#include "absl/strings/str_cat.h"
#include "compiler/api/compiled_program.h"
#include "compiler/jit/cache.h"
#include "graph/io/atomic_file.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

namespace ingot {

using compiler::Cache;

struct JitProgram::Linked {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

namespace {

double Now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

absl::StatusOr<std::unique_ptr<llvm::orc::LLJIT>> LinkObject(std::string_view object,
                                                             const ingot_kernel_library_t *library) {
  auto fail = [](llvm::Error error) {
    return absl::InternalError(absl::StrCat("cannot link the compiled program: ", llvm::toString(std::move(error))));
  };
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit) return fail(jit.takeError());
  auto process =
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process) return fail(process.takeError());
  (*jit)->getMainJITDylib().addGenerator(std::move(*process));
  if (library) {
    llvm::orc::SymbolMap symbols;
    auto bind = [&](const char *name, auto *function) {
      symbols[(*jit)->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                                llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    };
    bind(INGOT_LIBRARY_MATMUL_PREPARE, library->matmul_prepare);
    bind(INGOT_LIBRARY_MATMUL_RUN, library->matmul_run);
    bind(INGOT_LIBRARY_MATMUL_DESTROY, library->matmul_destroy);
    if (llvm::Error error = (*jit)->getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))))
      return fail(std::move(error));
  }
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "program");
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer))) return fail(std::move(error));
  return std::move(*jit);
}

}  // namespace

JitProgram::~JitProgram() {
  if (program_) ingot_program_free(program_);
}

absl::StatusOr<CompiledProgram> JitProgram::Compile(Graph graph, const CompileOptions &options) {
  double start = Now();
  absl::StatusOr<CompiledProgram> program = ingot::Compile(std::move(graph), options);
  if (!program.ok()) return program;
  compile_ms_ = Now() - start;
  statistics_ = program->statistics();
  return program;
}

absl::Status JitProgram::Link(std::string_view object, const std::string &name, const std::string &weights_path,
                              const ingot_kernel_library_t *library) {
  absl::StatusOr<std::unique_ptr<llvm::orc::LLJIT>> jit = LinkObject(object, library);
  if (!jit.ok()) return jit.status();
  auto symbol = (*jit)->lookup("ingot_program_" + name);
  if (!symbol)
    return absl::InternalError(absl::StrCat("cannot link the compiled program: ", llvm::toString(symbol.takeError())));
  ingot_load_options_t load = {};
  load.struct_size = sizeof(load);
  load.weights_path = weights_path.c_str();
  load.device = device_;
  ingot_status_t status;
  if (ingot_program_load(symbol->toPtr<const ingot_program_desc_t *>(), &load, &program_, &status) != INGOT_OK)
    return device_ != nullptr ? absl::UnavailableError(status.message) : absl::FailedPreconditionError(status.message);
  linked_ = std::make_unique<Linked>();
  linked_->jit = *std::move(jit);
  return absl::OkStatus();
}

absl::Status JitProgram::LoadUncached(Graph graph, const CompileOptions &options,
                                      const ingot_kernel_library_t *library) {
  absl::StatusOr<CompiledProgram> program = Compile(std::move(graph), options);
  if (!program.ok()) return program.status();
  absl::StatusOr<PrivateDirectory> scratch = PrivateDirectory::Temporary();
  if (!scratch.ok()) return scratch.status();
  std::string weights = scratch->File("program.weights");
  if (!program->impl->embed_weights)
    if (absl::Status status = compiler::WriteWeightsFile(*program, weights); !status.ok()) return status;
  return Link(program->impl->object, options.name, weights, library);
}

absl::Status JitProgram::LoadCached(Graph graph, const CompileOptions &options, const ingot_kernel_library_t *library,
                                    const std::string &directory) {
  absl::StatusOr<Cache> cache = Cache::Open(directory);
  if (!cache.ok()) return cache.status();
  std::string key = compiler::CacheKey(graph, options, library);
  // First as one of many readers. What does not load is compiled again by one process, while others that want it wait
  // for the lock.
  for (Cache::Access access : {Cache::Access::kRead, Cache::Access::kWrite}) {
    absl::StatusOr<Cache::Entry> entry = cache->Lock(key, access);
    if (!entry.ok()) return entry.status();
    if (std::optional<std::string> object = entry->Object()) {
      absl::Status linked = Link(*object, options.name, entry->WeightsPath(), library);
      from_cache_ = linked.ok();
      // For a device that does not take it no other program makes up.
      if (linked.ok() || absl::IsUnavailable(linked)) return linked;
    }
    if (access == Cache::Access::kRead) continue;
    absl::StatusOr<CompiledProgram> program = Compile(std::move(graph), options);
    absl::Status status = program.ok() ? entry->Store(*program) : program.status();
    if (status.ok()) status = Link(program->impl->object, options.name, entry->WeightsPath(), library);
    if (status.ok()) cache->Trim();
    return status;
  }
  return absl::InternalError("the cache gave no program");
}

absl::StatusOr<std::unique_ptr<JitProgram>> JitProgram::Load(Graph graph, const JitOptions &options) {
  double begin = Now();
  CompileOptions compile = options.compile;
  compile.weights = WeightsPlace::kFile;
  compile.library_kernels = options.library != nullptr;
  std::string directory = options.cache_directory.empty() ? Cache::DefaultDirectory() : options.cache_directory;
  std::unique_ptr<JitProgram> result(new JitProgram);
  result->device_ = options.device;
  absl::Status status = directory == "none" ? result->LoadUncached(std::move(graph), compile, options.library)
                                            : result->LoadCached(std::move(graph), compile, options.library, directory);
  if (!status.ok()) return status;
  result->load_ms_ = Now() - begin - result->compile_ms_;
  return result;
}

}  // namespace ingot
