// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"

namespace muster::declare {

// What the pod was made for in the end, as "KIND NAMESPACE/NAME": its controller,
// the controller of that, and so on as far as `view` knows them. Empty if nothing
// made the pod.
std::string TopOwner(const ClusterView& view, const Pod& pod);

}  // namespace muster::declare
