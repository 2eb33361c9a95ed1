// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// The word that the fewest changed, missing or surplus letters turn `typed`
// into; the first of several. Upper and lower case count as equal.
// REQUIRES: words is not empty.
std::string Nearest(absl::string_view typed, const std::vector<std::string>& words);

}  // namespace muster
