// SPDX-License-Identifier: Apache-2.0
// Members on nodes that are about to go: room for those that come after them is
// kept in the same domain, and then they are let go.
//
// A pod can't be moved. The room is promised to stand-ins, pods that do not
// exist, until the controller has made the members again; these get it.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/solo.h"

namespace muster {
namespace {

constexpr absl::string_view kPrefix = "leaving:";
constexpr absl::Duration kTryAgain = absl::Seconds(10);

}  // namespace

// Nobody else's: no kind of controller is called so.
GangId Engine::StandInsOf(const GangId& gang) {
  return GangId(gang.ns(), absl::StrCat(kPrefix, gang.name()));
}

namespace {

std::shared_ptr<const Pod> StandInFor(const Pod& member) {
  auto pod = std::make_shared<Pod>(member);
  pod->uid = PodUid(absl::StrCat(kPrefix, member.uid.text()));
  pod->name = PodName(member.name.ns(), absl::StrCat(kPrefix, member.name.name()));
  pod->node = NodeName();
  pod->nominated = NodeName();
  pod->phase = PodPhase::kPending;
  pod->started = false;
  return pod;
}

}  // namespace

bool Engine::IsOfStandIns(const GangId& owner) { return absl::StartsWith(owner.name(), kPrefix); }

bool Engine::MayMove(const Pod& member) const {
  if (!member.capacity.moves.value_or(options_.move_leaving)) return false;
  // Nobody would make it again.
  return member.has_controller && member.bound() && !member.finished();
}

std::vector<std::shared_ptr<const Pod>> Engine::ToMove(const Gang& gang) const {
  std::vector<std::shared_ptr<const Pod>> members;
  for (const auto& member : gang.members) {
    const auto* node = view_->departing().Find(member->node);
    if (node != nullptr && (*node)->departure->leaving && MayMove(*member) && !member->deleting)
      members.push_back(member);
  }
  return members;
}

std::vector<GangId> Engine::GangsToMove() const {
  std::set<GangId> gangs;
  view_->departing().ForEach([&](const NodeName& name, const std::shared_ptr<const Node>& node) {
    if (!node->departure->leaving) return;
    for (const auto& pod : view_->FindNode(name)->pods) {
      if (pod->membership.has_value() && MayMove(*pod) && IsOurs(*pod) && InGang(*view_, *pod))
        gangs.insert(view_->GangOf(*pod));
    }
  });
  return {gangs.begin(), gangs.end()};
}

std::vector<PlanJob> Engine::PrepareMoves(absl::Time now) {
  std::vector<PlanJob> jobs;
  if (view_->departing().empty()) return jobs;
  for (const GangId& id : GangsToMove()) {
    GangState& state = gangs_[id];
    const Gang gang = Assemble(id);
    const auto leaving = ToMove(gang);
    const Promise* kept = ledger_.Find(StandInsOf(id));
    const bool has_room =
        kept != nullptr && std::all_of(leaving.begin(), leaving.end(), [&](const auto& member) {
          return kept->Find(StandInFor(*member)->uid) != nullptr;
        });
    if (leaving.empty() || has_room || now < state.move_again) continue;
    state.move_again = now + kTryAgain;
    PlanJob job = Prepare(id, now);
    // Room for members that are created later is theirs already, and would be taken for that of stand-ins.
    job.gang.later = {};
    for (auto& member : job.gang.members) {
      const bool goes = std::find(leaving.begin(), leaving.end(), member) != leaving.end();
      if (goes) member = StandInFor(*member);
    }
    job.room = nullptr;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

void Engine::InstallMove(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
                         absl::Time now) {
  GangState& state = gangs_[job.gang.id];
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    state.no_move = refusal->text;
    return;
  }
  std::vector<Seat> seats;
  for (const Seat& seat : std::get<std::vector<Seat>>(result)) {
    if (absl::StartsWith(seat.uid.text(), kPrefix)) seats.push_back(seat);
  }
  if (seats.empty()) return;
  const absl::Status kept =
      ledger_.Reserve(*view_, StandInsOf(job.gang.id), std::move(seats), now + DeadlineOf(job.gang));
  state.no_move = kept.ok() ? "" : std::string(kept.message());
}

void Engine::FindMoves(absl::Time now, ScaleUpOrders& orders) {
  ledger_.promises().ForEach([&](const GangId& owner, const std::shared_ptr<const Promise>& promise) {
    if (!IsOfStandIns(owner) || promise->expires <= now) return;
    for (const Seat& seat : promise->seats) {
      const std::string name(seat.pod.name().substr(kPrefix.size()));
      const std::shared_ptr<const Pod> member = view_->FindPod(PodName(seat.pod.ns(), name));
      const bool same = member != nullptr && seat.uid.text() == absl::StrCat(kPrefix, member->uid.text());
      if (!same || member->deleting || !MayMove(*member)) continue;
      const auto* node = view_->departing().Find(member->node);
      if (node != nullptr && (*node)->departure->leaving)
        orders.evict.push_back(SeatOf(*member, member->node));
    }
  });
}

void Engine::TakeFromStandIns(const GangId& gang, const std::vector<Seat>& seats) {
  const Promise* kept = ledger_.Find(StandInsOf(gang));
  if (kept == nullptr) return;
  // One for each, that on the same node first.
  std::vector<Seat> left = kept->seats;
  std::vector<PodUid> taken;
  const Promise* own = ledger_.Find(gang);
  for (const bool same_node : {true, false}) {
    for (const Seat& seat : seats) {
      const bool is_new = own == nullptr || own->Find(seat.uid) == nullptr;
      const auto at = std::find_if(left.begin(), left.end(), [&](const Seat& stand_in) {
        return (stand_in.node == seat.node) == same_node && stand_in.requests == seat.requests;
      });
      if (!is_new || at == left.end() || taken.size() == seats.size()) continue;
      taken.push_back(at->uid);
      left.erase(at);
    }
  }
  ledger_.ReleaseSeats(StandInsOf(gang), taken);
}

}  // namespace muster
