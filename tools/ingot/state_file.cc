#include "tools/ingot/state_file.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxHeader = 16 << 20;
constexpr size_t kMaxRank = 8;
constexpr char kMetadata[] = "__metadata__";

struct Place {
  std::string name;
  DType dtype;
  std::vector<int64_t> dims;
  uint64_t begin, end;
};

// A whole number that is not negative and has few enough digits for int64_t.
std::optional<int64_t> Number(const Json &json) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(json.get<uint64_t>());
}

// "F32" is f32, and so on for all but those that the format spells otherwise.
std::string NameInFile(DType dtype) {
  if (dtype == DType::kComplex64) return "C64";
  if (dtype == DType::kF8E4M3) return "F8_E4M3";
  if (dtype == DType::kF8E5M2) return "F8_E5M2";
  return absl::AsciiStrToUpper(std::string(Name(dtype)));
}

std::optional<DType> DTypeOf(const Json &json) {
  if (!json.is_string()) return std::nullopt;
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) \
  if (json.get_ref<const std::string &>() == NameInFile(DType::k##cc)) return DType::k##cc;
#include "ingot/dtypes.inc"
  return std::nullopt;
}

std::string TypeText(DType dtype, const std::vector<int64_t> &dims) {
  return absl::StrCat(std::string(Name(dtype)), "[", absl::StrJoin(dims, ", "), "]");
}

// The header's row for one tensor; what is wrong with it as an error.
absl::StatusOr<Place> PlaceOf(const std::string &name, const Json &row, uint64_t data_bytes) {
  auto bad = [&](const char *what) {
    return absl::InvalidArgumentError(absl::StrCat("tensor '", name.substr(0, 100), "' ", what));
  };
  if (!row.is_object() || !row.contains("dtype") || !row.contains("shape") || !row.contains("data_offsets"))
    return bad("has no dtype, shape or data_offsets");
  std::optional<DType> dtype = DTypeOf(row["dtype"]);
  if (!dtype) return bad("has an unknown dtype");
  Place place{name, *dtype, {}, 0, 0};
  const Json &shape = row["shape"], &offsets = row["data_offsets"];
  if (!shape.is_array() || shape.size() > kMaxRank) return bad("has a shape that is no list of at most 8 dims");
  int64_t elements = 1;
  bool is_empty = false, fits = true;
  for (const Json &dim : shape) {
    std::optional<int64_t> size = Number(dim);
    if (!size) return bad("has a dim that is no size");
    place.dims.push_back(*size);
    is_empty |= *size == 0;
    fits = fits && !__builtin_mul_overflow(elements, *size, &elements);
  }
  std::optional<int64_t> bytes = is_empty ? 0 : fits ? StorageBytes(*dtype, elements) : std::nullopt;
  if (!bytes) return bad("is too large");
  std::optional<int64_t> begin, end;
  if (offsets.is_array() && offsets.size() == 2) begin = Number(offsets[0]), end = Number(offsets[1]);
  if (!begin || !end || *begin > *end || static_cast<uint64_t>(*end) > data_bytes)
    return bad("has data_offsets outside the file");
  if (*end - *begin != *bytes) return bad("has another number of bytes than its dtype and shape say");
  place.begin = static_cast<uint64_t>(*begin);
  place.end = static_cast<uint64_t>(*end);
  return place;
}

absl::StatusOr<NamedTensors> Parse(std::string_view file) {
  uint64_t header = 0;
  if (file.size() < sizeof(header)) return absl::InvalidArgumentError("it is too short to have a header");
  std::memcpy(&header, file.data(), sizeof(header));
  if (header > kMaxHeader || header > file.size() - sizeof(header))
    return absl::InvalidArgumentError("its header is longer than the file, or than 16 MiB");
  std::string_view data = file.substr(sizeof(header) + header);
  Json json = Json::parse(file.substr(sizeof(header), header), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("its header is no JSON object");
  std::vector<Place> places;
  for (const auto &[name, row] : json.items()) {
    if (name == kMetadata) continue;
    ASSIGN_OR_RETURN(Place place, PlaceOf(name, row, data.size()));
    places.push_back(std::move(place));
  }
  std::sort(places.begin(), places.end(),
            [](const Place &a, const Place &b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  NamedTensors tensors;
  uint64_t at = 0;
  for (const Place &place : places) {
    if (place.begin != at) return absl::InvalidArgumentError("its tensors overlap or have gaps between them");
    at = place.end;
    const char *bytes = data.data() + place.begin;
    if (place.dtype == DType::kBool && std::any_of(bytes, data.data() + place.end, [](char c) { return c & ~1; }))
      return absl::InvalidArgumentError(absl::StrCat("tensor '", place.name, "' has bools that are neither 0 nor 1"));
    tensors.emplace_back(place.name, Tensor::Copy(place.dtype, place.dims, bytes));
  }
  if (at != data.size()) return absl::InvalidArgumentError("it has bytes behind its tensors");
  return tensors;
}

}  // namespace

absl::StatusOr<std::optional<NamedTensors>> ReadStateFile(const std::string &path) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  if (!file.ok()) return file.status();
  absl::StatusOr<NamedTensors> tensors = Parse((*file)->view());
  if (!tensors.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' is no file of states (safetensors): ", tensors.status().message(), "; name another file"));
  }
  return *std::move(tensors);
}

absl::Status MatchStates(const std::string &path, const NamedTensors &file, NamedTensors *states) {
  auto error = [&](auto... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' ", what..., "; name the file of this model and these sizes, or a new one"));
  };
  for (auto &[name, tensor] : *states) {
    auto found = std::find_if(file.begin(), file.end(), [&](const auto &one) { return one.first == name; });
    if (found == file.end()) return error("has no state '", name, "'");
    if (found->second.dtype() != tensor.dtype() || found->second.dims() != tensor.dims())
      return error("has the state '", name, "' as ", TypeText(found->second.dtype(), found->second.dims()),
                   ", the model's is ", TypeText(tensor.dtype(), tensor.dims()));
    tensor = found->second;
  }
  if (file.size() != states->size()) return error("has ", file.size(), " states, the model has ", states->size());
  return absl::OkStatus();
}

absl::Status WriteStateFile(const std::string &path, const NamedTensors &states) {
  // Wide elements first, so that all stay aligned.
  std::vector<const NamedTensors::value_type *> sorted;
  for (const auto &state : states) sorted.push_back(&state);
  std::sort(sorted.begin(), sorted.end(), [](auto *a, auto *b) {
    int width = BitWidth(a->second.dtype()), other = BitWidth(b->second.dtype());
    return width != other ? width > other : a < b;
  });
  Json json = Json::object();
  uint64_t at = 0;
  for (const auto *state : sorted) {
    const auto &[name, tensor] = *state;
    if (name == kMetadata)
      return absl::InvalidArgumentError(absl::StrCat("a state named '", name, "' cannot be in a file; rename it"));
    json[name] = {
        {"dtype", NameInFile(tensor.dtype())}, {"shape", tensor.dims()}, {"data_offsets", {at, at + tensor.bytes()}}};
    at += tensor.bytes();
  }
  std::string header = json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  header.append((8 - header.size() % 8) % 8, ' ');
  uint64_t length = header.size();
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file.Append({reinterpret_cast<const char *>(&length), sizeof(length)}));
  RETURN_IF_ERROR(file.Append(header));
  for (const auto *state : sorted) RETURN_IF_ERROR(file.Append({state->second.data(), state->second.bytes()}));
  std::vector<AtomicFile> files;
  files.push_back(std::move(file));
  return Commit(std::move(files));
}

}  // namespace ingot::tool
