// SPDX-License-Identifier: Apache-2.0
// Gangs that do not fit: who buys nodes for them, and what makes way.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "scheduling/capacity/scale_up_candidates.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/placeholders.h"
#include "scheduling/engine/solo.h"
#include "scheduling/ledger/device_loads.h"

namespace muster {
namespace {

bool IsOverdrawn(const Resources& requests, const Resources& free) {
  const std::vector<Shortage> lacks = Shortages(requests, free);
  return std::any_of(lacks.begin(), lacks.end(), [](const Shortage& lack) { return lack.free < 0; });
}

// What a gated pod is to require, so that its nodes are of these classes. Narrowing
// must not change how many terms a pod has that has some.
// Source: ValidatePodUpdate of Kubernetes 1.37, of gated pods.
std::vector<NodeSelectorTerm> NarrowedWhileGated(const ClusterView& view, const Pod& pod, ClassSet classes,
                                                 const ClassOptions& options) {
  if (classes == ClassSet::All()) return {};
  const auto& own = pod.shape.required_affinity;
  if (!own.has_value() || own->empty()) return TermsOf(classes, options);
  return Narrowed(*own, {OneTermOf(view, classes, options)});
}

}  // namespace

const ClusterView* Engine::Room() const {
  if (room_of_ != view_) {
    room_ = WithoutPlaceholders(*view_, options_.scale_up.placeholders_below);
    room_of_ = view_;
  }
  return room_.get();
}

bool Engine::HasRoom(const Pod& pod, const Seat& seat, const NodeState& state) const {
  // The seat itself is part of what is promised: it stands while nothing that
  // it takes is overdrawn.
  if (!HasDevices(pod, seat)) return false;
  if (!IsOverdrawn(seat.requests, ledger_.Free(state))) return true;
  if (view_->negative().empty() || !MayUsePlaceholders(pod, options_.scale_up.placeholders_below))
    return false;
  const NodeState* later = Room() == nullptr ? nullptr : Room()->FindNode(seat.node);
  return later != nullptr && !IsOverdrawn(seat.requests, ledger_.Free(*later));
}

bool Engine::HasDevices(const Pod& pod, const Seat& seat) const {
  if (!pod.shape.claims.has_value() && !view_->has_classes_of_resources()) return true;
  const DeviceDemand demand = DemandOf(*view_, pod);
  if (demand.empty()) return true;
  if (devices_fit_.view != view_) devices_fit_ = {view_, {}};
  const auto seats = ledger_.Claiming(seat.node);
  auto& known = devices_fit_.nodes[seat.node];
  if (known.seats == nullptr || known.seats != seats) {
    DeviceRooms rooms(*view_);
    known = {seats, DeviceLoads(*view_, ledger_, seat.node).Fit(rooms)};
  }
  return known.fit && PinsAllow(demand, *view_->FindNode(seat.node)->node);
}

bool Engine::AwaitsPlaceholders(const Seat& seat) const {
  const NodeState* state = view_->FindNode(seat.node);
  return state != nullptr && IsOverdrawn(seat.requests, ledger_.Free(*state));
}

absl::Status Engine::Reserve(const Gang& gang, const std::vector<Seat>& seats, absl::Time expires) {
  const absl::Status status = ledger_.Reserve(*view_, gang.id, seats, expires);
  if (status.ok() || view_->negative().empty() || Room() == nullptr) return status;
  if (!MayUsePlaceholders(gang, options_.scale_up.placeholders_below)) return status;
  return ledger_.Reserve(*Room(), gang.id, seats, expires);
}

ScaleUpPolicy Engine::ScaleUpPolicyOf(const GangId& gang) const {
  std::optional<ScaleUpPolicy> said;
  view_->FindMembers(gang)->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& member) {
    if (!said.has_value()) said = member->capacity.scale_up;
  });
  return said.value_or(options_.scale_up.policy);
}

bool Engine::IsNominated(const GangId& gang) const {
  const Promise* promise = ledger_.Find(gang);
  if (promise == nullptr) return false;
  return std::all_of(promise->seats.begin(), promise->seats.end(), [&](const Seat& seat) {
    if (BindingUnderWay(seat.uid)) return true;
    const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
    const auto progress = progress_.find(seat.uid);
    const bool on_its_way = progress != progress_.end() && progress->second.seat.node == seat.node;
    return pod != nullptr && (pod->nominated == seat.node || on_its_way);
  });
}

