// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/solo.h"
#include "scheduling/plan/refusal_text.h"

namespace muster {

Engine::Engine(EngineOptions options) : options_(options) {}

void Engine::Observe(std::shared_ptr<const ClusterView> view) {
  for (const NodeName& name : declined_.Nodes()) {
    const NodeState* before = view_->FindNode(name);
    const NodeState* after = view->FindNode(name);
    if (before == nullptr || after == nullptr || before->node != after->node || before->pods != after->pods) {
      declined_.Forget(name);
      ++released_;
    }
  }
  view_ = std::move(view);
  const Ledger before = ledger_;
  before.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    DropStaleSeats(gang, *promise);
  });
}

void Engine::DropStaleSeats(const GangId& gang, const Promise& promise) {
  bool lost = false;
  for (const Seat& seat : promise.seats) {
    const std::shared_ptr<const Pod> pod = view_->FindPod(seat.pod);
    const bool here = pod != nullptr && pod->uid == seat.uid;
    if (here && pod->pending()) continue;
    // The end of a binding decides over its seat; and a pod that was bound
    // before its first watch event came is not lost.
    const auto progress = progress_.find(seat.uid);
    if (pod == nullptr && progress != progress_.end() &&
        (progress->second.step == Progress::Step::kBinding || !progress->second.seen)) {
      continue;
    }
    progress_.erase(seat.uid);
    ledger_.ReleaseSeat(gang, seat.uid);
    lost |= !(here && pod->bound());
  }
  if (!lost) return;
  ++released_;
  if (ledger_.Find(gang) != nullptr && !CanComplete(declare::AssembleGang(*view_, gang))) Release(gang);
}

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
  return seated >= count.needed;
}

