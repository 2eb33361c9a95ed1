// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/seat.h"

namespace muster {

// The labels of namespaces, each looked up once.
class NamespaceLabels {
 public:
  explicit NamespaceLabels(const ClusterView& view) : view_(&view) {}
  const Labels& Of(const Pod& pod);

 private:
  const ClusterView* view_;
  absl::btree_map<std::string, Labels, std::less<>> known_;
};

// Whether the term means pods of the pod's namespace, and the pod itself.
bool MeansNamespace(const PodAffinityTerm& term, const Pod& pod, NamespaceLabels& namespaces);
bool Means(const PodAffinityTerm& term, const Pod& pod, NamespaceLabels& namespaces);

// Whether a plan for `members` needs PodRules at all: a member has terms of its
// own, or a pod that is bound, promised a seat or `kept` keeps a member away by its
// anti-affinity.
//
// Cost: O(members) where no pod of the cluster has a required anti-affinity,
//       else also O(such pods).
bool NeedsPodRules(const ClusterView& view, const Ledger& ledger, const std::vector<Seat>& kept,
                   const std::vector<const Pod*>& members);

// The distinct terms of required anti-affinity of pods other than `members`
// that are bound, promised a seat or `kept`, as far as they mean a member's namespace.
// Valid as long as the view.
std::vector<const PodAffinityTerm*> RepellingTerms(const ClusterView& view, const Ledger& ledger,
                                                   const std::vector<Seat>& kept,
                                                   const std::vector<const Pod*>& members,
                                                   NamespaceLabels& namespaces);

// Calls visit(pod, node name) for each pod that has a seat of the ledger or is
// `kept` and not yet bound.
template <typename Visit>
void ForEachSeated(const ClusterView& view, const Ledger& ledger, const std::vector<Seat>& kept,
                   Visit visit) {
  const auto each = [&](const Seat& seat) {
    const auto pod = view.FindPod(seat.pod);
    if (pod != nullptr && pod->uid == seat.uid && pod->pending()) visit(*pod, seat.node);
  };
  ledger.promises().ForEach([&](const GangId&, const std::shared_ptr<const Promise>& promise) {
    for (const Seat& seat : promise->seats) each(seat);
  });
  for (const Seat& seat : kept) each(seat);
}

}  // namespace muster
