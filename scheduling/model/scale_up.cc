// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/scale_up.h"

namespace muster {

absl::string_view Word(ScaleUpPolicy policy) {
  switch (policy) {
    case ScaleUpPolicy::kNever:
      return "never";
    case ScaleUpPolicy::kUngate:
      return "ungate";
    case ScaleUpPolicy::kProvisioningRequest:
      return "provisioning-request";
  }
  return "";
}

std::optional<ScaleUpPolicy> ScaleUpPolicyNamed(absl::string_view word) {
  for (const ScaleUpPolicy policy :
       {ScaleUpPolicy::kNever, ScaleUpPolicy::kUngate, ScaleUpPolicy::kProvisioningRequest}) {
    if (Word(policy) == word) return policy;
  }
  return std::nullopt;
}

}  // namespace muster