void Engine::Release(const GangId& gang) {
  if (ledger_.Release(gang)) ++released_;
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
    Gang gang = declare::AssembleGang(*view_, id);
    const bool left_alone = !gang.members.empty() && !IsOurs(*gang.members.front());
    if (left_alone) state.refusal = LeftToOthers(gang, options_.scheduler_names);
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

PlanJob Engine::Prepare(const GangId& id, absl::Time now) const {
  PlanJob job{.view = view_,
              .ledger = ledger_,
              .declined = declined_,
              .gang = declare::AssembleGang(*view_, id),
              .fixed = {},
              .standing = {},
              .growth = Growth(),
              .installed = installed_,
              .topology = options_.topology,
              .trees = trees_};
  job.may_relax = MayRelax(job.gang, now);
  job.minimum_only = MinimumOnly(id, now);
  if (trees_.fabric != view_->fabric()) job.trees = {view_->fabric(), nullptr};
  if (const Promise* promise = ledger_.Find(id)) {
    for (const Seat& seat : promise->seats) {
      const bool fixed = BindingUnderWay(seat.uid);
      if (fixed) job.fixed.push_back(seat);
      if (fixed || Stands(seat)) job.standing.push_back(seat);
    }
    job.ledger.Release(id);
  }
  return job;
}

namespace {

// Whether the plan of a gang depends on where the members of other gangs are.
bool LooksAtOthers(const Gang& gang) {
  const auto exclusive = [](const TopologyDemand& demand) { return !demand.exclusive.empty(); };
  return exclusive(gang.topology) ||
         std::any_of(gang.subgroups.begin(), gang.subgroups.end(),
                     [&](const Subgroup& subgroup) { return exclusive(subgroup.topology); });
}

}  // namespace

bool Engine::Install(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
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
  if (LooksAtOthers(job.gang) && (job.installed != installed_ || job.trees.fabric != view_->fabric())) {
    return false;
  }

  GangState& state = gangs_[id];
  const uint64_t released_before = released_;
  const auto* refusal = std::get_if<Refusal>(&result);
  const std::vector<Seat>& seats = refusal != nullptr ? fixed : std::get<std::vector<Seat>>(result);
  if (seats.empty()) {
    Release(id);
  } else {
    if (!std::all_of(seats.begin(), seats.end(), still_pending)) return false;
    // Seats beside those that stand do not make these stand longer.
    const Promise* before = ledger_.Find(id);
    const bool only_more =
        before != nullptr && std::all_of(before->seats.begin(), before->seats.end(), [&](const Seat& seat) {
          return std::find(seats.begin(), seats.end(), seat) != seats.end();
        });
    const absl::Time expires = only_more ? before->expires : now + DeadlineOf(job.gang);
    if (!ledger_.Reserve(*view_, id, seats, expires).ok()) return false;
    ++installed_;
  }
  state.refusal = refusal == nullptr ? std::nullopt : std::optional<Refusal>(*refusal);
  state.planned_at = job.growth + (released_ - released_before);
  state.relaxed = job.may_relax;
  state.surplus_due = refusal == nullptr && job.minimum_only;
  if (refusal == nullptr || refusal->kind != Refusal::Kind::kNoRoom) {
    state.patient_since = absl::InfiniteFuture();
  } else if (state.patient_since == absl::InfiniteFuture()) {
    state.patient_since = now;
  }
  return true;
}

void Engine::Expire(absl::Time now) {
  if (declined_.Expire(now)) ++released_;
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
    const Gang members = declare::AssembleGang(*view_, gang);
    if (IsBoundInPart(members)) {
      // Forward first: nobody else gets the room that would make it whole.
      ledger_.Renew(gang, now + DeadlineOf(members));
      continue;
    }
    Release(gang);
    GangState& state = gangs_[gang];
    state.stand_back_until =
        now + std::min(options_.stand_back * (1 << std::min(state.expiries, 10)), kLongestStandBack);
    ++state.expiries;
  }
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

std::vector<Seat> Engine::NominationsWanted() const {
  std::vector<Seat> wanted;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    const Promise* promise = ledger_.Find(id);
    view_->FindMembers(id)->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& member) {
      if (!member->pending() || !member->gates.empty() || !IsOurs(*member)) return;
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

absl::StatusOr<GangReport> Engine::Report(const GangId& id) const {
  const Gang gang = declare::AssembleGang(*view_, id);
  if (gang.members.empty()) return absl::NotFoundError(absl::StrCat("no pod declares gang ", id.text()));
  const Promise* promise = ledger_.Find(id);
  const auto state = gangs_.find(id);
  return MakeReport(gang, promise == nullptr ? std::vector<Seat>{} : promise->seats,
                    state == gangs_.end() ? std::nullopt : state->second.refusal);
}

std::map<Outcome, int64_t> Engine::CountGangs() const {
  std::map<Outcome, int64_t> count;
  // Where no member is pending, each has its place.
  count[Outcome::kPlaced] = static_cast<int64_t>(view_->gangs().size() - view_->pending_gangs().size());
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    const auto state = gangs_.find(id);
    if (state == gangs_.end() || (!state->second.refusal.has_value() && ledger_.Find(id) == nullptr)) {
      ++count[Outcome::kWaiting];
    } else if (!state->second.refusal.has_value()) {
      ++count[Outcome::kPlaced];
    } else {
      const bool waits = state->second.refusal->kind == Refusal::Kind::kIncomplete;
      ++count[waits ? Outcome::kWaiting : Outcome::kRefused];
    }
  });
  return count;
}

std::vector<GangReport> Engine::Reports() const {
  std::vector<GangReport> reports;
  view_->gangs().ForEach([&](const GangId& id, const ClusterView::Members& members) {
    bool alive = false;
    members.ForEach(
        [&](const PodName&, const auto& member) { alive |= !member->finished() && InGang(*view_, *member); });
    if (!alive) return;
    absl::StatusOr<GangReport> report = Report(id);
    if (report.ok()) reports.push_back(*std::move(report));
  });
  return reports;
}

}  // namespace muster
