// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/dra/device_rooms.h"
#include "scheduling/ledger/device_loads.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"
#include "scheduling/plan/gpu_rules.h"
#include "scheduling/plan/tenants.h"

namespace muster {

// What keeps one pod that is planned by itself off nodes that kube-scheduler
// finds fit.
//
// Threads: thread-compatible.
class SoloRules {
 public:
  // All outlive this. `owner` is of the promise that the pod may have already.
  SoloRules(const Pod& pod, const GangId& owner, const ClusterView& view, const Ledger& ledger,
            const TenantOptions& tenants);

  // REQUIRES: state.node is not null, here and below.
  bool Allow(const NodeState& state) { return Against(state).empty(); }
  // The first rule against the node, as a clause; empty if none is.
  std::string Against(const NodeState& state);

  // How many of all nodes that offer what the pod asks for each rule keeps it off,
  // as a clause; empty if none does. What is free there does not matter: the text
  // changes with the nodes and with who shares their GPUs, not with every pod.
  std::string Survey();

 private:
  const Pod& pod_;
  const GangId& owner_;
  const ClusterView& view_;
  const Tenants tenants_;
  const std::string tenant_;
  GpuRules gpus_;
  const Ledger& ledger_;
  DeviceDemand demand_;
  DeviceRooms rooms_;
};

}  // namespace muster
