// Dims of graph inputs. ONNX lets a dim be a number, any text, or nothing; Ingot wants expressions over symbols.
#include <set>

#include "absl/strings/ascii.h"
#include "graph/import/onnx/importer.h"

namespace ingot::onnx_import {
namespace {

using OnnxDim = onnx::TensorShapeProto::Dimension;

bool IsBareName(const OnnxDim &dim) { return dim.has_dim_param() && Dim::IsSymbolName(dim.dim_param()); }

// Any text as a symbol name.
std::string Sanitized(const std::string &text) {
  std::string name;
  for (char c : text.substr(0, 150))
    name += absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ? c : '_';
  if (name.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(name[0]))) name = "_" + name;
  return Dim::IsSymbolName(name) ? name : name + "_";
}

class Namer {
 public:
  explicit Namer(std::set<std::string> taken) : taken_(std::move(taken)) {}

  // One symbol per text; nullptr-like empty texts are handled by the caller.
  Dim SymbolFor(const std::string &text) {
    auto found = symbols_.find(text);
    if (found != symbols_.end()) return Dim::Symbol(found->second);
    std::string wanted = Sanitized(text), name = wanted;
    for (int i = 2; !taken_.insert(name).second; ++i) name = absl::StrCat(wanted, "_", i);
    symbols_[text] = name;
    return Dim::Symbol(name);
  }
  // Original texts by the symbol that took their place.
  const std::map<std::string, std::string> &symbols() const { return symbols_; }

 private:
  std::set<std::string> taken_;
  std::map<std::string, std::string> symbols_;
};

// An expression such as "2*seq" over symbols that stand alone in some input.
std::optional<Dim> AsExpression(const std::string &text, const std::set<std::string> &bare) {
  if (text.size() > 100) return std::nullopt;
  absl::StatusOr<Dim> parsed = Dim::Parse(text);
  if (!parsed.ok() || !IsSmall(*parsed) || parsed->constant().value_or(0) < 0) return std::nullopt;
  std::vector<std::string> names;
  parsed->CollectSymbols(names);
  for (const std::string &name : names) {
    if (!bare.count(name)) return std::nullopt;
  }
  return *parsed;
}

absl::StatusOr<Dim> ToDim(const OnnxDim &dim, const std::string &input, int axis, const std::set<std::string> &bare,
                          Namer &namer) {
  // Exporters write -1 and 0 for sizes that they do not know.
  bool is_unknown = dim.has_dim_value() && (dim.dim_value() == -1 || dim.dim_value() == 0);
  if (dim.has_dim_value() && !is_unknown) {
    if (dim.dim_value() < 0) {
      return absl::InvalidArgumentError(absl::StrCat("input '", input, "': axis ", axis, " has the size ",
                                                     dim.dim_value(),
                                                     "; sizes are not negative (-1 stands for an unknown one)"));
    }
    return Dim(dim.dim_value());
  }
  if (IsBareName(dim)) return Dim::Symbol(dim.dim_param());
  if (!dim.has_dim_param() || dim.dim_param().empty() || dim.dim_param() == "?")
    return namer.SymbolFor(absl::StrCat(input, "_dim", axis));
  if (std::optional<Dim> expression = AsExpression(dim.dim_param(), bare)) return *expression;
  return namer.SymbolFor(dim.dim_param());
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Dims>>> InputDims(const std::vector<const onnx::ValueInfoProto *> &inputs,
                                                           const ImportOptions &options) {
  std::set<std::string> bare;
  for (const onnx::ValueInfoProto *input : inputs) {
    for (const OnnxDim &dim : input->type().tensor_type().shape().dim()) {
      if (IsBareName(dim)) bare.insert(dim.dim_param());
    }
  }
  Namer namer(bare);
  std::vector<std::optional<Dims>> result;
  for (const onnx::ValueInfoProto *input : inputs) {
    result.emplace_back();
    if (!input->type().tensor_type().has_shape()) continue;
    Dims dims;
    for (const OnnxDim &dim : input->type().tensor_type().shape().dim()) {
      INGOT_ASSIGN_OR_RETURN(Dim value, ToDim(dim, input->name(), static_cast<int>(dims.size()), bare, namer));
      dims.push_back(std::move(value));
      if (dims.size() > kMaxRank) {
        return absl::InvalidArgumentError(absl::StrCat("input '", input->name(), "' has rank ",
                                                       input->type().tensor_type().shape().dim_size(), "; at most ",
                                                       kMaxRank, " is supported"));
      }
    }
    result.back() = std::move(dims);
  }
  // Overrides, by symbol or by the model's text.
  std::map<std::string, Dim> overrides;
  std::set<std::string> known = bare;
  for (const auto &[text, name] : namer.symbols()) known.insert(name);
  for (const auto &[key, value] : options.dims) {
    auto original = namer.symbols().find(key);
    std::string name = original == namer.symbols().end() ? key : original->second;
    if (!known.count(name)) {
      std::string names;
      for (const std::string &symbol : known) absl::StrAppend(&names, names.empty() ? "" : ", ", symbol);
      return absl::InvalidArgumentError(
          absl::StrCat("there is no dim '", key, "' to set; the model's dims are: ", names.empty() ? "none" : names));
    }
    if (value.constant().value_or(0) < 0)
      return absl::InvalidArgumentError(absl::StrCat("the dim '", key, "' cannot be ", value.ToString()));
    overrides.emplace(name, value);
  }
  if (overrides.empty()) return result;
  for (std::optional<Dims> &dims : result) {
    if (!dims) continue;
    for (Dim &dim : *dims) {
      dim = dim.Substitute([&](const std::string &name) {
        auto found = overrides.find(name);
        return found == overrides.end() ? std::nullopt : std::optional<Dim>(found->second);
      });
    }
  }
  return result;
}

}  // namespace ingot::onnx_import
