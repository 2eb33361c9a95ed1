// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"

// Pods without a gang: gangs of one.
namespace muster {

// Whether `pod` belongs to a gang that is placed all or none. A PodGroup with
// a policy that asks for no gang leaves its pods on their own.
bool InGang(const ClusterView& view, const Pod& pod);

// The owner of the promise that a pod without a gang gets at its bind call.
// No gang can have this id: names of objects hold no colon.
GangId SoloOwner(const PodName& pod);

}  // namespace muster
