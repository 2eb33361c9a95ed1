// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/cluster_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

bool TakesRoom(const Pod& pod) { return pod.bound() && !pod.finished(); }

// Changes to a member that can make its gang placeable, or no longer so. That
// it was bound is none: it had its seat before.
bool SameForPlanning(const Pod& a, const Pod& b) {
  return a.uid == b.uid && a.shape == b.shape && (b.bound() || a.labels == b.labels) &&
         a.gated_by_others() == b.gated_by_others() && a.finished() == b.finished() &&
         a.deleting == b.deleting && a.membership == b.membership && a.priority == b.priority &&
         a.capacity == b.capacity && a.scheduler_name == b.scheduler_name;
}

bool Repels(const Pod& pod) {
  return !pod.finished() && pod.shape.terms.has_value() && !pod.shape.terms->anti_affinity.empty();
}

bool LooksAtOthers(const Pod& pod) {
  return pod.pending() && pod.shape.terms.has_value() &&
         !(pod.shape.terms->affinity.empty() && pod.shape.terms->spread.empty());
}

// REQUIRES: the pod is a member of a gang.
bool WantsToBeAlone(const Pod& pod) {
  const std::vector<SubgroupSpec>& subgroups = pod.membership->subgroups;
  return !pod.finished() && (!pod.membership->topology.exclusive.empty() ||
                             std::any_of(subgroups.begin(), subgroups.end(), [](const SubgroupSpec& spec) {
                               return !spec.topology.exclusive.empty();
                             }));
}

// Whether a pod that waits for others, or must keep even with them, may see it.
bool NewToOthers(const Pod* old, const Pod& next) {
  return TakesRoom(next) && (old == nullptr || !TakesRoom(*old) || old->labels != next.labels);
}

}  // namespace

WorkloadId WorkloadOf(const Pod& pod) {
  const bool alone = pod.owner.kind.empty();
  return WorkloadId(pod.name.ns(), absl::StrCat(alone ? absl::string_view("Pod") : pod.owner.kind, ":",
                                                alone ? pod.name.name() : pod.owner.name));
}

void ClusterView::Upsert(Node node) {
  node.price_change = PriceChangeOf(node.labels);
  OfferDevices(node);
  const NodeState* old = nodes_.Find(node.name);
  if (old != nullptr && old->node != nullptr && *old->node == node) return;
  if (old == nullptr || old->node == nullptr || old->node->labels != node.labels) FabricChanged();
  NodeState next = old == nullptr ? NodeState{} : *old;
  const NodeName name = node.name;
  next.node = std::make_shared<const Node>(std::move(node));
  next.free = next.node->allocatable;
  for (const auto& pod : next.pods) next.free -= pod->shape.requests;
  if (next.node->departure.has_value()) {
    departing_.Set(name, next.node);
  } else {
    departing_.Erase(name);
  }
  nodes_.Set(name, std::move(next));
  ++growth_;
}

void ClusterView::RemoveNode(const NodeName& name) {
  const NodeState* old = nodes_.Find(name);
  if (old == nullptr) return;
  ++growth_;
  departing_.Erase(name);
  if (old->node != nullptr) FabricChanged();
  if (old->pods.empty()) {
    nodes_.Erase(name);
    return;
  }
  NodeState next = *old;
  next.node = nullptr;
  next.free = Resources();
  for (const auto& pod : next.pods) next.free -= pod->shape.requests;
  nodes_.Set(name, std::move(next));
}

