// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"

namespace muster {

// Nodes that kube-scheduler would not give to a shape, or on which kubelet did
// not admit it, although nothing that Muster models speaks against it (volumes,
// devices that are not healthy, ...).
//
// Why:     planning the same seat again would fail again. What was learned is
//          forgotten after a while and whenever the node changes; what
//          kube-scheduler said also whenever its pods do.
// Threads: thread-compatible; a value.
class Declined {
 public:
  // `by_kubelet`: its reason for not admitting a pod; empty where kube-scheduler
  // declined.
  void Learn(const PodShape& shape, const NodeName& node, absl::Time until,
             const std::string& by_kubelet = "");
  // The node changed, or only its pods did. Returns whether anything is forgotten.
  bool NodeChanged(const NodeName& node) { return by_node_.erase(node) > 0; }
  bool PodsChanged(const NodeName& node);
  // Forgets what is over at `now`; returns whether anything was.
  bool Expire(absl::Time now);

  bool Holds(const PodShape& shape, const NodeName& node) const { return !Why(shape, node).empty(); }
  // As a clause, such as "declined by kube-scheduler". Empty if nothing was learned.
  std::string Why(const PodShape& shape, const NodeName& node) const;
  bool empty() const { return by_node_.empty(); }

  // The nodes of which something was learned, in order.
  std::vector<NodeName> Nodes() const;

 private:
  struct Lesson {
    PodShape shape;
    absl::Time until;
    std::string by_kubelet;
  };
  absl::btree_map<NodeName, std::vector<Lesson>> by_node_;
};

}  // namespace muster
