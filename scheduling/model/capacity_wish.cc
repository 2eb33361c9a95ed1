// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/capacity_wish.h"

namespace muster {

absl::string_view Word(CapacityPolicy policy) {
  switch (policy) {
    case CapacityPolicy::kAny:
      return "any";
    case CapacityPolicy::kSpot:
      return "spot";
    case CapacityPolicy::kOnDemand:
      return "on-demand";
    case CapacityPolicy::kPreferSpot:
      return "prefer-spot";
    case CapacityPolicy::kPreferOnDemand:
      return "prefer-on-demand";
  }
  return "";
}

std::optional<CapacityPolicy> CapacityPolicyNamed(absl::string_view word) {
  for (const CapacityPolicy policy : {CapacityPolicy::kAny, CapacityPolicy::kSpot, CapacityPolicy::kOnDemand,
                                      CapacityPolicy::kPreferSpot, CapacityPolicy::kPreferOnDemand}) {
    if (Word(policy) == word) return policy;
  }
  return std::nullopt;
}

}  // namespace muster
