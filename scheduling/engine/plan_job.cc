// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/plan_job.h"

#include <algorithm>
#include <utility>

#include "scheduling/declare/assemble.h"
#include "scheduling/plan/planner.h"

namespace muster {

std::variant<std::vector<Seat>, Refusal> PlanJob::Run(const absl::flat_hash_set<absl::string_view>* window) {
  if (trees.topologies == nullptr) {
    trees.topologies = std::make_shared<const Topologies>(BuildTopologies(*view, topology));
  }
  PlanInput input{*view, ledger, gang, standing, declined, window, trees.topologies.get(), may_relax};
  auto result = PlanGang(input);
  if (std::holds_alternative<Refusal>(result) && standing.size() > fixed.size()) {
    input.kept = fixed;
    result = PlanGang(input);
  }
  return result;
}

GangReport MakeReport(const Gang& gang, std::vector<Seat> seats, std::optional<Refusal> refusal) {
  GangReport report{.gang = gang.id,
                    .declared_by = gang.declared_by,
                    .outcome = Outcome::kWaiting,
                    .min_members = gang.min_members,
                    .members = static_cast<int64_t>(gang.members.size()),
                    .bound = 0,
                    .held = 0,
                    .seats = {},
                    .refusal = std::nullopt};
  for (const auto& member : gang.members) {
    const bool lives = member->bound() && !member->finished();
    if (lives || member->phase == PodPhase::kSucceeded) ++report.bound;
    if (lives) {
      report.seats.push_back({member->name, member->uid, member->membership->role, member->membership->rank,
                              member->node, member->shape.requests});
      continue;
    }
    const auto seat =
        std::find_if(seats.begin(), seats.end(), [&](const Seat& s) { return s.uid == member->uid; });
    if (seat != seats.end()) report.seats.push_back(std::move(*seat));
  }
  const GangCount count = Count(gang);
  const int64_t seated = static_cast<int64_t>(report.seats.size()) + count.satisfied - count.living;
  if (seated >= count.needed && !refusal.has_value()) {
    report.outcome = Outcome::kPlaced;
  } else if (refusal.has_value() && refusal->kind != Refusal::Kind::kIncomplete) {
    report.outcome = Outcome::kRefused;
  }
  report.refusal = std::move(refusal);
  return report;
}

std::vector<GangReport> PlanAll(const ClusterView& view, Ledger ledger, const Declined& declined,
                                const TopologyOptions& topology) {
  std::vector<Gang> queue;
  view.gangs().ForEach([&](const GangId& id, const ClusterView::Members&) {
    Gang gang = declare::AssembleGang(view, id);
    const bool pending = std::any_of(gang.members.begin(), gang.members.end(),
                                     [](const auto& member) { return member->pending(); });
    if (pending && gang.all_or_none) queue.push_back(std::move(gang));
  });
  std::sort(queue.begin(), queue.end(), PlannedBefore);

  const Topologies topologies = BuildTopologies(view, topology);
  std::vector<GangReport> reports;
  for (const Gang& gang : queue) {
    ledger.Release(gang.id);
    auto result = PlanGang({view, ledger, gang, {}, declined, nullptr, &topologies});
    if (auto* refusal = std::get_if<Refusal>(&result)) {
      reports.push_back(MakeReport(gang, {}, std::move(*refusal)));
      continue;
    }
    auto& seats = std::get<Seats>(result);
    if (!seats.empty()) {
      // The plan was made on this very view and ledger: its seats fit them.
      ledger.Reserve(view, gang.id, seats, absl::InfiniteFuture()).IgnoreError();
    }
    reports.push_back(MakeReport(gang, std::move(seats), std::nullopt));
  }
  return reports;
}

absl::string_view Word(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPlaced:
      return "placed";
    case Outcome::kWaiting:
      return "waiting";
    case Outcome::kRefused:
      return "refused";
  }
  return "";
}

}  // namespace muster
