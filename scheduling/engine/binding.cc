// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/later.h"
#include "scheduling/engine/solo.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/gpu_rules.h"

namespace muster {
namespace {

Engine::Admission Refuse(absl::Status why) {
  return {Engine::Admission::Kind::kRefused, std::move(why), GangId(), Seat()};
}

}  // namespace

Engine::Admission Engine::AdmitBind(const BindCall& call, absl::Time now) {
  const std::shared_ptr<const Pod> pod = view_->FindPod(call.pod);
  const bool known = pod != nullptr && pod->uid == call.uid;
  if (known && pod->bound()) {
    if (pod->node == call.node) return {Admission::Kind::kAlreadyBound, absl::OkStatus(), GangId(), Seat()};
    return Refuse(absl::FailedPreconditionError(
        absl::StrFormat("pod %s is bound to node %s already", call.pod.text(), pod->node.text())));
  }
  if (known && pod->deleting) {
    return Refuse(absl::FailedPreconditionError(absl::StrFormat("pod %s is being deleted", call.pod.text())));
  }
  const auto progress = progress_.find(call.uid);
  if (progress == progress_.end() ||
      (!progress->second.any_node && progress->second.seat.node != call.node)) {
    return Refuse(absl::FailedPreconditionError(absl::StrFormat(
        "pod %s was not given node %s by filter; it is filtered anew", call.pod.text(), call.node.text())));
  }
  if (progress->second.step == Progress::Step::kBindingDone) {
    return {Admission::Kind::kAlreadyBound, absl::OkStatus(), GangId(), Seat()};
  }
  if (known && InGang(*view_, *pod)) {
    const GangId& gang = view_->GangOf(*pod);
    const Promise* promise = ledger_.Find(gang);
    const Seat* seat = promise == nullptr ? nullptr : promise->Find(call.uid);
    if (seat == nullptr || seat->node != call.node) {
      return Refuse(absl::AbortedError(absl::StrFormat("gang %s: pod %s no longer has its seat on node %s",
                                                       gang.text(), call.pod.text(), call.node.text())));
    }
    return {Admission::Kind::kMember, absl::OkStatus(), gang, *seat};
  }
  Seat seat = progress->second.seat;
  seat.node = call.node;
  progress->second.seen = known;
  const GangId owner = SoloOwner(call.pod);
  if (SharesWithOthers(seat, progress->second.tenant, owner)) {
    return Refuse(absl::FailedPreconditionError(
        absl::StrFormat("pod %s: another tenant shares the GPUs of node %s by now; it is filtered anew",
                        call.pod.text(), call.node.text())));
  }
  if (absl::Status s = ledger_.Reserve(*view_, owner, {seat}, now + options_.gang_deadline); !s.ok()) {
    return Refuse(std::move(s));
  }
  return {Admission::Kind::kSolo, absl::OkStatus(), owner, std::move(seat)};
}

absl::StatusOr<std::vector<Seat>> Engine::Complete(const GangId& id,
                                                   const absl::flat_hash_map<PodUid, NodeName>& waiting,
                                                   absl::FunctionRef<bool(const PodUid&)> abandoned,
                                                   absl::Time now) {
  const Gang gang = Assemble(id);
  if (UndoIsDue(gang, now)) {
    return absl::AbortedError(
        absl::StrFormat("gang %s was not completed within its deadline of %s: its bound members are evicted, "
                        "and it is planned anew",
                        id.text(), absl::FormatDuration(DeadlineOf(gang))));
  }
  const Promise* promise = ledger_.Find(id);
  const GangCount count = Count(gang);
  int64_t counted = count.satisfied;
  std::vector<bool> placed(gang.members.size());
  std::vector<Seat> seats;
  for (size_t m = 0; m < gang.members.size(); ++m) {
    const auto& member = gang.members[m];
    placed[m] = !member->pending() && member->phase != PodPhase::kFailed;
    if (!member->pending()) continue;
    if (BindingUnderWay(member->uid)) {
      if (abandoned(member->uid)) continue;
      ++counted;
      placed[m] = true;
    } else if (const auto call = waiting.find(member->uid); call != waiting.end()) {
      const Seat* seat = promise == nullptr ? nullptr : promise->Find(member->uid);
      if (seat == nullptr || seat->node != call->second || !Stands(*seat)) {
        return absl::AbortedError(absl::StrFormat(
            "gang %s: the seat of pod %s is gone; the gang is planned anew", id.text(), member->name.text()));
      }
      ++counted;
      placed[m] = true;
      seats.push_back(*seat);
    }
  }
  const bool whole = counted >= count.needed && SubgroupsAreWhole(gang, placed);
  if (!gang.problem.empty() || !gang.waiting_for.empty() || !whole) seats.clear();
  const std::vector<bool> may_start = InWholeSubgroups(gang, placed);
  std::erase_if(seats, [&, m = size_t{0}](const Seat& seat) mutable {
    while (gang.members[m]->uid != seat.uid) ++m;
    return !may_start[m];
  });
  return seats;
}

absl::Time Engine::BeginCommit(const GangId& id, absl::Time now) {
  const Gang gang = Assemble(id);
  const absl::Duration deadline = DeadlineOf(gang);
  const absl::Time until = now + deadline;
  ledger_.Renew(id, until);
  const GangId later = LaterOwner(id);
  if (ledger_.Find(later) != nullptr) ledger_.Renew(later, std::max(until, now + options_.later_holds));
  // Members that come one after another, each with a binding that fails, must not
  // keep a gang that is to be undone from that.
  return UndoHarmsNobody(gang) ? std::min(until, gangs_[id].forward_since + deadline) : until;
}

bool Engine::SharesWithOthers(const Seat& seat, const std::string& tenant, const GangId& owner) const {
  const NodeState* state = view_->FindNode(seat.node);
  const Tenants tenants(*view_, ledger_, options_.tenants);
  return state != nullptr && state->node != nullptr && tenants.Share(*state->node, seat.requests) &&
         !(tenants.OtherOn(*state, tenant).empty() && tenants.OtherSeatedOn(*state, tenant, owner).empty());
}

bool Engine::Stands(const Seat& seat) const {
  const NodeState* state = view_->FindNode(seat.node);
  const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
  if (state == nullptr || pod == nullptr || pod->uid != seat.uid || !pod->pending()) return false;
  if (!Eligible(pod->shape, *state->node) || !GpuRules(pod->shape, nullptr).Allow(*state->node)) return false;
  if (declined_.Holds(pod->shape, seat.node)) return false;
  if (InGang(*view_, *pod) && !ClosedToMembers(pod->shape, *state->node).empty()) return false;
  const std::string tenant = TenantOf(*pod, options_.tenants);
  const Tenants tenants(*view_, ledger_, options_.tenants);
  if (tenants.Share(*state->node, seat.requests) && !tenants.OtherOn(*state, tenant).empty()) return false;
  return HasRoom(*pod, seat, *state);
}

bool Engine::AwaitsBinding(const GangId& gang, const BindCall& call) const {
  const std::shared_ptr<const Pod> pod = view_->FindPod(call.pod);
  return pod != nullptr && pod->uid == call.uid && pod->pending() && pod->membership.has_value() &&
         view_->GangOf(*pod) == gang;
}

void Engine::CallFailed(const PodUid& uid) {
  const auto at = progress_.find(uid);
  if (at != progress_.end() && at->second.step == Progress::Step::kAnswered) progress_.erase(at);
}

void Engine::BindingStarted(const Seat& seat) {
  const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
  if (pod != nullptr && pod->membership.has_value()) gangs_[view_->GangOf(*pod)].expiries = 0;
  Progress& progress = progress_[seat.uid];
  progress.step = Progress::Step::kBinding;
  progress.seat = seat;
  progress.any_node = false;
}

void Engine::BindingDone(const PodUid& uid) {
  const auto at = progress_.find(uid);
  if (at != progress_.end()) at->second.step = Progress::Step::kBindingDone;
}

void Engine::BindingFailed(const PodUid& uid) {
  const auto at = progress_.find(uid);
  if (at != progress_.end()) at->second.step = Progress::Step::kAnswered;
}

void Engine::MemberGone(const GangId& gang, const PodUid& uid) {
  progress_.erase(uid);
  ledger_.ReleaseSeats(gang, {uid});
  ++released_;
}

bool Engine::BindingUnderWay(const PodUid& uid) const {
  const auto at = progress_.find(uid);
  return at != progress_.end() && at->second.step != Progress::Step::kAnswered;
}

}  // namespace muster
