// Standard output and standard error. Output is checked once, at the end: a full disk is an error, a reader that has
// gone is not.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "tools/ingot/command.h"

namespace ingot::tool {
namespace {

int output_errno = 0;  // of the first write that failed

}  // namespace

void Print(const std::string &text) {
  if (output_errno == 0 && std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_errno = errno;
}

void PrintJson(const nlohmann::ordered_json &object) {
  // Names come from models and may not be UTF-8; NaN and infinities become null.
  Print(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

absl::Status FinishOutput() {
  if (output_errno == 0 && std::fflush(stdout) != 0) output_errno = errno;
  if (output_errno == 0) return absl::OkStatus();
  if (output_errno == EPIPE) return absl::CancelledError("the reader of standard output has gone");
  return absl::UnavailableError(absl::StrCat("cannot write to standard output: ", std::strerror(output_errno)));
}

void Say(const std::string &text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace ingot::tool
