#include "compiler/jit/Jit.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "compiler/api/CompiledProgram.h"
#include "compiler/codegen/cpu/CpuTarget.h"
#include "compiler/jit/source_hash.h"
#include "graph/io/graph_file.h"
#include "graph/io/mapped_file.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/xxhash.h"

namespace ingot {

struct JitProgram::Linked {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

namespace {


double now() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

absl::StatusOr<std::string> defaultDirectory() {
  if (const char *own = std::getenv("INGOT_CACHE_DIR"); own && *own)
    return std::string(own);
  if (const char *xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg)
    return absl::StrCat(xdg, "/ingot");
  if (const char *home = std::getenv("HOME"); home && *home)
    return absl::StrCat(home, "/.cache/ingot");
  return std::string("none");
}

// Creates the directory with mode 0700 and makes sure that nobody else can put objects there: they are executed.
absl::Status preparePrivate(const std::string &path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    mkdir(path.substr(0, slash).c_str(), 0700);
  mkdir(path.c_str(), 0700);
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return absl::FailedPreconditionError(absl::StrCat("cannot create the cache directory '", path, "'; set INGOT_CACHE_DIR to a folder of yours"));
  if (info.st_uid != geteuid() || (info.st_mode & 077) != 0)
    return absl::FailedPreconditionError(absl::StrCat("the cache directory '", path, "' belongs to or is open to others; run chmod 700 on it, or set INGOT_CACHE_DIR"));
  return absl::OkStatus();
}

// A hash of this compiler, of the graph's structure, of all tensor data (so a changed side file is another key) and of the options.
std::string cacheKey(const Graph &graph, const CompileOptions &options, const ingot_kernel_library_t *library) {
  uint64_t data = 0;
  for (const Value &value : graph.values)
    if (value.constant >= 0) {
      const Tensor &tensor = graph.constants[static_cast<size_t>(value.constant)];
      data = (data ^ llvm::xxh3_64bits(llvm::StringRef(tensor.data(), tensor.bytes()))) * 0x9e3779b97f4a7c15ull + 1;
    }
  std::string text = absl::StrCat(kSourceHash, ";", LLVM_VERSION_STRING, ";", options.name, ";", options.precision, ";", library ? library->name : "", ";", data);
  for (const std::string &level : options.cpu_levels) {
    absl::StatusOr<compiler::CpuTarget> target = compiler::findCpuTarget(level);
    absl::StrAppend(&text, ";", target.ok() ? target->level : level);
  }
  absl::StrAppend(&text, ";", SerializeStructure(graph));
  auto hash = llvm::xxh3_128bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return absl::StrCat(absl::Hex(hash.high64, absl::kZeroPad16), absl::Hex(hash.low64, absl::kZeroPad16));
}

// A directory that goes away with this object.
class ScratchDirectory {
public:
  absl::Status create() {
    const char *base = std::getenv("TMPDIR");
    path = absl::StrCat(base && *base ? base : "/tmp", "/ingot-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) {
      path.clear();
      return absl::FailedPreconditionError("cannot create a temporary directory; set TMPDIR");
    }
    return absl::OkStatus();
  }
  ~ScratchDirectory() {
    if (path.empty())
      return;
    unlink((path + "/program.weights").c_str());
    rmdir(path.c_str());
  }
  std::string path;
};

absl::StatusOr<std::unique_ptr<llvm::orc::LLJIT>> linkObject(std::string_view object, const ingot_kernel_library_t *library) {
  auto fail = [](llvm::Error error) { return absl::InternalError(absl::StrCat("cannot link the compiled program: ", llvm::toString(std::move(error)))); };
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  (*jit)->getMainJITDylib().addGenerator(std::move(*process));
  if (library) {
    llvm::orc::SymbolMap symbols;
    auto bind = [&](const char *name, auto *function) { symbols[(*jit)->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable}; };
    bind(INGOT_LIBRARY_MATMUL_PREPARE, library->matmul_prepare);
    bind(INGOT_LIBRARY_MATMUL_RUN, library->matmul_run);
    bind(INGOT_LIBRARY_MATMUL_DESTROY, library->matmul_destroy);
    if (llvm::Error error = (*jit)->getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))))
      return fail(std::move(error));
  }
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "program");
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer)))
    return fail(std::move(error));
  return std::move(*jit);
}

} // namespace

JitProgram::~JitProgram() {
  if (program_)
    ingot_program_free(program_);
}

absl::StatusOr<std::unique_ptr<JitProgram>> JitProgram::Load(Graph graph, const JitOptions &options) {
  double begin = now();
  CompileOptions compile = options.compile;
  compile.weights = WeightsPlace::kFile;
  compile.library_kernels = options.library != nullptr;
  std::string directory = options.cache_directory;
  if (directory.empty()) {
    absl::StatusOr<std::string> found = defaultDirectory();
    if (!found.ok())
      return found.status();
    directory = *found;
  }
  bool cached = directory != "none";
  std::string objectPath, weightsPath;
  ScratchDirectory scratch;
  if (cached) {
    if (absl::Status status = preparePrivate(directory); !status.ok())
      return status;
    std::string key = cacheKey(graph, compile, options.library);
    objectPath = absl::StrCat(directory, "/", key, ".o");
    weightsPath = absl::StrCat(directory, "/", key, ".weights");
  } else {
    if (absl::Status status = scratch.create(); !status.ok())
      return status;
    weightsPath = scratch.path + "/program.weights";
  }

  std::unique_ptr<JitProgram> result(new JitProgram);
  std::string object;
  if (cached)
    if (absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(objectPath); file.ok()) {
      object = std::string((*file)->view());
      result->from_cache_ = true;
    }
  if (!result->from_cache_) {
    double start = now();
    absl::StatusOr<CompiledProgram> program = Compile(std::move(graph), compile);
    if (!program.ok())
      return program.status();
    result->compile_ms_ = now() - start;
    result->statistics_ = program->statistics();
    object = program->impl->object;
    // The object last: where it is, the weights are.
    if (!program->impl->embedWeights)
      if (absl::Status status = compiler::writeWeightsFile(*program, weightsPath); !status.ok())
        return status;
    if (cached)
      if (absl::Status status = WriteFile(objectPath, object); !status.ok())
        return status;
  }
  absl::StatusOr<std::unique_ptr<llvm::orc::LLJIT>> jit = linkObject(object, options.library);
  if (!jit.ok())
    return jit.status();
  auto symbol = (*jit)->lookup("ingot_program_" + compile.name);
  if (!symbol)
    return absl::InternalError(absl::StrCat("cannot link the compiled program: ", llvm::toString(symbol.takeError())));
  result->linked_ = std::make_unique<Linked>();
  result->linked_->jit = *std::move(jit);
  ingot_load_options_t load = {};
  load.struct_size = sizeof(load);
  load.weights_path = weightsPath.c_str();
  ingot_status_t status;
  if (ingot_program_load(symbol->toPtr<const ingot_program_desc_t *>(), &load, &result->program_, &status) != INGOT_OK)
    return absl::FailedPreconditionError(status.message);
  result->load_ms_ = now() - begin - result->compile_ms_;
  return result;
}

} // namespace ingot
