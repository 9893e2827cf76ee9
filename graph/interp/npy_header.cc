// The header of an .npy file: magic, version, length, and a Python dict with three fixed keys.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/interp/npy.h"

namespace ingot {
namespace {

struct DescrRow {
  DType dtype;
  std::string_view code;  // without the byte order

  bool orderless() const { return code[0] == 'V' || code[1] == '1'; }
  std::string descr() const { return absl::StrCat(orderless() ? "|" : "<", std::string(code)); }
};
constexpr DescrRow kDescrs[] = {
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) {DType::k##cc, npy},
#include "ingot/dtypes.inc"
};
constexpr std::string_view kMagic = "\x93NUMPY";

absl::Status Bad(const std::string &what) { return absl::InvalidArgumentError(what); }

absl::StatusOr<DType> DTypeOf(std::string_view descr) {
  if (descr == "<f1") return DType::kF8E5M2;  // as ml_dtypes calls it
  for (const DescrRow &row : kDescrs) {
    if (descr.size() != 3 || descr.substr(1) != row.code) continue;
    if (descr[0] == '>' && !row.orderless())
      return Bad(absl::StrCat("is big-endian ('", std::string(descr), "'); save it as '", row.descr(), "'"));
    if (descr[0] == '<' || descr[0] == '=' || row.orderless()) return row.dtype;
  }
  return Bad(absl::StrCat("has elements of type '", std::string(descr),
                          "', which no tensor can have; convert it with astype"));
}

// Reads the dict literal, e.g. {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<NpyHeader> Dict() {
    NpyHeader header;
    unsigned seen = 0;
    if (!Take("{")) return Malformed("'{'");
    while (!Take("}")) {
      std::string_view key;
      if (!Quoted(key) || !Take(":")) return Malformed("a key and ':'");
      unsigned bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
      if (bit == 0 || (seen & bit) != 0)
        return Bad(
            absl::StrCat("has the unknown or repeated key '", std::string(key.substr(0, 40)), "' in its header"));
      seen |= bit;
      absl::Status status = bit == 1 ? Descr(header) : bit == 2 ? Order(header) : Shape(header);
      if (!status.ok()) return status;
      if (!Take(",") && !Next('}')) return Malformed("',' or '}'");
    }
    Blanks();
    if (seen != 7 || !text_.empty()) return Malformed("exactly 'descr', 'fortran_order' and 'shape'");
    return header;
  }

 private:
  void Blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n' || text_[0] == '\t')) text_.remove_prefix(1);
  }
  bool Next(char c) {
    Blanks();
    return !text_.empty() && text_[0] == c;
  }
  bool Take(std::string_view token) {
    Blanks();
    if (text_.substr(0, token.size()) != token) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  bool Quoted(std::string_view &content) {
    if (!Next('\'') && !Next('"')) return false;
    size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return false;
    content = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }
  absl::Status Malformed(const char *expected) const {
    return Bad(absl::StrCat("has a malformed header: expected ", expected, " before '",
                            std::string(text_.substr(0, 20)), "'"));
  }

  absl::Status Descr(NpyHeader &header) {
    std::string_view descr;
    if (Next('[')) return Bad("holds records instead of plain numbers; save one field of it");
    if (!Quoted(descr)) return Malformed("a type");
    absl::StatusOr<DType> dtype = DTypeOf(descr);
    if (dtype.ok()) header.dtype = *dtype;
    return dtype.status();
  }
  absl::Status Order(NpyHeader &header) {
    header.column_major = Take("True");
    return header.column_major || Take("False") ? absl::OkStatus() : Malformed("True or False");
  }
  absl::Status Shape(NpyHeader &header) {
    if (!Take("(")) return Malformed("'('");
    while (!Take(")")) {
      Blanks();
      int64_t dim = 0;
      size_t digits = 0;
      for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
        if (__builtin_mul_overflow(dim, 10, &dim) || __builtin_add_overflow(dim, text_[digits] - '0', &dim))
          return Bad("has a dim that does not fit 64 bits");
      }
      if (digits == 0) return Malformed("a size");
      text_.remove_prefix(digits);
      header.dims.push_back(dim);
      if (header.dims.size() > kMaxRank) return Bad(absl::StrCat("has more than ", kMaxRank, " dims; reshape it"));
      if (!Take(",") && !Next(')')) return Malformed("',' or ')'");
    }
    return absl::OkStatus();
  }

  std::string_view text_;
};

// Bytes of the elements; nullopt when they exceed `available` (without overflow, whatever the dims).
std::optional<size_t> ElementBytes(const NpyHeader &header, size_t available) {
  uint64_t bytes = static_cast<uint64_t>(BitWidth(header.dtype)) / 8;  // no file has less than a byte for an element
  bool empty = false;
  for (int64_t dim : header.dims) {
    if (dim == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes) || bytes > INT64_MAX) {
      return std::nullopt;
    }
  }
  if (empty) return 0;
  return bytes <= available ? std::optional<size_t>(bytes) : std::nullopt;
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view file) {
  if (file.substr(0, kMagic.size()) != kMagic || file.size() < 10)
    return Bad("is not an .npy file; make one with numpy.save");
  unsigned version = static_cast<unsigned char>(file[6]);
  if (version < 1 || version > 3)
    return Bad(absl::StrCat("is an .npy file of version ", version, "; 1 to 3 are supported"));
  size_t length_bytes = version == 1 ? 2 : 4, length = 0;
  if (file.size() < 8 + length_bytes) return Bad("ends within its header");
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(file[8 + i]);
  size_t start = 8 + length_bytes;
  if (length > file.size() - start) return Bad("ends within its header");
  absl::StatusOr<NpyHeader> header = Reader(file.substr(start, length)).Dict();
  if (!header.ok()) return header;
  header->size = start + length;
  size_t rest = file.size() - header->size;
  std::optional<size_t> bytes = ElementBytes(*header, rest);
  if (!bytes) return Bad(absl::StrCat("is cut short: its shape needs more than the ", rest, " bytes after its header"));
  if (*bytes != rest)
    return Bad(absl::StrCat("has ", rest - *bytes, " bytes after its last element; save one array per file"));
  return header;
}

std::string MakeNpyHeader(DType dtype, const std::vector<int64_t> &dims) {
  std::string descr;
  for (const DescrRow &row : kDescrs) {
    if (row.dtype == dtype) descr = row.descr();
  }
  std::string dict = absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (");
  absl::StrAppend(&dict, absl::StrJoin(dims, ", "), dims.size() == 1 ? "," : "", "), }");
  // Padded so that the elements start at a multiple of 64; version 1, since eight dims always fit its 16-bit length.
  dict.append((64 - (10 + dict.size() + 1) % 64) % 64, ' ');
  dict += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

}  // namespace ingot
