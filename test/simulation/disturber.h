// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "test/simulation/api_server.h"
#include "test/simulation/faults.h"
#include "test/simulation/fleet.h"
#include "test/simulation/kubelets.h"
#include "test/simulation/timeline.h"
#include "test/simulation/workload.h"

namespace muster::test {

// What happens to a cluster every few seconds: nodes, processes and the API
// server fail, and come back.
class Disturber {
 public:
  struct World {
    Timeline& timeline;
    ApiServer& api;
    const Faults& faults;
    Fleet& fleet;
    Kubelets& kubelets;
    Workload& workload;
    std::function<void()> restart_scheduler;
  };

  explicit Disturber(World world) : world_(std::move(world)) {}
  void Start();
  // Nothing more happens, and every node is as it was.
  void Stop();

 private:
  void Next();
  void Disturb();
  void LoseNode();
  void RemoveNode(const Node& node);
  void EvictFrom(const NodeName& node);
  void ChangeNode(const std::function<void(Node&)>& change);
  // A node that is as it was made; null if none is.
  const Node* AnyNode();
  void RestoreLater(const Node& node, absl::Duration delay);

  World world_;
  std::vector<Node> nodes_;  // as they were made
  bool stopped_ = false;
};

}  // namespace muster::test
