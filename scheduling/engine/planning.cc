// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/later.h"
#include "scheduling/engine/placeholders.h"
#include "scheduling/engine/solo.h"
#include "scheduling/plan/refusal_text.h"

namespace muster {

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      capacity_(std::make_shared<const CapacityOptions>(options_.capacity)),
      reclaims_(options_.reclaimed_for) {}

bool Engine::CanComplete(const Gang& gang) const {
  // Once a binding is under way the gang is completed, not given up.
  const bool begun = std::any_of(gang.members.begin(), gang.members.end(),
                                 [&](const auto& member) { return BindingUnderWay(member->uid); });
  const GangCount count = Count(gang);
  return begun || count.living > 0 || count.satisfied + count.pending >= count.needed;
}

bool Engine::IsBoundInPart(const Gang& gang) const {
  const GangCount count = Count(gang);
  return count.living > 0 && count.satisfied < count.needed;
}

bool Engine::IsOurs(const Pod& pod) const {
  const std::vector<std::string>& ours = options_.scheduler_names;
  return ours.empty() || std::find(ours.begin(), ours.end(), pod.scheduler_name) != ours.end();
}

bool Engine::IsSeated(const Gang& gang) const {
  if (!gang.problem.empty() || !gang.waiting_for.empty()) return false;
  const Promise* promise = ledger_.Find(gang.id);
  const GangCount count = Count(gang);
  int64_t seated = count.satisfied;
  for (const auto& member : gang.members) {
    if (!member->pending()) continue;
    if (!BindingUnderWay(member->uid)) {
      const Seat* seat = promise == nullptr ? nullptr : promise->Find(member->uid);
      if (seat == nullptr || !Stands(*seat)) return false;
    }
    ++seated;
  }
  // Room for later members that was promised with these seats may be gone.
  if (gang.later.plannable() && ledger_.Find(LaterOwner(gang.id)) == nullptr) return false;
  return seated >= count.needed;
}

bool Engine::PromiseLater(const PlanJob& job, absl::Time now) {
  const GangId owner = LaterOwner(job.gang.id);
  return job.later.empty() ||
         ledger_.Reserve(*view_, owner, job.later, now + std::max(options_.later_holds, DeadlineOf(job.gang)))
             .ok();
}

void Engine::Release(const GangId& gang) {
  if (ledger_.Release(gang)) ++released_;
}

void Engine::Dissolve(const Gang& gang, GangState& state) {
  state.refusal.reset();
  state.shown.clear();
  for (const auto& member : gang.members) {
    if (member->pending() && aside_.erase(member->uid) > 0) mistaken_.push_back(SeatOf(*member, NodeName()));
  }
}

std::vector<GangId> Engine::ToPlan(absl::Time now) {
  std::vector<Gang> queue;
  std::vector<Gang> surplus;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    GangState& state = gangs_[id];
    if (state.stand_back_until > now) return;
    const bool is_new = state.planned_at != Growth();
    const bool waits = state.patient_since <= now && !state.relaxed;
    if (!is_new && !waits && !state.surplus_due) return;
    Gang gang = Assemble(id);
    const bool left_alone = !gang.members.empty() && !IsOurs(*gang.members.front());
    if (left_alone) state.refusal = LeftToOthers(gang, options_.scheduler_names);
    if (!gang.all_or_none && !left_alone) Dissolve(gang, state);
    if (!gang.all_or_none || gang.members.empty() || left_alone || IsSeated(gang)) {
      state.planned_at = Growth();
      state.surplus_due = false;
    } else if (is_new || (waits && MayRelax(gang, now))) {
      queue.push_back(std::move(gang));
    } else if (state.surplus_due) {
      surplus.push_back(std::move(gang));
    }
  });
  if (queue.empty()) queue = std::move(surplus);
  std::sort(queue.begin(), queue.end(), PlannedBefore);
  std::vector<GangId> ids;
  ids.reserve(queue.size());
  for (const Gang& gang : queue) ids.push_back(gang.id);
  return ids;
}

std::vector<GangId> Engine::ToPlanUpTo(const GangId& gang, absl::Time now) {
  std::vector<GangId> queue = ToPlan(now);
  const auto at = std::find(queue.begin(), queue.end(), gang);
  if (at == queue.end()) return {gang};
  queue.erase(at + 1, queue.end());
  return queue;
}

