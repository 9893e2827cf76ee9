#include "compiler/emit/merge_objects.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ingot::compiler {
namespace {

uint64_t AlignTo(uint64_t offset, uint64_t alignment) {
  return alignment > 1 ? (offset + alignment - 1) / alignment * alignment : offset;
}

template <typename T>
void Append(std::string &bytes, const T &value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

// A table of records inside an object. Copied out: nothing says that they lie aligned.
template <typename T>
std::vector<T> Records(const std::string &object, uint64_t offset, uint64_t count) {
  std::vector<T> table(count);
  if (count > 0) std::memcpy(table.data(), object.data() + offset, count * sizeof(T));
  return table;
}

struct Symbol {
  std::string name;
  Elf64_Sym elf;  // st_shndx: a section of the result, SHN_UNDEF or SHN_ABS
};

struct Section {
  std::string name;
  Elf64_Shdr header;                    // sh_size counts what has been added
  std::string bytes;                    // none of SHT_NOBITS
  std::vector<Elf64_Rela> relocations;  // they name symbols by their place in ObjectMerger::symbols
};

class ObjectMerger {
 public:
  ObjectMerger() : sections_(1), symbols_(1) {}

  absl::Status Add(const std::string &object);
  std::string Finish();

 private:
  absl::StatusOr<uint16_t> Place(const std::string &name, const Elf64_Shdr &header, const char *bytes,
                                 uint64_t &position);
  absl::StatusOr<uint32_t> AddSymbol(Symbol symbol);
  // Local symbols first, as ELF wants, and how many they are. Returns the new place of every symbol.
  std::vector<uint32_t> WriteSymbols(std::string &table, uint32_t &locals);
  Section RelocationsOf(size_t index, const std::vector<uint32_t> &new_index, uint32_t symbol_table) const;
  uint32_t AddText(const std::string &name);
  std::string Write();
  bool IsLocal(const Symbol &symbol) const;

  std::vector<Section> sections_;  // the first is ELF's null section
  std::vector<Symbol> symbols_;    // the first is ELF's null symbol
  std::map<std::tuple<std::string, uint32_t, uint64_t, uint64_t>, uint16_t> section_of_;
  std::map<std::string, uint32_t> globals_;
  std::map<uint16_t, uint32_t> section_symbols_;
  bool has_file_ = false;
  std::string texts = std::string(1, '\0');
};

uint32_t ObjectMerger::AddText(const std::string &name) {
  if (name.empty()) return 0;
  size_t at = texts.size();
  texts.append(name).push_back('\0');
  return static_cast<uint32_t>(at);
}

bool ObjectMerger::IsLocal(const Symbol &symbol) const {
  return ELF64_ST_BIND(symbol.elf.st_info) == STB_LOCAL ||
         (ELF64_ST_VISIBILITY(symbol.elf.st_other) == STV_HIDDEN && symbol.elf.st_shndx != SHN_UNDEF);
}

absl::StatusOr<uint16_t> ObjectMerger::Place(const std::string &name, const Elf64_Shdr &header, const char *bytes,
                                             uint64_t &position) {
  bool is_known = header.sh_type == SHT_PROGBITS || header.sh_type == SHT_NOBITS || header.sh_type == SHT_X86_64_UNWIND;
  if (!is_known || (header.sh_flags & (SHF_GROUP | SHF_LINK_ORDER | SHF_COMPRESSED)))
    return absl::InternalError(absl::StrCat("cannot merge section '", name, "' of type ", header.sh_type));
  auto [entry, is_new] = section_of_.try_emplace({name, header.sh_type, header.sh_flags, header.sh_entsize},
                                                 static_cast<uint16_t>(sections_.size()));
  if (is_new) {
    sections_.push_back({name, header, "", {}});
    sections_.back().header.sh_size = 0;
  }
  Section &section = sections_[entry->second];
  section.header.sh_addralign = std::max(section.header.sh_addralign, header.sh_addralign);
  position = AlignTo(section.header.sh_size, header.sh_addralign);
  section.header.sh_size = position + header.sh_size;
  if (header.sh_type != SHT_NOBITS) {
    section.bytes.resize(position);
    section.bytes.append(bytes, header.sh_size);
  }
  return entry->second;
}

absl::StatusOr<uint32_t> ObjectMerger::AddSymbol(Symbol symbol) {
  uint32_t index = static_cast<uint32_t>(symbols_.size());
  if (ELF64_ST_TYPE(symbol.elf.st_info) == STT_SECTION) {
    auto [entry, is_new] = section_symbols_.try_emplace(symbol.elf.st_shndx, index);
    symbol.elf.st_value = 0;
    if (is_new) symbols_.push_back(std::move(symbol));
    return entry->second;
  }
  if (ELF64_ST_TYPE(symbol.elf.st_info) == STT_FILE) {  // one says what the object was made from
    if (std::exchange(has_file_, true)) return 0;
  } else if (ELF64_ST_BIND(symbol.elf.st_info) != STB_LOCAL) {
    auto [entry, is_new] = globals_.try_emplace(symbol.name, index);
    if (!is_new) {
      Symbol &known = symbols_[entry->second];
      if (symbol.elf.st_shndx == SHN_UNDEF) return entry->second;
      if (known.elf.st_shndx != SHN_UNDEF)
        return absl::InternalError(absl::StrCat("two objects define '", symbol.name, "'"));
      known = std::move(symbol);
      return entry->second;
    }
  }
  symbols_.push_back(std::move(symbol));
  return index;
}

absl::Status ObjectMerger::Add(const std::string &object) {
  auto header = Records<Elf64_Ehdr>(object, 0, 1)[0];
  auto headers = Records<Elf64_Shdr>(object, header.e_shoff, header.e_shnum);
  const char *names = object.data() + headers[header.e_shstrndx].sh_offset;
  // Of every section of the object: its section of the result, and where it begins there.
  std::vector<uint16_t> target(headers.size());
  std::vector<uint64_t> begin(headers.size());
  const Elf64_Shdr *table = nullptr;
  for (size_t i = 1; i < headers.size(); ++i) {
    const Elf64_Shdr &section = headers[i];
    if (section.sh_type == SHT_SYMTAB) table = &section;
    if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_STRTAB || section.sh_type == SHT_RELA) continue;
    absl::StatusOr<uint16_t> placed =
        Place(names + section.sh_name, section, object.data() + section.sh_offset, begin[i]);
    if (!placed.ok()) return placed.status();
    target[i] = *placed;
  }
  if (!table) return absl::InternalError("an object has no symbols");
  auto elf_symbols = Records<Elf64_Sym>(object, table->sh_offset, table->sh_size / sizeof(Elf64_Sym));
  const char *texts = object.data() + headers[table->sh_link].sh_offset;
  std::vector<uint32_t> symbol_of(elf_symbols.size());
  for (size_t i = 1; i < elf_symbols.size(); ++i) {
    Symbol symbol{texts + elf_symbols[i].st_name, elf_symbols[i]};
    uint16_t index = symbol.elf.st_shndx;
    if (index != SHN_UNDEF && index != SHN_ABS) {
      if (index >= headers.size()) return absl::InternalError(absl::StrCat("cannot merge symbol '", symbol.name, "'"));
      symbol.elf.st_shndx = target[index];
      symbol.elf.st_value += begin[index];
    }
    absl::StatusOr<uint32_t> added = AddSymbol(std::move(symbol));
    if (!added.ok()) return added.status();
    symbol_of[i] = *added;
  }
  for (const Elf64_Shdr &section : headers) {
    if (section.sh_type != SHT_RELA) continue;
    for (Elf64_Rela entry : Records<Elf64_Rela>(object, section.sh_offset, section.sh_size / sizeof(Elf64_Rela))) {
      const Elf64_Sym &symbol = elf_symbols[ELF64_R_SYM(entry.r_info)];
      if (ELF64_ST_TYPE(symbol.st_info) == STT_SECTION) entry.r_addend += static_cast<int64_t>(begin[symbol.st_shndx]);
      entry.r_offset += begin[section.sh_info];
      entry.r_info =
          ELF64_R_INFO(static_cast<uint64_t>(symbol_of[ELF64_R_SYM(entry.r_info)]), ELF64_R_TYPE(entry.r_info));
      sections_[target[section.sh_info]].relocations.push_back(entry);
    }
  }
  return absl::OkStatus();
}

std::vector<uint32_t> ObjectMerger::WriteSymbols(std::string &table, uint32_t &locals) {
  std::vector<uint32_t> order, new_index(symbols_.size());
  for (bool local : {true, false})
    for (uint32_t i = 0; i < symbols_.size(); ++i) {
      if (IsLocal(symbols_[i]) != local) continue;
      order.push_back(i);
      locals += local;
    }
  for (uint32_t i = 0; i < order.size(); ++i) {
    new_index[order[i]] = i;
    Elf64_Sym symbol = symbols_[order[i]].elf;
    symbol.st_name = AddText(symbols_[order[i]].name);
    if (i < locals) {
      symbol.st_info = static_cast<unsigned char>(ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(symbol.st_info)));
      symbol.st_other = STV_DEFAULT;
    }
    Append(table, symbol);
  }
  return new_index;
}

