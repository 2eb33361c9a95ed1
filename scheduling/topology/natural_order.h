// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"

namespace muster {

// Whether `a` comes before `b` for a reader: numbers within names count by
// their value, so that rack-2 is before rack-10. A strict total order.
bool NaturallyBefore(absl::string_view a, absl::string_view b);

}  // namespace muster
