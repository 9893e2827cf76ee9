#include "compiler/emit/weights.h"

#include <elf.h>

#include <cstring>

#include "compiler/emit/program_emitter.h"
#include "llvm/Support/xxhash.h"

namespace ingot::compiler {
namespace {

// Collects bytes and hands them on in large pieces.
class Writer {
 public:
  explicit Writer(const ByteSink &sink) : sink_(sink) { buffer_.reserve(kPiece); }
  absl::Status Write(const char *data, size_t bytes) {
    written_ += bytes;
    if (bytes >= kPiece) {
      if (absl::Status status = Flush(); !status.ok()) return status;
      return sink_({data, bytes});
    }
    buffer_.append(data, bytes);
    return buffer_.size() >= kPiece ? Flush() : absl::OkStatus();
  }
  absl::Status PadTo(uint64_t offset) {
    static const char zeros[INGOT_ALIGNMENT] = {};
    return offset > written_ ? Write(zeros, offset - written_) : absl::OkStatus();
  }
  absl::Status Flush() {
    if (buffer_.empty()) return absl::OkStatus();
    absl::Status status = sink_(buffer_);
    buffer_.clear();
    return status;
  }

 private:
  static constexpr size_t kPiece = 1 << 20;
  const ByteSink &sink_;
  std::string buffer_;
  uint64_t written_ = 0;
};

// Panels [ceil(n / width)][k][width] of the matrix view, zeros beyond column n.
absl::Status WritePanels(const WeightItem &item, const Tensor &tensor, Writer &writer) {
  size_t element = static_cast<size_t>(ElementBytes(tensor.dtype()));
  std::vector<int64_t> dims, strides;
  for (const Dim &dim : item.matrix.dims) dims.push_back(*dim.constant());
  for (const Dim &stride : item.matrix.strides) strides.push_back(stride.constant().value_or(0));
  int64_t width = item.panel_width, columns = dims.back(), column_stride = strides.back(), depth = 1;
  for (size_t i = 0; i + 1 < dims.size(); ++i) depth *= dims[i];
  // Where each depth index lies.
  std::vector<int64_t> rows(static_cast<size_t>(depth), *item.matrix.offset.constant());
  for (int64_t flat = 0; flat < depth; ++flat) {
    int64_t rest = flat;
    for (size_t i = dims.size() - 1; i-- > 0;) {
      rows[static_cast<size_t>(flat)] += rest % dims[i] * strides[i];
      rest /= dims[i];
    }
  }
  std::string panel(static_cast<size_t>(depth * width) * element, '\0');
  for (int64_t first = 0; first < columns; first += width) {
    std::fill(panel.begin(), panel.end(), '\0');
    int64_t valid = std::min(width, columns - first);
    for (int64_t flat = 0; flat < depth; ++flat) {
      const char *from =
          tensor.data() + (rows[static_cast<size_t>(flat)] + first * column_stride) * static_cast<int64_t>(element);
      char *to = panel.data() + static_cast<size_t>(flat * width) * element;
      if (column_stride == 1)
        std::memcpy(to, from, static_cast<size_t>(valid) * element);
      else
        for (int64_t j = 0; j < valid; ++j)
          std::memcpy(to + static_cast<size_t>(j) * element, from + j * column_stride * static_cast<int64_t>(element),
                      element);
    }
    if (absl::Status status = writer.Write(panel.data(), panel.size()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StreamWeights(const ProgramPlan &plan, const std::vector<Tensor> &constants, const ByteSink &sink) {
  Writer writer(sink);
  for (const WeightItem &item : plan.weights) {
    const Tensor &tensor = constants[static_cast<size_t>(item.constant)];
    absl::Status status = writer.PadTo(item.offset);
    if (status.ok())
      status = item.panel_width > 0 ? WritePanels(item, tensor, writer) : writer.Write(tensor.data(), tensor.bytes());
    if (!status.ok()) return status;
  }
  return writer.Flush();
}

uint64_t HashWeights(const ProgramPlan &plan, const std::vector<Tensor> &constants) {
  uint64_t hash = plan.weights_bytes;
  (void)StreamWeights(plan, constants, [&](std::string_view piece) {
    uint64_t part = llvm::xxh3_64bits(llvm::StringRef(piece.data(), piece.size()));
    hash = (hash ^ part) * 0x9e3779b97f4a7c15ull + (hash >> 29);
    return absl::OkStatus();
  });
  return hash;
}

absl::Status PlaceWeightsSection(std::string &object, uint64_t offset) {
  auto *header = reinterpret_cast<Elf64_Ehdr *>(object.data());
  auto *sections = reinterpret_cast<Elf64_Shdr *>(object.data() + header->e_shoff);
  const char *names = object.data() + sections[header->e_shstrndx].sh_offset;
  for (int i = 0; i < header->e_shnum; ++i) {
    if (std::strcmp(names + sections[i].sh_name, kWeightsSection) != 0) continue;
    sections[i].sh_type = SHT_PROGBITS;
    sections[i].sh_offset = offset;
    return absl::OkStatus();
  }
  return absl::InternalError("the object has no section for weights");
}

}  // namespace ingot::compiler