bool Engine::MinimumOnly(const GangId& gang, absl::Time now) const {
  const auto own = gangs_.find(gang);
  const bool due = own != gangs_.end() && own->second.surplus_due && own->second.planned_at == Growth();
  bool others = false;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    if (id == gang || others) return;
    const auto state = gangs_.find(id);
    if (state != gangs_.end() && state->second.stand_back_until > now) return;
    const bool untried = state == gangs_.end() || state->second.planned_at != Growth();
    others = untried || (!due && state->second.surplus_due);
  });
  return others;
}

bool Engine::MayRelax(const Gang& gang, absl::Time now) const {
  switch (gang.topology.closeness.value_or(options_.closeness)) {
    case Closeness::kStrict:
      return false;
    case Closeness::kEager:
      return true;
    case Closeness::kPatient:
      break;
  }
  const auto state = gangs_.find(gang.id);
  return state != gangs_.end() && now - state->second.patient_since >= options_.patience;
}

PlanJob Engine::Prepare(const GangId& id, absl::Time now) {
  PlanJob job{.view = view_,
              .ledger = ledger_,
              .declined = declined_,
              .gang = Assemble(id),
              .fixed = {},
              .standing = {},
              .growth = Growth(),
              .installed = installed_,
              .exclusive = exclusive_,
              .topology = options_.topology,
              .trees = trees_};
  job.penalties = penalties_;
  job.capacity = capacity_;
  job.now = now;
  job.may_relax = MayRelax(job.gang, now);
  job.minimum_only = MinimumOnly(id, now);
  job.tenants = options_.tenants;
  job.asks_for_nodes = std::any_of(job.gang.members.begin(), job.gang.members.end(),
                                   [](const auto& member) { return member->has_own_gate(); });
  if (!job.gang.members.empty() && !job.asks_for_nodes)
    job.asks_for_nodes = ScaleUpPolicyOf(id) == ScaleUpPolicy::kProvisioningRequest;
  if (!view_->negative().empty() && Room() != nullptr &&
      MayUsePlaceholders(job.gang, options_.scale_up.placeholders_below)) {
    job.room = room_;
  }
  if (trees_.fabric != view_->fabric()) job.trees = {view_->fabric(), nullptr};
  if (const Promise* promise = ledger_.Find(id)) {
    for (const Seat& seat : promise->seats) {
      const bool fixed = BindingUnderWay(seat.uid);
      if (fixed) job.fixed.push_back(seat);
      if (fixed || Stands(seat)) job.standing.push_back(seat);
    }
    job.ledger.Release(id);
  }
  job.ledger.Release(LaterOwner(id));
  job.ledger.Release(StandInsOf(id));
  const bool devices = std::any_of(job.gang.members.begin(), job.gang.members.end(),
                                   [](const auto& member) { return AsksForDevices(member->shape.requests); });
  if (devices) job.worth = worth_.ForGang(view_, job.ledger);
  return job;
}

namespace {

bool HaveAll(const std::vector<Seat>& seats, const std::vector<Seat>& others) {
  absl::flat_hash_map<PodUid, const Seat*> by_uid;
  for (const Seat& seat : seats) by_uid[seat.uid] = &seat;
  return std::all_of(others.begin(), others.end(), [&](const Seat& other) {
    const auto seat = by_uid.find(other.uid);
    return seat != by_uid.end() && *seat->second == other;
  });
}

// Whether a domain is to be the gang's, or a part's of it, alone.
bool WantsToBeAlone(const Gang& gang) {
  const auto exclusive = [](const TopologyDemand& demand) { return !demand.exclusive.empty(); };
  return exclusive(gang.topology) ||
         std::any_of(gang.subgroups.begin(), gang.subgroups.end(),
                     [&](const Subgroup& subgroup) { return exclusive(subgroup.topology); });
}

}  // namespace

bool Engine::Install(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
                     absl::Time now) {
  const Ledger before = ledger_;
  const auto* refusal = std::get_if<Refusal>(&result);
  // Room for members that are created one by one stays until all of them exist.
  const bool incomplete = refusal != nullptr && refusal->kind == Refusal::Kind::kIncomplete;
  const bool had_later = !incomplete && ledger_.Release(LaterOwner(job.gang.id));
  if (!InstallSeats(job, result, now) || (refusal == nullptr && !PromiseLater(job, now))) {
    ledger_ = before;
    return false;
  }
  if (had_later && job.later.empty()) ++released_;
  return true;
}

