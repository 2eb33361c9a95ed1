// SPDX-License-Identifier: Apache-2.0
// What becomes of gangs that are bound in part, and of those that lost members.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/engine/engine.h"

namespace muster {
namespace {

// For how long at least no binding of a gang starts that is to be undone: longer
// than one that is under way.
constexpr absl::Duration kLeastForUndo = absl::Seconds(30);

// Whether the gang would be complete if all its members were placed anew: those
// that finished and were cleaned up do not come again.
bool CouldStartAnew(const Gang& gang) {
  const auto left = std::count_if(gang.members.begin(), gang.members.end(),
                                  [](const auto& member) { return member->phase != PodPhase::kFailed; });
  return left >= gang.min_members;
}

}  // namespace

// A gang of which more must come to be bound at once than can wait for each other.
void Engine::LimitHeld(Gang& gang) const {
  const GangCount count = Count(gang);
  const int64_t at_once = count.needed - count.satisfied;
  if (!gang.problem.empty() || !gang.all_or_none || at_once <= options_.most_held) return;
  gang.problem = absl::StrFormat(
      "%d of its members must be bound at once, and no more than %d bind calls can wait for each other "
      "(seven eighths of extender.maxConnections)",
      at_once, options_.most_held);
}

Gang Engine::Assemble(const GangId& id) const {
  Gang gang = declare::AssembleGang(*view_, id);
  LimitHeld(gang);
  const auto state = gangs_.find(id);
  if (state == gangs_.end()) return gang;
  if (!state->second.to_restart.empty() && gang.waiting_for.empty()) {
    gang.waiting_for = "it lost members, and is restarted whole once those that are left have ended";
  }
  if (!state->second.released) return gang;
  const int64_t have = std::max<int64_t>(Count(gang).satisfied, 1);
  gang.min_members = std::min(gang.min_members, have);
  if (gang.group_needs.has_value()) gang.group_needs = std::min(*gang.group_needs, have);
  for (Subgroup& subgroup : gang.subgroups) subgroup.ran = true;
  return gang;
}

// A member that ran may have done work, and without a controller nobody would
// create it again. One that failed is not evicted and spares nobody: kubelet may
// have refused it.
bool Engine::UndoHarmsNobody(const Gang& gang) {
  return std::all_of(gang.members.begin(), gang.members.end(), [](const auto& member) {
    return !member->bound() || member->phase == PodPhase::kFailed ||
           (member->has_controller && !member->started && !member->finished());
  });
}

bool Engine::UndoIsDue(const Gang& gang, absl::Time now) const {
  const auto state = gangs_.find(gang.id);
  return state != gangs_.end() && now >= state->second.forward_since + DeadlineOf(gang) &&
         UndoHarmsNobody(gang);
}

std::vector<Engine::Eviction> Engine::ToEvict(absl::Time now) {
  std::set<GangId> gangs;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) { gangs.insert(id); });
  for (auto& [id, state] : gangs_) {
    if (!state.to_restart.empty()) {
      gangs.insert(id);
    } else if (!gangs.contains(id)) {
      // Nothing is missing as far as the pods that exist say.
      state.unfinished_since = state.forward_since = absl::InfiniteFuture();
    }
  }
  std::vector<Eviction> evict;
  for (const GangId& id : gangs) {
    const Gang gang = declare::AssembleGang(*view_, id);
    // What another scheduler binds is not ours to undo.
    const bool ours = !gang.members.empty() && IsOurs(*gang.members.front());
    if (gangs_[id].to_restart.empty() && ours && gang.all_or_none && gang.waiting_for.empty() &&
        gang.problem.empty()) {
      for (Seat& seat : Repairing(gang, now)) evict.push_back({std::move(seat), false});
    } else {
      gangs_[id].forward_since = absl::InfiniteFuture();
    }
    for (Seat& seat : Restarting(gang, now)) evict.push_back({std::move(seat), true});
  }
  return evict;
}

