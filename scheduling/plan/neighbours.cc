// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/neighbours.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"

namespace muster {
namespace {

// The pods with a required anti-affinity that have or will have a node.
template <typename Visit>
void ForEachRepelling(const ClusterView& view, const Ledger& ledger, const std::vector<Seat>& kept,
                      Visit visit) {
  absl::flat_hash_set<PodUid> seated;
  view.repelling().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    if (!pod->bound()) seated.insert(pod->uid);
  });
  if (!seated.empty()) {
    absl::flat_hash_set<PodUid> promised;
    ForEachSeated(view, ledger, kept, [&](const Pod& pod, const NodeName&) {
      if (seated.contains(pod.uid)) promised.insert(pod.uid);
    });
    seated = std::move(promised);
  }
  view.repelling().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    if (pod->bound() ? view.FindNode(pod->node) != nullptr : seated.contains(pod->uid)) visit(*pod);
  });
}

}  // namespace

const Labels& NamespaceLabels::Of(const Pod& pod) {
  const auto at = known_.find(pod.name.ns());
  if (at != known_.end()) return at->second;
  const std::string ns(pod.name.ns());
  return known_.emplace(ns, view_->NamespaceLabels(ns)).first->second;
}

bool MeansNamespace(const PodAffinityTerm& term, const Pod& pod, NamespaceLabels& namespaces) {
  return term.namespaces.contains(pod.name.ns()) ||
         (term.namespace_selector.has_value() && Matches(term.namespace_selector, namespaces.Of(pod)));
}

bool Means(const PodAffinityTerm& term, const Pod& pod, NamespaceLabels& namespaces) {
  return MeansNamespace(term, pod, namespaces) && Matches(term.selector, pod.labels);
}

std::vector<const PodAffinityTerm*> RepellingTerms(const ClusterView& view, const Ledger& ledger,
                                                   const std::vector<Seat>& kept,
                                                   const std::vector<const Pod*>& members,
                                                   NamespaceLabels& namespaces) {
  std::vector<const PodAffinityTerm*> terms;
  if (view.repelling().empty()) return terms;
  // One member for each namespace.
  std::vector<const Pod*> samples;
  for (const Pod* member : members) {
    if (absl::c_none_of(samples, [&](const Pod* s) { return s->name.ns() == member->name.ns(); })) {
      samples.push_back(member);
    }
  }
  ForEachRepelling(view, ledger, kept, [&](const Pod& pod) {
    for (const PodAffinityTerm& term : pod.shape.terms->anti_affinity) {
      const bool meant = absl::c_any_of(
          samples, [&](const Pod* sample) { return MeansNamespace(term, *sample, namespaces); });
      if (meant && absl::c_none_of(terms, [&](const auto* known) { return *known == term; })) {
        terms.push_back(&term);
      }
    }
  });
  return terms;
}

bool NeedsPodRules(const ClusterView& view, const Ledger& ledger, const std::vector<Seat>& kept,
                   const std::vector<const Pod*>& members) {
  if (absl::c_any_of(members, [](const Pod* member) { return member->shape.terms.has_value(); })) return true;
  NamespaceLabels namespaces(view);
  const auto terms = RepellingTerms(view, ledger, kept, members, namespaces);
  return absl::c_any_of(terms, [&](const PodAffinityTerm* term) {
    return absl::c_any_of(members, [&](const Pod* member) { return Means(*term, *member, namespaces); });
  });
}

}  // namespace muster
