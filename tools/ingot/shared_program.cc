// The dynamic symbol table is read from the file before anything of it is executed: what is not a compiled program is
// refused, not run.
#include "tools/ingot/shared_program.h"

#include <dlfcn.h>
#include <elf.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/options.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

constexpr std::string_view kPrefix = "ingot_program_";

absl::Status Damaged() {
  return absl::InvalidArgumentError("the shared object is damaged or truncated; compile it again");
}

// A copy of the structure at `offset`, wherever it is aligned.
template <typename T>
bool Read(std::string_view bytes, uint64_t offset, T *value) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
  std::memcpy(value, bytes.data() + offset, sizeof(T));
  return true;
}

// Whether everything that the loader will map, and the section table, lie inside the file: it would crash on less.
bool IsWhole(std::string_view elf, const Elf64_Ehdr &header) {
  uint64_t table = uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  if (header.e_shoff > elf.size() || table > elf.size() - header.e_shoff || header.e_phentsize != sizeof(Elf64_Phdr))
    return false;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!Read(elf, header.e_phoff + i * sizeof(segment), &segment)) return false;
    if (segment.p_type != PT_NULL &&
        (segment.p_offset > elf.size() || segment.p_filesz > elf.size() - segment.p_offset))
      return false;
  }
  return true;
}

bool Section(std::string_view elf, const Elf64_Ehdr &header, uint64_t index, Elf64_Shdr *section) {
  return index < header.e_shnum && Read(elf, header.e_shoff + index * sizeof(Elf64_Shdr), section);
}

bool Contents(std::string_view elf, const Elf64_Shdr &section, std::string_view *contents) {
  if (section.sh_offset > elf.size() || section.sh_size > elf.size() - section.sh_offset) return false;
  *contents = elf.substr(section.sh_offset, section.sh_size);
  return true;
}

absl::StatusOr<std::vector<std::string>> ProgramsIn(std::string_view symbols, std::string_view strings) {
  std::vector<std::string> names;
  Elf64_Sym symbol;
  for (uint64_t at = 0; Read(symbols, at, &symbol); at += sizeof(symbol)) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF) continue;
    if (symbol.st_name >= strings.size()) return Damaged();
    std::string_view rest = strings.substr(symbol.st_name);
    size_t end = rest.find('\0');
    if (end == std::string_view::npos) return Damaged();
    if (rest.substr(0, kPrefix.size()) == kPrefix) names.emplace_back(rest.substr(0, end));
  }
  return names;
}

absl::Status CheckRuntime(int32_t code, const ingot_status_t &status) {
  if (code == INGOT_OK) return absl::OkStatus();
  return absl::InvalidArgumentError(status.message);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindProgramSymbols(std::string_view elf) {
  Elf64_Ehdr header;
  if (!Read(elf, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return Damaged();
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return absl::InvalidArgumentError("it was made for another kind of machine; this one runs x86-64");
  }
  if (header.e_type != ET_DYN) {
    return absl::InvalidArgumentError(
        "it is not a shared object; make one with `ingot compile MODEL -o OUT.so` (objects are linked, executables "
        "run)");
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !IsWhole(elf, header)) return Damaged();
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section, names;
    if (!Section(elf, header, i, &section)) return Damaged();
    if (section.sh_type != SHT_DYNSYM) continue;
    std::string_view symbols, strings;
    bool whole = Section(elf, header, section.sh_link, &names) && Contents(elf, section, &symbols) &&
                 Contents(elf, names, &strings);
    if (!whole) return Damaged();
    return ProgramsIn(symbols, strings);
  }
  return std::vector<std::string>();
}

absl::StatusOr<std::unique_ptr<SharedProgram>> SharedProgram::Open(const std::string &path,
                                                                   const std::string &cpu_level,
                                                                   ingot_device_t *device) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  absl::StatusOr<std::vector<std::string>> names = FindProgramSymbols(file->view());
  if (!names.ok())
    return absl::InvalidArgumentError(absl::StrCat("cannot load '", path, "': ", names.status().message()));
  if (names->size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' exports ",
                                                   names->empty() ? "no program" : ListNames(*names, ""),
                                                   "; it should be what `ingot compile MODEL -o OUT.so` makes, with "
                                                   "one program in it (executables run by themselves)"));
  }
  std::unique_ptr<SharedProgram> shared(new SharedProgram);
  std::string directory = DirectoryOf(path);
  // With a slash in it, the loader takes the name as a path instead of searching for it.
  std::string file_name = directory + "/" + path.substr(path.rfind('/') + 1);
  shared->library_ = dlopen(file_name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (shared->library_ == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("cannot load '", path, "': ", dlerror()));
  auto *desc = static_cast<const ingot_program_desc_t *>(dlsym(shared->library_, names->front().c_str()));
  if (desc == nullptr)
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' lacks the symbol '", names->front(), "'; compile it again"));

  ingot_load_options_t options = {};
  options.struct_size = sizeof(options);
  options.cpu_level = cpu_level.empty() ? nullptr : cpu_level.c_str();
  options.device = device;
  std::string weights;
  // Nothing behind these two fields may be read unless they are this runtime's; ingot_program_load explains when they
  // are not.
  bool known = desc->struct_size >= INGOT_HOST_PROGRAM_BYTES && desc->abi_version == INGOT_ABI_VERSION;
  if (known && desc->weights == nullptr && desc->weights_size != 0 && desc->weights_file != nullptr) {
    weights = directory + "/" + desc->weights_file;
    options.weights_path = weights.c_str();
  }
  ingot_status_t status = {};
  RETURN_IF_ERROR(CheckRuntime(ingot_program_load(desc, &options, &shared->program_, &status), status));
  return shared;
}

SharedProgram::~SharedProgram() {
  ingot_program_free(program_);
  if (library_ != nullptr) dlclose(library_);
}

}  // namespace ingot::tool
