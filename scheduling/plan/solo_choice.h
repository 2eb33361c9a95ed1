// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/capacity/reclaims.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"

namespace muster {

// The node for one pod that asks for devices: among `candidates`, which passed
// kube-scheduler's own filters, those that `may_use` holds for, with room beside
// what is promised, that are not going away and of one of `classes`; of these the one with
// the least penalty, then the one that has the fewest of the devices free, then the
// least CPU, then the least memory, then the first by name. Null if there is none.
//
// Cost: O(nodes of the view), and a look through the candidates.
const Node* ChooseForOne(const PodShape& shape, const ClusterView& view, const Ledger& ledger,
                         absl::Span<const absl::string_view> candidates,
                         const std::function<bool(const NodeState&)>& may_use,
                         const Penalties& penalties = {}, const ClassOptions& options = {},
                         ClassSet classes = ClassSet::All());

}  // namespace muster
