// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/device_claim.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/seat.h"

namespace muster {

// One claim that has no devices yet.
struct ClaimDemand {
  std::shared_ptr<const ClaimSpec> spec;
  // What it is called where several pods may have it; empty: it is of one pod alone.
  std::string shared = "";
  // The extended resource that it stands for: it counts on nodes alone that offer
  // this by claims. Empty: it is a claim that the pod names.
  std::string resource = "";
};

// What one pod asks of the devices of its node.
//
// Invariant: pods with the same key ask for the same.
struct DeviceDemand {
  std::vector<ClaimDemand> claims = {};
  // What its claims with devices allow: one term of each list holds.
  std::vector<std::vector<NodeSelectorTerm>> pins = {};
  // Why it can't be placed anywhere, as a cause; empty: it may be.
  std::string missing = "";
  std::string key = "";

  bool empty() const { return claims.empty() && pins.empty() && missing.empty(); }
};

// What the pod, or the pod of the seat, asks for, as of `view`. Claims that have
// their devices ask for none.
//
// Cost: a look where the pod names no claims and no class stands for a resource.
DeviceDemand DemandOf(const ClusterView& view, const Pod& pod);
DeviceDemand DemandOf(const ClusterView& view, const Seat& seat);
// What a pod asks for that has yet to be created, and is like `shape`.
DeviceDemand DemandOf(const ClusterView& view, const PodShape& shape);

// Selectors and fields in what the pending members of the gang ask for that are not
// understood, each as a sentence: kube-scheduler judges them.
std::vector<std::string> NotUnderstood(const ClusterView& view, const Gang& gang);

}  // namespace muster
