// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/capacity_wish.h"

namespace muster::declare {

// What the pod's labels and annotations say about capacity:
//
//   muster.dev/capacity             any, spot, on-demand, prefer-spot or prefer-on-demand
//   muster.dev/capacity-mix         "base=3,percent=50,count=gpus,prefer,fallback=10m": of
//                                   the pods (or GPUs) of this workload the first 3 on
//                                   demand, and half of those above. `strict` is the default
//   muster.dev/capacity-leaders     of a gang: on-demand, or same (as the others)
//   muster.dev/scale-up             of a gang that does not fit: never, ungate or
//                                   provisioning-request
//   muster.dev/when-leaving         of a member whose node is about to go: move or
//                                   report
//   muster.dev/run-time             how long the work takes, e.g. "8h"
//   muster.dev/checkpoint-interval  how often it saves what it has done
//   muster.dev/restart-time         how long it needs to go on from there
//   cluster-autoscaler.kubernetes.io/safe-to-evict, karpenter.sh/do-not-disrupt,
//   spotinst.io/restrict-scale-down, scheduling.cast.ai/lifecycle, and labels of
//   ingress controllers: what others have said already
//
// Gangs that are malformed here are refused, and so are single pods: `problem`.
CapacityWish ReadCapacityWish(const PodFacts& pod);

}  // namespace muster::declare
