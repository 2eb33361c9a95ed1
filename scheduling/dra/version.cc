// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/version.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace muster {
namespace {

int CompareIdentifiers(absl::string_view a, absl::string_view b) {
  uint64_t x = 0;
  uint64_t y = 0;
  const bool a_number = absl::SimpleAtoi(a, &x);
  const bool b_number = absl::SimpleAtoi(b, &y);
  if (a_number && b_number) return x < y ? -1 : (x > y ? 1 : 0);
  if (a_number != b_number) return a_number ? -1 : 1;
  return a < b ? -1 : (a > b ? 1 : 0);
}

int CompareLists(absl::string_view a, absl::string_view b) {
  const std::vector<absl::string_view> x = absl::StrSplit(a, '.');
  const std::vector<absl::string_view> y = absl::StrSplit(b, '.');
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (const int order = CompareIdentifiers(x[i], y[i]); order != 0) return order;
  }
  return x.size() < y.size() ? -1 : (x.size() > y.size() ? 1 : 0);
}

}  // namespace

int CompareVersions(absl::string_view a, absl::string_view b) {
  const auto parts = [](absl::string_view version) -> std::pair<absl::string_view, absl::string_view> {
    return absl::StrSplit(version.substr(0, version.find('+')), absl::MaxSplits('-', 1));
  };
  const auto [a_core, a_pre] = parts(a);
  const auto [b_core, b_pre] = parts(b);
  if (const int order = CompareLists(a_core, b_core); order != 0) return order;
  // What comes before a release has something after the dash.
  if (a_pre.empty() != b_pre.empty()) return a_pre.empty() ? 1 : -1;
  return a_pre.empty() ? 0 : CompareLists(a_pre, b_pre);
}

}  // namespace muster
