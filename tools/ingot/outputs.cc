#include "tools/ingot/outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "graph/interp/npy.h"
#include "graph/io/atomic_file.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

constexpr size_t kMaxStem = 160;  // leaves room for a number and the temporary name
constexpr int64_t kFirst = 6;     // elements that a summary shows

bool Plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string Stem(const std::string &name) {
  std::string stem = name.substr(0, kMaxStem);
  for (char &c : stem) c = Plain(c) ? c : '_';
  return stem.empty() ? "output" : stem;
}

struct Summary {
  double min = 0, max = 0, mean = 0;  // of the numbers that are finite
  int64_t finite = 0, not_finite = 0;
  std::vector<double> first;
};

// Of complex numbers: of their parts.
Summary Summarize(const Tensor &whole) {
  const Tensor tensor = whole.Parts();
  Summary summary;
  double sum = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double x = tensor.GetDouble(i);
    if (i < kFirst) summary.first.push_back(x);
    if (!std::isfinite(x)) {
      ++summary.not_finite;
      continue;
    }
    summary.min = summary.finite == 0 ? x : std::min(summary.min, x);
    summary.max = summary.finite == 0 ? x : std::max(summary.max, x);
    sum += x;
    ++summary.finite;
  }
  summary.mean = summary.finite == 0 ? 0 : sum / static_cast<double>(summary.finite);
  return summary;
}

std::string Number(double x) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.6g", x);
  return text;
}

bool SameFile(const std::string &path, const std::vector<std::string> &files) {
  std::error_code error;
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string &file) { return std::filesystem::equivalent(path, file, error); });
}

}  // namespace

std::vector<std::string> OutputFileNames(const std::vector<Port> &outputs) {
  std::vector<std::string> stems, names;
  for (const Port &port : outputs) stems.push_back(Stem(port.name));
  for (size_t i = 0; i < stems.size(); ++i) {
    // '+' is in no stem: a numbered name meets no other.
    bool unique = std::count(stems.begin(), stems.end(), stems[i]) == 1;
    names.push_back(unique ? stems[i] + ".npy" : absl::StrCat(stems[i], "+", i, ".npy"));
  }
  return names;
}

absl::Status WriteOutputs(const std::string &directory, const std::vector<Port> &ports,
                          const std::vector<Tensor> &tensors, const std::vector<std::string> &inputs) {
  std::vector<std::string> names = OutputFileNames(ports), contents;
  std::vector<std::pair<std::string, std::string_view>> files;
  bool made = mkdir(directory.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot make the directory '", directory, "': ", std::strerror(errno)));
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    contents.push_back(MakeNpyHeader(tensors[i].dtype(), tensors[i].dims()));
    AppendNpyElements(tensors[i], &contents.back());
    names[i] = directory + "/" + names[i];
    if (SameFile(names[i], inputs)) {
      return absl::InvalidArgumentError(absl::StrCat("output '", ports[i].name, "' would replace the input file '",
                                                     names[i], "'; give another --output"));
    }
  }
  for (size_t i = 0; i < tensors.size(); ++i) files.emplace_back(names[i], contents[i]);
  absl::Status status = WriteFiles(files);
  if (!status.ok() && made) rmdir(directory.c_str());
  return status;
}

std::string DescribeOutput(const Port &port, const Tensor &tensor) {
  Port actual{port.name, tensor.dtype(), {}};
  for (int64_t dim : tensor.dims()) actual.dims.push_back(absl::StrCat(dim));
  Summary summary = Summarize(tensor);
  std::string text = absl::StrCat(port.name, "  ", actual.TypeText());
  if (summary.finite > 0) {
    absl::StrAppend(&text, "  min ", Number(summary.min), "  max ", Number(summary.max), "  mean ",
                    Number(summary.mean));
  }
  if (summary.not_finite > 0) absl::StrAppend(&text, "  not finite: ", summary.not_finite);
  for (size_t i = 0; i < summary.first.size(); ++i)
    absl::StrAppend(&text, i == 0 ? "  [" : ", ", Number(summary.first[i]));
  if (!summary.first.empty()) absl::StrAppend(&text, tensor.size() > kFirst ? ", ...]" : "]");
  return text + "\n";
}

nlohmann::ordered_json OutputJson(const Port &port, const Tensor &tensor) {
  Summary summary = Summarize(tensor);
  nlohmann::ordered_json json = {
      {"name", port.name}, {"dtype", std::string(Name(tensor.dtype()))}, {"dims", tensor.dims()}};
  if (summary.finite > 0) json.update({{"min", summary.min}, {"max", summary.max}, {"mean", summary.mean}});
  json["not_finite"] = summary.not_finite;
  json["first"] = summary.first;
  return json;
}

}  // namespace ingot::tool
