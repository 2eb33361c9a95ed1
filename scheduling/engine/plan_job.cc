// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/plan_job.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/declare/owner_chain.h"
#include "scheduling/dra/demand.h"
#include "scheduling/engine/capacity_plan.h"
#include "scheduling/engine/later.h"
#include "scheduling/engine/placeholders.h"
#include "scheduling/plan/node_worth.h"
#include "scheduling/plan/planner.h"

namespace muster {

// A plan with room for those that are created later.
struct StagedPlan {
  CapacityPlan plan;
  std::vector<Seat> later;
};

bool Moved(const ClusterView& before, const ClusterView& after, const FabricTrees& trees,
           const NodeName& name) {
  if (before.fabric() == after.fabric()) return false;
  const NodeState* old = before.FindNode(name);
  const NodeState* now = after.FindNode(name);
  if (old == nullptr || now == nullptr || old->node->labels == now->node->labels) return false;
  if (trees.topologies == nullptr || trees.fabric != before.fabric()) return true;
  const auto differs = [&](const Level& level) {
    if (level.key.empty()) return true;  // HyperNodes may choose by any label
    const auto value = old->node->labels.find(level.key);
    const auto next = now->node->labels.find(level.key);
    const bool was = value != old->node->labels.end();
    const bool is = next != now->node->labels.end();
    return was != is || (was && value->second != next->second);
  };
  const auto& all = trees.topologies->all;
  return std::any_of(all.begin(), all.end(), [&](const Topology& topology) {
    const auto& levels = topology.tree.levels();
    return std::any_of(levels.begin(), levels.end(), differs);
  });
}

namespace {

// The same input for another gang.
PlanInput With(const Gang& gang, const PlanInput& input) {
  return {.view = input.view,
          .ledger = input.ledger,
          .gang = gang,
          .kept = input.kept,
          .declined = input.declined,
          .window = input.window,
          .topologies = input.topologies,
          .may_relax = input.may_relax,
          .kept_may_move = input.kept_may_move,
          .tenants = input.tenants,
          .gpu_product = input.gpu_product,
          .minimum_only = input.minimum_only,
          .penalties = input.penalties,
          .classes = input.classes,
          .worth = input.worth};
}

// Plans `input` with the later members of its gang, if these are known.
StagedPlan PlanStages(const PlanInput& input, const CapacityOptions& options, absl::Time now) {
  // Later members do not make up for those of this stage that do not exist yet.
  const GangCount count = Count(input.gang);
  const bool ready = count.satisfied + count.ready >= count.needed;
  if (!input.gang.later.plannable() || !ready) return {PlanWithCapacity(input, options, now), {}};
  const Gang whole = declare::AssembleWithLater(input.view, input.gang);
  StagedPlan staged{PlanWithCapacity(With(whole, input), options, now), {}};
  if (auto* refusal = std::get_if<Refusal>(&staged.plan.result)) {
    const bool no_room =
        refusal->kind == Refusal::Kind::kNoRoom || refusal->kind == Refusal::Kind::kNeverFits;
    // What else is wrong is so without them.
    if (!no_room) return {PlanWithCapacity(input, options, now), {}};
    MentionLater(input.gang.later, *refusal);
    return staged;
  }
  Seats& seats = std::get<Seats>(staged.plan.result);
  const auto exists = [&](const Seat& seat) { return input.view.FindPod(seat.pod) != nullptr; };
  const auto later = std::stable_partition(seats.begin(), seats.end(), exists);
  staged.later.assign(std::make_move_iterator(later), std::make_move_iterator(seats.end()));
  seats.erase(later, seats.end());
  return staged;
}

}  // namespace

std::variant<std::vector<Seat>, Refusal> PlanJob::Run(const absl::flat_hash_set<absl::string_view>* window) {
  if (trees.topologies == nullptr) {
    trees.topologies = std::make_shared<const Topologies>(BuildTopologies(*view, topology));
  }
  StagedPlan staged = PlanOn(*view, window, may_relax);
  const auto* refusal = std::get_if<Refusal>(&staged.plan.result);
  const auto is_short = [](const Refusal& r) {
    return r.kind == Refusal::Kind::kNoRoom || r.kind == Refusal::Kind::kNeverFits;
  };
  if (refusal != nullptr && is_short(*refusal) && room != nullptr) {
    StagedPlan other = PlanOn(*room, window, may_relax);
    if (std::holds_alternative<Seats>(other.plan.result)) staged = std::move(other);
    refusal = std::get_if<Refusal>(&staged.plan.result);
  }
  lacks_room = refusal != nullptr && is_short(*refusal);
  // What waits for a closer place needs no new node.
  if (lacks_room && asks_for_nodes && !may_relax && gang.topology.empty())
    lacks_room = std::holds_alternative<Refusal>(PlanOn(*view, window, true).plan.result);
  choice = std::move(staged.plan.choice);
  later = std::move(staged.later);
  return std::move(staged.plan.result);
}

StagedPlan PlanJob::PlanOn(const ClusterView& on, const absl::flat_hash_set<absl::string_view>* window,
                           bool relax) const {
  PlanInput input{on, ledger, gang, standing, declined, window, trees.topologies.get(), relax};
  input.minimum_only = minimum_only;
  input.tenants = tenants;
  input.penalties = penalties;
  if (worth.has_value()) input.worth = &*worth;
  input.kept_may_move = standing.size() > fixed.size();
  StagedPlan staged = PlanStages(input, *capacity, now);
  if (std::holds_alternative<Refusal>(staged.plan.result) && standing.size() > fixed.size()) {
    input.kept = fixed;
    input.kept_may_move = false;
    staged = PlanStages(input, *capacity, now);
  }
  return staged;
}

void ShowClasses(const ClusterView& view, const CapacityOptions& options, GangReport& report) {
  for (Seat& seat : report.seats) {
    const NodeState* state = view.FindNode(seat.node);
    if (state == nullptr) continue;
    seat.capacity = ClassOf(options.classes, *state->node);
    report.hourly_cost += options.prices.OfShare(*state->node, seat.capacity, seat.requests);
  }
}

GangReport MakeReport(const Gang& gang, const std::vector<Seat>& seats, std::optional<Refusal> refusal) {
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
  absl::flat_hash_map<PodUid, const Seat*> seat_of;
  for (const Seat& seat : seats) seat_of[seat.uid] = &seat;
  for (const auto& member : gang.members) {
    const bool lives = member->bound() && !member->finished();
    if (lives || member->phase == PodPhase::kSucceeded) ++report.bound;
    if (lives) {
      report.seats.push_back({member->name, member->uid, member->membership->role, member->membership->rank,
                              member->node, member->shape.requests});
      continue;
    }
    if (const auto seat = seat_of.find(member->uid); seat != seat_of.end())
      report.seats.push_back(*seat->second);
  }
  for (const auto& member : gang.members) {
    if (!member->rejected.empty()) report.rejected.push_back({member->name, member->node, member->rejected});
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

// Whether the gang has its minimum, and pending members beyond it.
bool HasSurplus(const Gang& gang, const std::variant<Seats, Refusal>& result) {
  const auto* seats = std::get_if<Seats>(&result);
  return seats != nullptr && static_cast<int64_t>(seats->size()) < Count(gang).pending;
}

// As if all pods of the view had been asked for one after the other.
GangWorth WorthOf(const ClusterView& view) {
  NodeWorth worth;
  view.pods().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    if (AsksForDevices(pod->shape.requests) && pod->shape.unmodelled.empty()) worth.Asked(pod->shape);
  });
  return worth.ForGang(std::make_shared<const ClusterView>(view), Ledger());
}

}  // namespace

