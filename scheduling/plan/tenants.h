// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/node.h"
#include "scheduling/model/tenant.h"

namespace muster {

// Keeps the pods of different tenants off one GPU.
//
// Why:       the memory of a shared GPU is neither divided nor cleared between pods.
//            The device plugin chooses the GPU after the pod is bound, so that
//            only whole nodes can be kept apart.
// Threads:   thread-compatible.
class Tenants {
 public:
  // All outlive this. The ledger is without the promise that a plan is about.
  Tenants(const ClusterView& view, const Ledger& ledger, const TenantOptions& options)
      : view_(view), ledger_(ledger), options_(options) {}

  // Whether pods with these requests have to be of one tenant on the node with
  // all that ask for GPUs that are shared in that way.
  bool Share(const Node& node, const Resources& requests) const;

  // The tenant of some pod that is on the node and shares GPUs there, other
  // than `tenant`; empty if there is none.
  std::string OtherOn(const NodeState& node, absl::string_view tenant) const;
  // The same of a pod that has a seat promised there by anybody but `owner`.
  std::string OtherSeatedOn(const NodeState& node, absl::string_view tenant, const GangId& owner) const;

  // For each node of the view, in order, whether the gang's members can't share GPUs
  // there. A gang of several tenants shares nowhere. Empty if nothing is closed.
  std::vector<bool> ClosedFor(const Gang& gang) const;

 private:
  std::string TenantOfSeat(const Seat& seat) const;

  const ClusterView& view_;
  const Ledger& ledger_;
  const TenantOptions& options_;
};

}  // namespace muster
