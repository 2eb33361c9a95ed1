// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"

namespace muster {

// Compares versions by semver 2.0: negative, zero or positive. What is no version comes first.
int CompareVersions(absl::string_view a, absl::string_view b);

}  // namespace muster