bool Engine::InstallSeats(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
                          absl::Time now) {
  if (job.trees.topologies != nullptr && job.trees.fabric == view_->fabric()) trees_ = job.trees;
  const GangId& id = job.gang.id;
  const auto still_pending = [&](const Seat& seat) {
    const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
    return pod != nullptr && pod->uid == seat.uid && pod->pending();
  };
  std::vector<Seat> fixed;
  if (const Promise* promise = ledger_.Find(id)) {
    std::copy_if(promise->seats.begin(), promise->seats.end(), std::back_inserter(fixed),
                 [&](const Seat& seat) { return BindingUnderWay(seat.uid); });
  }
  if (fixed != job.fixed) return false;
  // A plan made at the same time may have put members where none must be.
  const bool alone = WantsToBeAlone(job.gang);
  if (job.exclusive != exclusive_ || (alone && job.installed != installed_)) return false;
  if (alone && job.trees.fabric != view_->fabric()) return false;

  GangState& state = gangs_[id];
  const uint64_t released_before = released_;
  const auto* refusal = std::get_if<Refusal>(&result);
  const std::vector<Seat>& seats = refusal != nullptr ? fixed : std::get<std::vector<Seat>>(result);
  if (seats.empty()) {
    Release(id);
  } else {
    if (!std::all_of(seats.begin(), seats.end(), still_pending)) return false;
    const auto moved = [&](const Seat& seat) {
      return !BindingUnderWay(seat.uid) && Moved(*job.view, *view_, job.trees, seat.node);
    };
    if (std::any_of(seats.begin(), seats.end(), moved)) return false;
    // As may those of another tenant.
    const auto shared = [&](const Seat& seat) {
      return SharesWithOthers(seat, TenantOf(*view_->FindPod(seat.pod), options_.tenants), id);
    };
    if (std::any_of(seats.begin(), seats.end(), shared)) return false;
    // Seats beside those that stand do not make these stand longer.
    const Promise* before = ledger_.Find(id);
    const bool only_more = before != nullptr && HaveAll(seats, before->seats);
    const absl::Time expires = only_more ? before->expires : now + DeadlineOf(job.gang);
    const Ledger before_reserving = ledger_;
    TakeFromStandIns(id, seats);
    if (!Reserve(job.gang, seats, expires).ok()) {
      ledger_ = before_reserving;
      return false;
    }
    ++installed_;
    exclusive_ += alone ? 1 : 0;
  }
  state.refusal = refusal == nullptr ? std::nullopt : std::optional<Refusal>(*refusal);
  state.capacity = job.choice;
  state.planned_at = job.growth + (released_ - released_before);
  state.relaxed = job.may_relax;
  state.lacks_room = job.lacks_room;
  state.refused_since = job.lacks_room ? std::min(state.refused_since, now) : absl::InfiniteFuture();
  state.surplus_due = refusal == nullptr && job.minimum_only;
  if (refusal == nullptr || refusal->kind != Refusal::Kind::kNoRoom) {
    state.patient_since = absl::InfiniteFuture();
  } else if (state.patient_since == absl::InfiniteFuture()) {
    state.patient_since = now;
  }
  return true;
}

std::vector<Seat> Engine::NominationsWanted() const {
  std::vector<Seat> wanted;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    const Promise* promise = ledger_.Find(id);
    view_->FindMembers(id)->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& member) {
      if (!member->pending() || member->gated_by_others() || !IsOurs(*member)) return;
      const Seat* seat = promise == nullptr ? nullptr : promise->Find(member->uid);
      if (seat == nullptr) {
        if (!member->nominated.empty() && InGang(*view_, *member))
          wanted.push_back(SeatOf(*member, NodeName()));
        return;
      }
      // A pod that passed filter is on its way to bind already.
      const auto progress = progress_.find(member->uid);
      const bool on_its_way = progress != progress_.end() && progress->second.seat.node == seat->node;
      if (!on_its_way && member->nominated != seat->node) wanted.push_back(*seat);
    });
  });
  return wanted;
}

}  // namespace muster