std::vector<Seat> Engine::Repairing(const Gang& gang, absl::Time now) {
  std::vector<Seat> bound;
  std::vector<bool> placed;
  bool harmless = UndoHarmsNobody(gang);
  bool may_restart = CouldStartAnew(gang);
  for (const auto& member : gang.members) {
    placed.push_back(!member->pending() && member->phase != PodPhase::kFailed);
    if (BindingUnderWay(member->uid)) harmless = may_restart = false;
    if (!member->bound() || member->phase == PodPhase::kFailed) continue;
    if (!member->has_controller) may_restart = false;
    if (!member->finished()) bound.push_back(SeatOf(*member, member->node));
  }
  GangState& state = gangs_[gang.id];
  const GangCount count = Count(gang);
  if (bound.empty() || (count.satisfied >= count.needed && SubgroupsAreWhole(gang, placed))) {
    state.unfinished_since = state.forward_since = absl::InfiniteFuture();
    state.released = false;
    return {};
  }
  state.unfinished_since = std::min(state.unfinished_since, now);
  state.forward_since = std::min(state.forward_since, now);
  const absl::Duration unfinished = now - state.unfinished_since;
  const absl::Duration deadline = DeadlineOf(gang);
  if (harmless && now >= state.forward_since + deadline) {
    state.undone_since = std::min(state.undone_since, now);
    if (now < state.undone_since + std::max(deadline, kLeastForUndo)) return bound;
    state.forward_since = now;
  }
  if (now < state.forward_since + deadline) state.undone_since = absl::InfiniteFuture();
  if (count.ran && unfinished >= gang.repair.grace.value_or(options_.repair_grace)) {
    BeginRepair(gang, bound, may_restart, now);
  }
  return {};
}

void Engine::BeginRepair(const Gang& gang, absl::Span<const Seat> bound, bool may_restart, absl::Time now) {
  GangState& state = gangs_[gang.id];
  switch (gang.repair.repair.value_or(options_.repair)) {
    case Repair::kWait:
      return;
    case Repair::kRelease:
      if (!std::exchange(state.released, true)) ++released_;
      return;
    case Repair::kRestart:
      if (!may_restart) return;
      for (const Seat& seat : bound) state.to_restart.insert(seat.uid);
      state.restart_until = now + DeadlineOf(gang);
      Release(gang.id);
      ++released_;
  }
}

std::vector<Seat> Engine::Restarting(const Gang& gang, absl::Time now) {
  GangState& state = gangs_[gang.id];
  if (state.to_restart.empty()) return {};
  std::vector<Seat> left;
  for (const auto& member : gang.members) {
    if (!member->finished() && state.to_restart.contains(member->uid)) {
      left.push_back(SeatOf(*member, member->node));
    }
  }
  // Disruption budgets may keep some: then the gang goes on as it is, and its
  // grace period begins again.
  if (!left.empty() && now < state.restart_until) return left;
  state.to_restart.clear();
  state.unfinished_since = state.forward_since = absl::InfiniteFuture();
  ++released_;
  return {};
}

std::string Engine::DescribeRepair(const Gang& gang) const {
  const auto at = gangs_.find(gang.id);
  if (at == gangs_.end()) return "";
  const GangState& state = at->second;
  if (!state.to_restart.empty()) return "restart: those that run are evicted";
  if (state.released) return "release: its minimum is waived until it is whole again";
  if (state.unfinished_since == absl::InfiniteFuture() || !Count(gang).ran) return "";
  const std::string grace = absl::FormatDuration(gang.repair.grace.value_or(options_.repair_grace));
  switch (gang.repair.repair.value_or(options_.repair)) {
    case Repair::kWait:
      return "wait: those that run go on while others are placed";
    case Repair::kRestart:
      return absl::StrCat("restart: those that run are evicted once it lacks members for ", grace);
    case Repair::kRelease:
      return absl::StrCat("release: its minimum is waived once it lacks members for ", grace);
  }
  return "";
}

void Engine::LearnRejections(absl::Time now) {
  absl::flat_hash_set<PodUid> still;
  view_->rejected().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    still.insert(pod->uid);
    if (rejections_.contains(pod->uid) || !pod->bound()) return;
    declined_.Learn(pod->shape, pod->node, now + options_.declined_for, pod->rejected);
    ++released_;
  });
  rejections_ = std::move(still);
}

}  // namespace muster