bool Engine::LacksRoom(const GangState& state, absl::Time now) const {
  return state.lacks_room && now - state.refused_since >= options_.scale_up.delay;
}

void Engine::FindPlaceholders(ScaleUpOrders& orders) const {
  if (view_->negative().empty()) return;
  std::set<NodeName> nodes;
  ledger_.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    // kube-scheduler keeps what is freed for pods that are nominated to it.
    if (!IsNominated(gang)) return;
    for (const Seat& seat : promise->seats) {
      if (AwaitsPlaceholders(seat)) nodes.insert(seat.node);
    }
  });
  for (const NodeName& name : nodes) {
    const NodeState* state = view_->FindNode(name);
    Resources free = ledger_.Free(*state);
    std::vector<std::shared_ptr<const Pod>> there;
    for (const auto& pod : state->pods) {
      if (IsPlaceholder(*pod, options_.scale_up.placeholders_below)) there.push_back(pod);
    }
    std::stable_sort(there.begin(), there.end(),
                     [](const auto& a, const auto& b) { return a->priority < b->priority; });
    for (const auto& pod : there) {
      if (!IsOverdrawn(*ledger_.Promised(name), free)) break;
      free += pod->shape.requests;
      if (!pod->deleting) orders.evict.push_back(SeatOf(*pod, name));
    }
  }
}

void Engine::FindUngatings(absl::Time now, ScaleUpOrders& orders) const {
  std::map<GangId, Letting> gangs;
  view_->gated().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    if (pod->gated_by_others() || !IsOurs(*pod)) return;
    // Nobody would ever take it away.
    if (!InGang(*view_, *pod)) return orders.ungate.push_back({name, pod->uid, {}});
    const GangId& id = view_->GangOf(*pod);
    if (!gangs_.contains(id)) return;
    const auto [at, is_new] = gangs.try_emplace(id);
    if (is_new) at->second = LettingOf(id, now);
    const Letting& letting = at->second;
    const Promise* promise = ledger_.Find(id);
    if (promise != nullptr && promise->Find(pod->uid) != nullptr) {
      const bool says_so = letting.request.empty() || pod->consumes == letting.request;
      if (letting.seated && says_so) orders.ungate.push_back({name, pod->uid, {}});
    } else if (letting.unseated) {
      const auto terms = letting.terms.find(pod->uid);
      orders.ungate.push_back(
          {name, pod->uid, terms == letting.terms.end() ? std::vector<NodeSelectorTerm>{} : terms->second});
    }
  });
}

Engine::Letting Engine::LettingOf(const GangId& id, absl::Time now) const {
  const GangState& state = gangs_.at(id);
  Letting letting;
  letting.seated = IsNominated(id);
  if (state.course.open) letting.request = RequestName(id, state.course.attempt);
  // Where it is read, in the pod's condition.
  letting.unseated = state.refusal.has_value() && state.refusal->kind == Refusal::Kind::kInvalid;
  if (letting.unseated || !LacksRoom(state, now) || ScaleUpPolicyOf(id) != ScaleUpPolicy::kUngate)
    return letting;
  letting.unseated = true;
  const Gang gang = Assemble(id);
  const auto candidates = ScaleUpCandidates(*view_, gang, options_.capacity, now);
  // What is only preferred is the autoscaler's to choose.
  if (candidates.size() > 1) return letting;
  for (size_t m = 0; m < gang.members.size(); ++m) {
    letting.terms[gang.members[m]->uid] = NarrowedWhileGated(
        *view_, *gang.members[m], candidates.front().members[m], options_.capacity.classes);
  }
  return letting;
}

ScaleUpOrders Engine::ScaleUp(absl::Time now) {
  ScaleUpOrders orders;
  FindPlaceholders(orders);
  FindMoves(now, orders);
  std::set<PodName> needed;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    if (!view_->provisioning_requests().empty() || gangs_.contains(id))
      FollowRequest(id, gangs_[id], now, needed, orders);
  });
  FindUngatings(now, orders);
  view_->provisioning_requests().ForEach([&](const PodName& name, const auto& request) {
    if (!needed.contains(name) && !request->deleting) orders.remove.push_back(request);
  });
  return orders;
}

}  // namespace muster