Section ObjectMerger::RelocationsOf(size_t index, const std::vector<uint32_t> &new_index, uint32_t symbol_table) const {
  Section result{".rela" + sections_[index].name, {}, "", {}};
  result.header.sh_type = SHT_RELA;
  result.header.sh_flags = SHF_INFO_LINK;
  result.header.sh_link = symbol_table;
  result.header.sh_info = static_cast<uint32_t>(index);
  result.header.sh_addralign = alignof(Elf64_Rela);
  result.header.sh_entsize = sizeof(Elf64_Rela);
  for (Elf64_Rela entry : sections_[index].relocations) {
    auto symbol = static_cast<uint64_t>(new_index[ELF64_R_SYM(entry.r_info)]);
    entry.r_info = ELF64_R_INFO(symbol, ELF64_R_TYPE(entry.r_info));
    Append(result.bytes, entry);
  }
  return result;
}

std::string ObjectMerger::Finish() {
  Section symbol_table{".symtab", {}, "", {}}, text_table{".strtab", {}, "", {}};
  std::vector<uint32_t> new_index = WriteSymbols(symbol_table.bytes, symbol_table.header.sh_info);
  // Behind the sections stand their relocations, the symbols, and one table of all names.
  std::vector<size_t> relocated;
  for (size_t i = 1; i < sections_.size(); ++i)
    if (!sections_[i].relocations.empty()) relocated.push_back(i);
  auto symbol_index = static_cast<uint32_t>(sections_.size() + relocated.size());
  for (size_t i : relocated) sections_.push_back(RelocationsOf(i, new_index, symbol_index));
  symbol_table.header.sh_type = SHT_SYMTAB;
  symbol_table.header.sh_link = symbol_index + 1;
  symbol_table.header.sh_addralign = alignof(Elf64_Sym);
  symbol_table.header.sh_entsize = sizeof(Elf64_Sym);
  sections_.push_back(std::move(symbol_table));
  text_table.header.sh_type = SHT_STRTAB;
  text_table.header.sh_addralign = 1;
  sections_.push_back(std::move(text_table));
  for (size_t i = 1; i < sections_.size(); ++i) sections_[i].header.sh_name = AddText(sections_[i].name);
  sections_.back().bytes = std::move(texts);
  return Write();
}

std::string ObjectMerger::Write() {
  std::string object(sizeof(Elf64_Ehdr), '\0'), headers;
  for (size_t i = 0; i < sections_.size(); ++i) {
    Section &section = sections_[i];
    if (section.header.sh_type != SHT_NOBITS) section.header.sh_size = section.bytes.size();
    if (i > 0) {
      object.resize(AlignTo(object.size(), section.header.sh_addralign));
      section.header.sh_offset = object.size();
    }
    object += section.bytes;
    Append(headers, section.header);
  }
  object.resize(AlignTo(object.size(), alignof(Elf64_Shdr)));
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = object.size();
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<uint16_t>(sections_.size());
  header.e_shstrndx = static_cast<uint16_t>(sections_.size() - 1);
  std::memcpy(object.data(), &header, sizeof(header));
  return object + headers;
}

}  // namespace

absl::StatusOr<std::string> MergeObjects(const std::vector<std::string> &objects) {
  ObjectMerger merger;
  for (const std::string &object : objects)
    if (absl::Status status = merger.Add(object); !status.ok()) return status;
  return merger.Finish();
}

}  // namespace ingot::compiler