std::vector<GangReport> PlanAll(const ClusterView& view, Ledger ledger, const Declined& declined,
                                const PlanAllOptions& options) {
  const std::vector<Gang> queue = Queue(view);
  const Topologies topologies = BuildTopologies(view, options.topology);
  const std::shared_ptr<const ClusterView> room = WithoutPlaceholders(view, options.placeholders_below);
  const GangWorth worth = WorthOf(view);
  std::vector<std::variant<Seats, Refusal>> results(queue.size());
  std::vector<std::string> choices(queue.size());
  // The minimum of every gang goes before the surplus of any.
  for (const bool minimum_only : {true, false}) {
    for (size_t g = 0; g < queue.size(); ++g) {
      const Gang& gang = queue[g];
      if (!minimum_only && !HasSurplus(gang, results[g])) continue;
      ledger.Release(gang.id);
      ledger.Release(LaterOwner(gang.id));
      PlanInput input{view, ledger, gang, {}, declined, nullptr, &topologies};
      input.may_relax = gang.topology.closeness.value_or(options.closeness) != Closeness::kStrict;
      input.minimum_only = minimum_only;
      input.tenants = options.tenants;
      input.worth = &worth;
      if (!minimum_only) input.kept = std::get<Seats>(results[g]);
      StagedPlan staged = PlanStages(input, options.capacity, absl::InfiniteFuture());
      const bool uses_room = room != nullptr && std::holds_alternative<Refusal>(staged.plan.result) &&
                             MayUsePlaceholders(gang, options.placeholders_below);
      if (uses_room) {
        PlanInput again{*room, ledger, gang, input.kept, declined, nullptr, &topologies};
        again.may_relax = input.may_relax;
        again.minimum_only = minimum_only;
        again.tenants = options.tenants;
        StagedPlan other = PlanStages(again, options.capacity, absl::InfiniteFuture());
        if (std::holds_alternative<Seats>(other.plan.result)) staged = std::move(other);
      }
      results[g] = std::move(staged.plan.result);
      choices[g] = std::move(staged.plan.choice);
      // The plan was made on this very view and ledger: its seats fit them.
      const auto reserve = [&](const GangId& owner, const Seats& seats) {
        if (seats.empty()) return;
        ledger.Reserve(uses_room ? *room : view, owner, seats, absl::InfiniteFuture()).IgnoreError();
      };
      if (const auto* seats = std::get_if<Seats>(&results[g])) reserve(gang.id, *seats);
      reserve(LaterOwner(gang.id), staged.later);
    }
  }
  std::vector<GangReport> reports;
  for (size_t g = 0; g < queue.size(); ++g) {
    auto* refusal = std::get_if<Refusal>(&results[g]);
    reports.push_back(refusal != nullptr
                          ? MakeReport(queue[g], {}, std::move(*refusal))
                          : MakeReport(queue[g], std::get<Seats>(std::move(results[g])), std::nullopt));
    reports.back().owner = declare::TopOwner(view, *queue[g].members.front());
    reports.back().later = DescribeLater(queue[g].later, ledger.Find(LaterOwner(queue[g].id)));
    ShowClasses(view, options.capacity, reports.back());
    reports.back().capacity = std::move(choices[g]);
    reports.back().left_to_scheduler = NotUnderstood(view, queue[g]);
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