void ClusterView::Upsert(Pod pod) {
  const std::shared_ptr<const Pod> old = FindPod(pod.name);
  const auto next = std::make_shared<const Pod>(std::move(pod));
  if (old != nullptr) {
    if (TakesRoom(*old)) Unseat(*old);
    if (old->membership.has_value()) Leave(*old);
    CountTerms(old, -1);
    IndexMixed(old, false);
    IndexForScaleUp(old, false);
    if (TakesRoom(*old)) IndexClaiming(old, false);
    if (TakesRoom(*old) &&
        !(TakesRoom(*next) && next->node == old->node && next->shape.requests == old->shape.requests)) {
      ++growth_;
    }
  }
  pods_.Set(next->name, next);
  if (!next->rejected.empty()) {
    rejected_.Set(next->name, next);
  } else if (old != nullptr) {
    rejected_.Erase(next->name);
  }
  if (TakesRoom(*next)) Seat(next);
  if (TakesRoom(*next)) IndexClaiming(next, true);
  CountTerms(next, +1);
  IndexMixed(next, true);
  IndexForScaleUp(next, true);
  if (attentive_ > 0 && NewToOthers(old.get(), *next)) ++growth_;
  if (next->membership.has_value()) {
    Join(next);
    // Once a member has started, the pending ones are placed one by one.
    const bool started =
        old != nullptr && old->started != next->started && pending_gangs_.Find(GangOf(*next)) != nullptr;
    if (old == nullptr || started || !SameForPlanning(*old, *next)) ++growth_;
  }
  RegroupMembers(old.get(), next.get());
}

void ClusterView::RemovePod(const PodName& name) {
  const std::shared_ptr<const Pod> old = FindPod(name);
  if (old == nullptr) return;
  if (TakesRoom(*old)) {
    Unseat(*old);
    IndexClaiming(old, false);
    ++growth_;
  }
  if (old->membership.has_value()) {
    Leave(*old);
    ++growth_;
  }
  CountTerms(old, -1);
  IndexMixed(old, false);
  rejected_.Erase(name);
  IndexForScaleUp(old, false);
  pods_.Erase(name);
  RegroupMembers(old.get(), nullptr);
}

void ClusterView::Upsert(GangDeclaration declaration) {
  const DeclarationKey key{declaration.declared_by, declaration.gang};
  const GangDeclaration* old = FindDeclaration(key);
  if (old != nullptr && *old == declaration) return;
  declarations_.Set(key, std::make_shared<const GangDeclaration>(std::move(declaration)));
  ++growth_;
  Regroup(key, false);
}

void ClusterView::RemoveDeclaration(const DeclarationKey& key) {
  if (!declarations_.Erase(key)) return;
  ++growth_;
  Regroup(key, false);
}

void ClusterView::Upsert(TopologyObject object) {
  const TopologyKey key = object.key;
  const auto* old = topology_objects_.Find(key);
  if (old != nullptr && **old == object) return;
  topology_objects_.Set(key, std::make_shared<const TopologyObject>(std::move(object)));
  ++growth_;
  FabricChanged();
}

void ClusterView::RemoveTopologyObject(const TopologyKey& key) {
  if (!topology_objects_.Erase(key)) return;
  ++growth_;
  FabricChanged();
}

void ClusterView::Upsert(Namespace ns) {
  const Labels* old = namespaces_.Find(ns.name);
  if (old != nullptr && *old == ns.labels) return;
  namespaces_.Set(ns.name, std::move(ns.labels));
  if (attentive_ > 0 || !repelling_.empty()) ++growth_;
}

void ClusterView::RemoveNamespace(const std::string& name) { namespaces_.Erase(name); }

const NodeState* ClusterView::FindNode(const NodeName& name) const {
  const NodeState* state = nodes_.Find(name);
  return state != nullptr && state->node != nullptr ? state : nullptr;
}

std::shared_ptr<const Pod> ClusterView::FindPod(const PodName& name) const {
  const auto* pod = pods_.Find(name);
  return pod == nullptr ? nullptr : *pod;
}

const ClusterView::Members* ClusterView::FindMembers(const GangId& gang) const { return gangs_.Find(gang); }

// Nothing is planned by it.
void ClusterView::SetOwner(const DeclarationKey& object, Owner owner) {
  const Owner* old = owners_.Find(object);
  if (old == nullptr || *old != owner) owners_.Set(object, std::move(owner));
}

void ClusterView::RemoveOwner(const DeclarationKey& object) { owners_.Erase(object); }

const GangDeclaration* ClusterView::FindDeclaration(const DeclarationKey& key) const {
  const auto* declaration = declarations_.Find(key);
  return declaration == nullptr ? nullptr : declaration->get();
}

