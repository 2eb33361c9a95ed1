// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/gang.h"

#include <tuple>

namespace muster {

bool PlannedBefore(const Gang& a, const Gang& b) {
  return std::forward_as_tuple(-int64_t{a.priority}, a.created, a.id) <
         std::forward_as_tuple(-int64_t{b.priority}, b.created, b.id);
}

}  // namespace muster
