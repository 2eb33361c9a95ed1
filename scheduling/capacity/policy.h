// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/model/capacity_wish.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/selector.h"

namespace muster {

// What an operator says about pods that say nothing themselves.
struct PolicyOptions {
  bool derive = true;  // false: a pod that nobody speaks for may run anywhere
  std::vector<std::pair<std::string, CapacityPolicy>> namespaces;  // of all pods in them
  std::vector<std::pair<std::string, CapacityPolicy>> kinds;       // of owners, before the table below
  // How long a pod that is on demand by this table alone waits for such a node.
  absl::Duration patience = absl::Minutes(2);

  friend bool operator==(const PolicyOptions&, const PolicyOptions&) = default;
};

// The policy for one pod.
struct PolicyChoice {
  CapacityPolicy policy = CapacityPolicy::kAny;
  // Nobody asked for it: it gives way rather than keep a pod waiting for ever.
  bool derived = false;
  std::string because;  // "muster.dev/capacity", "owner StatefulSet": for explain

  friend bool operator==(const PolicyChoice&, const PolicyChoice&) = default;
};

// The first of these that holds decides:
//
//   muster.dev/capacity on the pod                          as it says
//   node selector or affinity on a label of a class         any: the pod chose
//   made for one node (DaemonSet)                           any: there is no choice
//   muster.dev/capacity on the namespace                    as it says
//   the operator's word on the namespace                    as it says
//   do-not-disrupt, safe-to-evict=false, restrict-scale-down  on-demand, derived
//   safe-to-evict=true, scheduling.cast.ai/lifecycle=spot   prefer-spot, derived
//   tolerates a provider's taint of spot nodes by its key   prefer-spot, derived
//   the only pod of a disruption budget that spares it       on-demand, derived
//   namespace kube-system, priority class system-...        on-demand, derived
//   labels of an ingress controller                         on-demand, derived
//   a member of a gang                                      prefer-spot, derived
//   the operator's word on the kind of owner                as it says, derived
//   owner Deployment, ReplicaSet, Job, Workflow (CI, batch)  prefer-spot, derived
//   owner StatefulSet                                       on-demand, derived
//   all others                                              any
//
// A malformed value on the namespace decides nothing, and is named in `because`.
// `spared_alone`: see ClusterView::IsSparedAlone.
PolicyChoice PolicyOf(const Pod& pod, const Labels& namespace_labels, const PolicyOptions& options,
                      bool spared_alone = false);

// Sets of classes, the one to try first first.
std::vector<ClassSet> ClassesFor(const PolicyChoice& choice);

}  // namespace muster
