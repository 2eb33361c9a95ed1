// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/pod.h"

namespace muster {

// Who may use one GPU at the same time.
struct TenantOptions {
  enum class Separate {
    kShares,     // tenants of time-sliced and MPS shares; MIG instances keep them apart by themselves
    kInstances,  // those of MIG instances as well
    kNobody,
  };

  std::string label =
      "";  // of pods, that names their tenant; where a pod lacks it, and by default: the namespace
  Separate separate = Separate::kShares;

  friend bool operator==(const TenantOptions&, const TenantOptions&) = default;
};

// The pod's tenant.
std::string TenantOf(const Pod& pod, const TenantOptions& options);

}  // namespace muster
