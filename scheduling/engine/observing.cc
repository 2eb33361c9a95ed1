// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scheduling/capacity/gang_choice.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/later.h"
#include "scheduling/engine/solo.h"

namespace muster {
void Engine::Observe(std::shared_ptr<const ClusterView> view) {
  for (const NodeName& name : declined_.Nodes()) {
    const NodeState* before = view_->FindNode(name);
    const NodeState* after = view->FindNode(name);
    const bool node_changed = before == nullptr || after == nullptr || before->node != after->node;
    if (node_changed ? declined_.NodeChanged(name)
                     : before->pods != after->pods && declined_.PodsChanged(name)) {
      ++released_;
    }
  }
  const std::shared_ptr<const ClusterView> last = std::exchange(view_, std::move(view));
  if (last->fabric() != view_->fabric()) present_ = PresentClasses(*view_, options_.capacity.classes);
  CountDemand(*last);
  const Ledger before = ledger_;
  before.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    DropStaleSeats(*last, gang, *promise);
  });
}

void Engine::ForgetAside(absl::Time now) {
  constexpr absl::Duration kUnseen =
      absl::Minutes(10);  // a pod that the view does not show in this time is gone
  absl::erase_if(aside_, [&](const auto& entry) {
    const std::shared_ptr<const Pod> pod = view_->FindPod(entry.second.pod);
    if (pod == nullptr) return entry.second.since <= now - kUnseen;
    return pod->uid != entry.first || !pod->pending();
  });
}

void Engine::CountDemand(const ClusterView& last) {
  view_->pods().ForEachUnshared(last.pods(), [&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    if (!AsksForDevices(pod->shape.requests) || !pod->shape.unmodelled.empty()) return;
    const std::shared_ptr<const Pod> before = last.FindPod(name);
    if (before == nullptr || before->uid != pod->uid) worth_.Asked(pod->shape);
  });
}

bool Engine::AwaitsLater(const GangId& gang) const {
  const ClusterView::Members* members = view_->FindMembers(gang);
  return members != nullptr && members->FindIf([](const std::shared_ptr<const Pod>& member) {
    return !member->finished() && !member->deleting;
  }) != nullptr;
}

void Engine::DropLostStandIns(const GangId& owner, const Promise& promise) {
  std::vector<PodUid> lost;
  for (const Seat& seat : promise.seats) {
    const NodeState* state = view_->FindNode(seat.node);
    if (state == nullptr || state->node->departure.has_value()) lost.push_back(seat.uid);
  }
  ledger_.ReleaseSeats(owner, lost);
}

void Engine::DropStaleSeats(const ClusterView& last, const GangId& gang, const Promise& promise) {
  if (IsOfStandIns(gang)) return DropLostStandIns(gang, promise);
  if (const std::optional<GangId> of = GangOfLater(gang)) {
    const bool moved = std::any_of(promise.seats.begin(), promise.seats.end(), [&](const Seat& seat) {
      return view_->FindNode(seat.node) == nullptr || view_->FindNode(seat.node)->node == nullptr ||
             Moved(last, *view_, trees_, seat.node);
    });
    if (moved || !AwaitsLater(*of)) Release(gang);
    return;
  }
  bool lost = false;
  std::vector<PodUid> stale;
  for (const Seat& seat : promise.seats) {
    const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
    const bool here = pod != nullptr && pod->uid == seat.uid;
    if (here && pod->pending() && HasLeft(*pod, gang)) {
      if (BindingUnderWay(seat.uid)) {
        TakeAlong(seat, gang, view_->GangOf(*pod), promise.expires);
        continue;
      }
    } else if (here && pod->pending()) {
      if (BindingUnderWay(seat.uid) || !Moved(last, *view_, trees_, seat.node)) continue;
      stale.push_back(seat.uid);
      lost = true;
      continue;
    }
    // The end of a binding decides over its seat; and a pod that was bound
    // before its first watch event came is not lost.
    const auto progress = progress_.find(seat.uid);
    if (pod == nullptr && progress != progress_.end() &&
        (progress->second.step == Progress::Step::kBinding || !progress->second.seen)) {
      continue;
    }
    progress_.erase(seat.uid);
    stale.push_back(seat.uid);
    lost |= !(here && pod->bound());
  }
  ledger_.ReleaseSeats(gang, stale);
  if (!lost) return;
  ++released_;
  if (ledger_.Find(gang) != nullptr && !CanComplete(Assemble(gang))) Release(gang);
}

bool Engine::HasLeft(const Pod& pod, const GangId& gang) const {
  return pod.membership.has_value() && view_->GangOf(pod) != gang && gang != SoloOwner(pod.name);
}

void Engine::TakeAlong(const Seat& seat, const GangId& from, const GangId& to, absl::Time expires) {
  std::vector<Seat> seats = {seat};
  if (const Promise* there = ledger_.Find(to)) {
    seats.insert(seats.begin(), there->seats.begin(), there->seats.end());
    expires = std::max(expires, there->expires);
  }
  ledger_.ReleaseSeats(from, {seat.uid});
  // It was promised until now; where its node went meanwhile, the binding's end decides.
  ledger_.Reserve(*view_, to, std::move(seats), expires).IgnoreError();
  ++released_;
}

void Engine::Expire(absl::Time now) {
  NoteDepartures(now);
  if (declined_.Expire(now)) ++released_;
  LearnRejections(now);
  std::vector<GangId> over;
  ledger_.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    const bool under_way = std::any_of(promise->seats.begin(), promise->seats.end(), [&](const Seat& seat) {
      const auto progress = progress_.find(seat.uid);
      if (progress == progress_.end()) return false;
      // A binding that is done is usage as soon as the view shows it. A pod that
      // the view never showed may never come.
      return progress->second.step == Progress::Step::kBinding ||
             (progress->second.step == Progress::Step::kBindingDone && progress->second.seen);
    });
    if (promise->expires <= now && !under_way) over.push_back(gang);
  });
  for (const GangId& gang : over) {
    if (GangOfLater(gang).has_value()) {
      Release(gang);
      continue;
    }
    const Gang members = Assemble(gang);
    if (IsBoundInPart(members)) {
      // Forward first: nobody else gets the room that would make it whole.
      ledger_.Renew(gang, now + DeadlineOf(members));
      continue;
    }
    Release(gang);
    if (IsOfStandIns(gang)) continue;
    GangState& state = gangs_[gang];
    state.stand_back_until =
        now + std::min(options_.stand_back * (1 << std::min(state.expiries, 10)), kLongestStandBack);
    ++state.expiries;
  }
  ForgetAside(now);
  absl::erase_if(refused_alone_, [&](const auto& entry) { return entry.second <= now - absl::Minutes(1); });
  absl::erase_if(progress_, [&](const auto& entry) {
    const Progress& progress = entry.second;
    const std::shared_ptr<const Pod> pod = view_->FindPod(progress.seat.pod);
    if (progress.step == Progress::Step::kBinding ||
        (pod != nullptr && pod->uid == entry.first && pod->pending())) {
      return false;
    }
    // Bound before the view first showed it: its seat is promised until then.
    return progress.seen || ledger_.Find(SoloOwner(progress.seat.pod)) == nullptr;
  });
  std::erase_if(gangs_, [&](const auto& entry) { return view_->FindMembers(entry.first) == nullptr; });
}

}  // namespace muster