Labels ClusterView::NamespaceLabels(const std::string& name) const {
  const Labels* labels = namespaces_.Find(name);
  return labels == nullptr ? Labels{{"kubernetes.io/metadata.name", name}} : *labels;
}

void ClusterView::Seat(const std::shared_ptr<const Pod>& pod) {
  const NodeState* old = nodes_.Find(pod->node);
  NodeState next = old == nullptr ? NodeState{} : *old;
  next.free -= pod->shape.requests;
  const auto at = std::lower_bound(next.pods.begin(), next.pods.end(), pod->name,
                                   [](const auto& p, const PodName& name) { return p->name < name; });
  next.pods.insert(at, pod);
  nodes_.Set(pod->node, std::move(next));
}

void ClusterView::Unseat(const Pod& pod) {
  NodeState next = *nodes_.Find(pod.node);
  next.free += pod.shape.requests;
  std::erase_if(next.pods, [&](const auto& p) { return p->name == pod.name; });
  if (next.pods.empty() && next.node == nullptr) {
    nodes_.Erase(pod.node);
  } else {
    nodes_.Set(pod.node, std::move(next));
  }
}

void ClusterView::Join(const std::shared_ptr<const Pod>& pod) {
  const GangId& gang = GangOf(*pod);
  const Members* old = gangs_.Find(gang);
  Members next = old == nullptr ? Members{} : *old;
  next.Set(pod->name, pod);
  gangs_.Set(gang, std::move(next));
  CountMember(+1, gang, *pod);
}

void ClusterView::Leave(const Pod& pod) {
  const GangId& gang = GangOf(pod);
  Members next = *gangs_.Find(gang);
  next.Erase(pod.name);
  if (next.empty()) {
    gangs_.Erase(gang);
  } else {
    gangs_.Set(gang, std::move(next));
  }
  CountMember(-1, gang, pod);
}

void ClusterView::CountMember(int64_t change, const GangId& gang, const Pod& pod) {
  if (pod.pending()) Add(change, gang, pending_gangs_);
  if (WantsToBeAlone(pod)) Add(change, gang, exclusive_gangs_);
}

void ClusterView::Add(int64_t change, const GangId& gang, PersistentMap<GangId, int64_t>& counts) {
  const int64_t* old = counts.Find(gang);
  const int64_t next = (old == nullptr ? 0 : *old) + change;
  if (next == 0) {
    counts.Erase(gang);
  } else {
    counts.Set(gang, next);
  }
}

void ClusterView::IndexMixed(const std::shared_ptr<const Pod>& pod, bool comes) {
  if (!pod->capacity.mix.has_value() || pod->membership.has_value()) return;
  const WorkloadId workload = WorkloadOf(*pod);
  const Members* old = mixed_.Find(workload);
  Members next = old == nullptr ? Members{} : *old;
  if (comes) {
    next.Set(pod->name, pod);
  } else {
    next.Erase(pod->name);
  }
  if (next.empty()) {
    mixed_.Erase(workload);
  } else {
    mixed_.Set(workload, std::move(next));
  }
}

void ClusterView::CountTerms(const std::shared_ptr<const Pod>& pod, int64_t change) {
  if (LooksAtOthers(*pod)) attentive_ += change;
  if (!Repels(*pod)) return;
  if (change > 0) {
    repelling_.Set(pod->name, pod);
  } else {
    repelling_.Erase(pod->name);
  }
}

std::map<GpuProblem::Kind, int64_t> CountGpuProblems(const ClusterView& view) {
  std::map<GpuProblem::Kind, int64_t> count;
  view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    if (!ProblemOfDevices(view, name).empty()) ++count[GpuProblem::Kind::kPlacements];
    if (!state.node->gpus.has_value()) return;
    std::set<GpuProblem::Kind> kinds;
    for (const GpuProblem& problem : state.node->gpus->problems) kinds.insert(problem.kind);
    for (const GpuProblem::Kind kind : kinds) ++count[kind];
  });
  return count;
}

}  // namespace muster
