// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/tenant.h"

namespace muster {

std::string TenantOf(const Pod& pod, const TenantOptions& options) {
  if (!options.label.empty()) {
    const auto at = pod.labels.find(options.label);
    if (at != pod.labels.end()) return at->second;
  }
  return std::string(pod.name.ns());
}

}  // namespace muster
