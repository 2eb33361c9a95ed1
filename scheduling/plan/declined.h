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

// Nodes that kube-scheduler would not give to a shape although nothing that
// Muster models speaks against it (volumes, ports, affinity between pods, ...).
//
// Why:     planning the same seat again would fail again. What was learned is
//          forgotten after a while and whenever the node changes.
// Threads: thread-compatible; a value.
class Declined {
 public:
  void Learn(const PodShape& shape, const NodeName& node, absl::Time until);
  void Forget(const NodeName& node) { by_node_.erase(node); }
  // Forgets what is over at `now`; returns whether anything was.
  bool Expire(absl::Time now);

  bool Holds(const PodShape& shape, const NodeName& node) const;
  bool empty() const { return by_node_.empty(); }

  // The nodes of which something was learned, in order.
  std::vector<NodeName> Nodes() const;

 private:
  struct Lesson {
    PodShape shape;
    absl::Time until;
  };
  absl::btree_map<NodeName, std::vector<Lesson>> by_node_;
};

}  // namespace muster
