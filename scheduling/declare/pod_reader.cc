// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/pod_reader.h"

#include "absl/strings/str_cat.h"
#include "scheduling/declare/label_number.h"

namespace muster::declare {

std::optional<std::string> PodReader::Text(absl::string_view key) {
  const auto text = TextOf(pod_, key);
  if (!text.ok()) return Problem(text.status().message()), std::nullopt;
  return *text;
}

std::optional<int64_t> PodReader::Number(absl::string_view key, int64_t low, int64_t high) {
  const auto number = NumberOf(pod_, key, low, high);
  if (!number.ok()) return Problem(number.status().message()), std::nullopt;
  return *number;
}

bool PodReader::Flag(absl::string_view key) {
  const std::string text = Text(key).value_or("false");
  if (text != "true" && text != "false") {
    Problem(absl::StrCat(key, " is ", Quoted(text), "; want true or false"));
  }
  return text == "true";
}

void PodReader::Problem(absl::string_view what) {
  if (problem_.empty()) problem_ = absl::StrCat("pod ", pod_.ns, "/", pod_.name, ": ", what);
}

}  // namespace muster::declare
