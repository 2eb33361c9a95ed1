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
  input.minimum_only = minimum_only;
  input.kept_may_move = standing.size() > fixed.size();
  auto result = PlanGang(input);
  if (std::holds_alternative<Refusal>(result) && standing.size() > fixed.size()) {
    input.kept = fixed;
    input.kept_may_move = false;
    result = PlanGang(input);
  }
  return result;
}

GangReport MakeReport(const Gang& gang, std::vector<Seat> seats, std::optional<Refusal> refusal) {
  GangReport report{.gang = gang.id,
                    .declared_by = gang.declared_by,
                    .ignored = gang.ignored,
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

namespace {

// The gangs with pending members, in the order in which they are planned.
std::vector<Gang> Queue(const ClusterView& view) {
  std::vector<Gang> queue;
  view.pending_gangs().ForEach([&](const GangId& id, int64_t) {
    Gang gang = declare::AssembleGang(view, id);
    if (!gang.members.empty() && gang.all_or_none) queue.push_back(std::move(gang));
  });
  std::sort(queue.begin(), queue.end(), PlannedBefore);
  return queue;
}

}  // namespace

std::vector<GangReport> PlanAll(const ClusterView& view, Ledger ledger, const Declined& declined,
                                const PlanAllOptions& options) {
  const std::vector<Gang> queue = Queue(view);
  const Topologies topologies = BuildTopologies(view, options.topology);
  std::vector<std::variant<Seats, Refusal>> results(queue.size());
  // The minimum of every gang goes before the surplus of any.
  for (const bool minimum_only : {true, false}) {
    for (size_t g = 0; g < queue.size(); ++g) {
      if (!minimum_only && std::holds_alternative<Refusal>(results[g])) continue;
      const Gang& gang = queue[g];
      ledger.Release(gang.id);
      PlanInput input{view, ledger, gang, {}, declined, nullptr, &topologies};
      input.may_relax = gang.topology.closeness.value_or(options.closeness) != Closeness::kStrict;
      input.minimum_only = minimum_only;
      if (!minimum_only) input.kept = std::get<Seats>(results[g]);
      results[g] = PlanGang(input);
      const auto* seats = std::get_if<Seats>(&results[g]);
      if (seats == nullptr || seats->empty()) continue;
      // The plan was made on this very view and ledger: its seats fit them.
      ledger.Reserve(view, gang.id, *seats, absl::InfiniteFuture()).IgnoreError();
    }
  }
  std::vector<GangReport> reports;
  for (size_t g = 0; g < queue.size(); ++g) {
    auto* refusal = std::get_if<Refusal>(&results[g]);
    reports.push_back(refusal != nullptr
                          ? MakeReport(queue[g], {}, std::move(*refusal))
                          : MakeReport(queue[g], std::get<Seats>(std::move(results[g])), std::nullopt));
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
