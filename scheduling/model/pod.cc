// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/pod.h"

#include <algorithm>

namespace muster {

bool Pod::gated_by_others() const {
  return std::any_of(gates.begin(), gates.end(), [](const std::string& gate) { return gate != kOwnGate; });
}

bool Pod::has_own_gate() const { return std::find(gates.begin(), gates.end(), kOwnGate) != gates.end(); }

}  // namespace muster
