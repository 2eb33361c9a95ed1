// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/shortfall.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/plan/exclusions.h"
#include "scheduling/plan/exclusive.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/refusal_text.h"
#include "scheduling/plan/survey.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

// The subgroup that alone is short of room for its own demand; -1 if there is none.
int32_t ShortSubgroup(Board& board, const Parts& parts, const Constraints& constraints) {
  for (size_t p = 1; p < parts.all.size(); ++p) {
    const auto part = static_cast<int32_t>(p);
    const Demand& demand = parts.all[p].demand;
    if (parts.IsOptional(part) || (!demand.required.has_value() && demand.slices.empty())) continue;
    Survey survey(board, parts, constraints, part);
    if (survey.missing() > survey.FindClosest(demand.required).fits) return part;
  }
  return -1;
}

// What is short of room: the gang as a whole, or else one of its subgroups.
struct Short {
  int32_t part = 0;
  std::optional<size_t> level;  // of which one domain has to hold it
  Closest closest = {};
  int64_t others = 0;  // required members of the gang beside it, which are not short
  bool alone = true;   // it is short by itself; otherwise only beside the others
};

// What one more member asks for, and the resource that most lacks.
struct Scarcity {
  size_t cls = 0;
  std::optional<Scarcest> scarcest;
};

Short FindShort(Board& board, const Parts& parts, const Constraints& constraints,
                const Placer::Furthest& furthest) {
  Short found{.level = parts.all[0].demand.required};
  Survey whole(board, parts, constraints, 0);
  found.closest = whole.FindClosest(found.level);
  if (found.closest.fits < whole.missing()) return found;
  const int32_t part = ShortSubgroup(board, parts, constraints);
  if (part < 0) {
    found.part = furthest.part;
    found.closest.fits = furthest.members;
    found.alone = false;
    return found;
  }
  Survey survey(board, parts, constraints, part);
  const std::optional<size_t> level = parts.all[At(part)].demand.required;
  return {part, level, survey.FindClosest(level), whole.missing() - survey.missing(), true};
}

// The innermost level outside of `level` of which one domain would be enough.
std::string WouldFitIf(const std::vector<LevelFit>& levels, size_t level, const Survey& survey) {
  for (size_t l = level; l-- > 0;) {
    if (levels[l].holding > 0) return absl::StrCat("one ", Shortened(levels[l].level), " were enough");
  }
  if (survey.Bound(kRootDomain) < survey.missing()) return "";
  return absl::StrCat("more than one ", Shortened(levels[level].level), " were allowed");
}

void AddSlices(const Demand& demand, int64_t fits, int64_t of, Refusal& refusal) {
  for (const SliceLayer& layer : demand.slices) {
    refusal.slices.push_back({.level = demand.tree->levels()[layer.level].name,
                              .size = layer.size,
                              .fits = fits / layer.size,
                              .of = of / layer.size});
  }
}

// How many of the short part's members would fit if nothing ran anywhere;
// nullopt if the whole gang would.
std::optional<int64_t> FitWhenEmpty(const PlanInput& input, const Parts& parts, const Short& found) {
  Board empty = EmptyBoard(input, parts);
  Parts copy = parts;
  if (Placer(empty, copy, {}).PlaceRequired()) return std::nullopt;
  const std::vector<Fill> none;
  const Constraints constraints(empty, parts, none, {});
  return Survey(empty, parts, constraints, found.part).FindClosest(found.level).fits;
}

// Says what keeps the next member off the nodes where the part comes closest.
Scarcity CountExclusions(const PlanInput& input, const Board& board, const Short& found, const Survey& survey,
                         Refusal& refusal) {
  const absl::Span<const int32_t> nodes = survey.rules().tree->NodesOf(found.closest.domain);
  refusal.nodes = static_cast<int64_t>(nodes.size());
  if (!found.closest.short_of.has_value()) {
    size_t cls = 0;
    while (survey.missing(cls) == 0 && cls + 1 < board.class_count()) ++cls;
    return {cls, std::nullopt};
  }
  const size_t cls = *found.closest.short_of;
  Exclusions exclusions = FindExclusions(input, board, cls, survey.rules(), found.closest.left, nodes);
  refusal.excluded = std::move(exclusions.by_cause);
  return {cls, std::move(exclusions.scarcest)};
}

}  // namespace

Refusal Shortfall(const PlanInput& input, const Parts& parts, std::optional<size_t> default_level,
                  const Placer::Furthest& furthest, Board& board) {
  const std::vector<Fill> none;
  const Constraints constraints(board, parts, none, OthersHere(input, parts, board));
  const Short found = FindShort(board, parts, constraints, furthest);
  Survey survey(board, parts, constraints, found.part);
  const DomainTree& tree = *survey.rules().tree;
  const GangCount count = Count(input.gang);
  const int64_t satisfied = count.satisfied + static_cast<int64_t>(input.kept.size());

  Refusal refusal{.kind = Refusal::Kind::kNoRoom};
  refusal.of = count.needed;
  refusal.fits = std::min(satisfied + found.others + found.closest.fits, count.needed - 1);
  refusal.subgroup = parts.all[At(found.part)].name;
  for (size_t l = 0; l < tree.levels().size(); ++l) refusal.levels.push_back(survey.AtLevel(l));
  if (found.alone) AddSlices(parts.all[At(found.part)].demand, found.closest.fits, survey.missing(), refusal);
  const bool one = found.alone && found.level.has_value();
  if (one) refusal.would_fit_if = WouldFitIf(refusal.levels, *found.level, survey);
  Scarcity scarcity = CountExclusions(input, board, found, survey, refusal);

  std::optional<int64_t> fit_when_empty;
  if (satisfied == 0 && !default_level.has_value()) fit_when_empty = FitWhenEmpty(input, parts, found);
  if (fit_when_empty.has_value()) refusal.kind = Refusal::Kind::kNeverFits;
  DescribeNoRoom(input.gang,
                 {.requests = &board.shape(scarcity.cls).requests,
                  .scarcest = std::move(scarcity.scarcest),
                  .fit_when_empty = fit_when_empty,
                  .level = one ? Shortened(tree.levels()[*found.level].name) : "",
                  .domain = one ? tree.PathOf(found.closest.domain) : "",
                  .part_fits = found.closest.fits,
                  .part_of = survey.missing(),
                  .alone = found.alone,
                  .is_default = default_level.has_value()},
                 refusal);
  return refusal;
}

}  // namespace muster
