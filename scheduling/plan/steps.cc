// SPDX-License-Identifier: Apache-2.0
// What is placed in turn within the domain of a part.
#include <algorithm>
#include <tuple>
#include <utility>

#include "scheduling/plan/in_turn.h"
#include "scheduling/plan/step.h"

namespace muster {

std::vector<Placer::Step> Placer::StepsOf(int32_t p, const Scope& scope) const {
  std::vector<Step> steps;
  const auto weigh = [&](Step step, const std::vector<size_t>& members) {
    for (const size_t m : members) {
      const Resources& requests = parts_.members[m].pod->shape.requests;
      for (const auto& [name, amount] : requests.scalars) step.devices += static_cast<double>(amount);
      step.cpu_millis += static_cast<double>(requests.cpu_millis);
      const auto& terms = parts_.members[m].pod->shape.terms;
      step.follows |= terms.has_value() && !terms->affinity.empty();
    }
    steps.push_back(std::move(step));
  };
  for (Fill& fill : MakeFills(parts_, p, Waiting(part(p).members, true), scope)) {
    const bool pinned = fill.broken;
    const std::vector<size_t> members = fill.members;
    weigh({.fill = std::move(fill), .pinned = pinned}, members);
  }
  for (const int32_t child : part(p).children) {
    const std::vector<size_t> waiting = Waiting(part(child).all, true);
    if (waiting.empty()) continue;
    weigh({.child = child,
           .optional = parts_.IsOptional(child),
           .pinned = !constraints_.PlacesOf(child).empty()},
          waiting);
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return std::tuple(!a.pinned, a.follows, -a.devices, -a.cpu_millis) <
           std::tuple(!b.pinned, b.follows, -b.devices, -b.cpu_millis);
  });
  return steps;
}

std::vector<Fill> Placer::FillsOf(const Step& step, const Scope& scope) const {
  if (step.child < 0) return {step.fill};
  const Part& child = part(step.child);
  const bool plain = child.demand.tree == nullptr && child.children.empty() && !step.optional;
  if (!plain) return {};
  return MakeFills(parts_, step.child, Waiting(child.members, true), scope);
}

bool Placer::PlaceTogether(int32_t p, const std::vector<Step>& steps, const Scope& scope) {
  std::vector<Step> others;
  std::vector<Fill> together;
  bool skewed = false;
  for (const Step& step : steps) {
    const std::vector<Fill> fills = FillsOf(step, scope);
    const bool in_turn = !fills.empty() && std::all_of(fills.begin(), fills.end(), [&](const Fill& fill) {
      return board_.OneByOne(fill.cls) && fill.layers.empty() && !fill.nowhere;
    });
    if (!in_turn) {
      others.push_back(step);
      continue;
    }
    for (const Fill& fill : fills) {
      const auto& terms = board_.shape(fill.cls).terms;
      skewed |= terms.has_value() && !terms->spread.empty();
      together.push_back(fill);
    }
  }
  if (!skewed || together.size() < 2 || part(p).min_children > 0) return false;
  effort_.Spend(board_.node_count() * static_cast<int64_t>(board_.class_count()));
  return PlaceInTurn(std::move(together)) && !PlaceInOrder(p, others, scope).has_value();
}

bool Placer::PlaceInTurn(std::vector<Fill> fills) {
  InTurn in_turn(board_);
  const size_t first = fills_.size();
  for (Fill& fill : fills) {
    const CapacityRules rules = constraints_.RulesOf(fill.part);
    in_turn.Add({fills_.size(), fill.cls, rules, fill.scope, fill.scope.DomainIn(*rules.tree),
                 static_cast<int64_t>(fill.members.size())});
    fills_.push_back(std::move(fill));
  }
  in_turn.Run();
  for (size_t f = first; f < fills_.size(); ++f) {
    if (in_turn.taken(f - first) == static_cast<int64_t>(fills_[f].members.size())) continue;
    NoteFailure(fills_[f].part, fills_[f].cls);
    return false;
  }
  return true;
}

}  // namespace muster
