// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/capacity_plan.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/capacity/gang_choice.h"
#include "scheduling/plan/seat_classes.h"

namespace muster {
namespace {

// What may fit some day comes before what never does.
std::pair<bool, int64_t> Hope(const Refusal& refusal) {
  return {refusal.kind != Refusal::Kind::kNeverFits, refusal.fits};
}

// Where nodes of several classes together would do.
void SayWhatAllowsAll(PlanInput input, Refusal& refusal) {
  if (!refusal.would_fit_if.empty()) return;
  input.classes = nullptr;
  if (std::holds_alternative<Refusal>(PlanGang(input))) return;
  const bool mixes = input.gang.members.front()->capacity.mix.has_value();
  refusal.would_fit_if = mixes ? "its mix were no more than a preference (prefer in muster.dev/capacity-mix)"
                               : "it might be on nodes of every capacity class (muster.dev/capacity: any)";
  absl::StrAppend(&refusal.text, "; it would fit if ", refusal.would_fit_if);
}

}  // namespace

CapacityPlan PlanWithCapacity(PlanInput input, const CapacityOptions& options, absl::Time now) {
  const std::vector<GangChoice> choices = ChoicesFor(input.view, input.gang, input.kept, options, now);
  if (choices.empty()) return {PlanGang(input), ""};
  std::optional<CapacityPlan> best;
  for (const GangChoice& choice : choices) {
    SeatClasses classes{.options = options.classes, .members = {}};
    for (size_t m = 0; m < choice.members.size(); ++m) {
      if (choice.members[m] != ClassSet::All())
        classes.members[input.gang.members[m]->uid] = choice.members[m];
    }
    input.classes = &classes;
    CapacityPlan next{PlanGang(input), choice.text};
    const auto* refusal = std::get_if<Refusal>(&next.result);
    // What no capacity would change is the same with every choice.
    const bool final = refusal == nullptr || refusal->kind == Refusal::Kind::kIncomplete ||
                       refusal->kind == Refusal::Kind::kInvalid;
    if (final) return next;
    if (!best.has_value() || Hope(*refusal) > Hope(std::get<Refusal>(best->result))) best = std::move(next);
  }
  SayWhatAllowsAll(std::move(input), std::get<Refusal>(best->result));
  return *std::move(best);
}

}  // namespace muster
