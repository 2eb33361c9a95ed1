// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/natural_order.h"

#include "absl/strings/ascii.h"

namespace muster {
namespace {

// Takes the number that `text` begins with, without its leading zeros.
absl::string_view TakeNumber(absl::string_view& text) {
  while (!text.empty() && text.front() == '0') text.remove_prefix(1);
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(text[digits])) ++digits;
  const absl::string_view number = text.substr(0, digits);
  text.remove_prefix(digits);
  return number;
}

}  // namespace

bool NaturallyBefore(absl::string_view a, absl::string_view b) {
  absl::string_view rest_a = a;
  absl::string_view rest_b = b;
  while (!rest_a.empty() && !rest_b.empty()) {
    if (absl::ascii_isdigit(rest_a.front()) && absl::ascii_isdigit(rest_b.front())) {
      const absl::string_view number_a = TakeNumber(rest_a);
      const absl::string_view number_b = TakeNumber(rest_b);
      // Of numbers without leading zeros, the longer is the larger.
      if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
      if (number_a != number_b) return number_a < number_b;
      continue;
    }
    if (rest_a.front() != rest_b.front()) {
      return static_cast<unsigned char>(rest_a.front()) < static_cast<unsigned char>(rest_b.front());
    }
    rest_a.remove_prefix(1);
    rest_b.remove_prefix(1);
  }
  if (rest_a.empty() != rest_b.empty()) return rest_a.empty();
  // Equal but for leading zeros.
  return a < b;
}

}  // namespace muster
