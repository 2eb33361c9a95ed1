// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>

#include "test/simulation/api_server.h"
#include "test/simulation/faults.h"
#include "test/simulation/timeline.h"
#include "test/simulation/workload.h"

namespace muster::test {

// The kubelets of all nodes: they admit, start and end what is bound, and finish
// what is deleted. On a node that is down nothing happens.
class Kubelets {
 public:
  Kubelets(Timeline& timeline, ApiServer& api, const Faults& faults, Workload& workload);

  void PowerOff(const NodeName& node) { down_.insert(node); }
  void PowerOn(const NodeName& node);
  bool IsDown(const NodeName& node) const { return down_.contains(node); }

 private:
  void Seen(const Pod& pod);
  void Admit(const PodName& name, const PodUid& uid);
  void End(const PodName& name, const PodUid& uid);
  // The pod, if it is still this one and its node is up.
  std::shared_ptr<const Pod> Mine(const PodName& name, const PodUid& uid) const;

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  Workload& workload_;
  std::set<NodeName> down_;
  std::set<PodUid> handled_;   // bound pods
  std::set<PodUid> admitted_;  // that kubelet did not refuse
};

}  // namespace muster::test
