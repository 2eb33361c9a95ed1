// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/capacity/reclaims.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"
#include "scheduling/plan/node_worth.h"

namespace muster {

// What keeps one pod off nodes beside their room, and what makes some come last.
struct SoloLimits {
  std::function<bool(const NodeState&)> may_use = nullptr;  // unset: every node
  const Penalties* penalties = nullptr;
  const ClassOptions* class_options = nullptr;
  ClassSet classes = ClassSet::All();

  bool Allow(const Node& node) const;
};

// The node for one pod that asks for devices: among `candidates`, which passed
// kube-scheduler's own filters, those within `limits` with room beside what is
// promised that are not going away; of these the one with the least penalty, then the
// one whose worth for the pods to come falls least; of equals the one that has the
// fewest of the devices free, then the least CPU, then the least memory, then the
// first by name. Null if there is none.
// `worth` may be null; it is brought up to date with `view` and `ledger`.
//
// Cost: O(nodes of the view), and a look through the candidates.
const Node* ChooseForOne(const PodShape& shape, const std::shared_ptr<const ClusterView>& view,
                         const Ledger& ledger, absl::Span<const absl::string_view> candidates,
                         const SoloLimits& limits, NodeWorth* worth);

}  // namespace muster
