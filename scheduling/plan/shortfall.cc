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
int32_t ShortSubgroup(Board& board, const Parts& parts, const Constraints& constraints, Effort& effort) {
  for (size_t p = 1; p < parts.all.size(); ++p) {
    const auto part = static_cast<int32_t>(p);
    const Demand& demand = parts.all[p].demand;
    if (parts.IsOptional(part) || (!demand.required.has_value() && demand.slices.empty())) continue;
    Survey survey(board, parts, constraints, part, effort);
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

// How many required members outside of the part find room, each subgroup by
// itself.
int64_t FitsOutsideOf(int32_t part, Board& board, const Parts& parts, const Constraints& constraints,
                      const Survey& whole, Effort& effort) {
  int64_t fits = 0;
  int64_t within = 0;  // required members of the subgroups directly in the gang
  for (const int32_t child : parts.all[0].children) {
    Survey survey(board, parts, constraints, child, effort);
    within += survey.missing();
    if (!constraints.IsWithin(part, child)) {
      fits += survey.FindClosest(parts.all[At(child)].demand.required).fits;
    }
  }
  return fits + whole.missing() - within;
}

// Where the attempt was, if the gang has to be in one domain of a level.
std::optional<DomainId> DomainOfAttempt(const Survey& whole, const Placer::Furthest& furthest,
                                        std::optional<size_t> level) {
  if (!level.has_value() || furthest.taken.empty()) return std::nullopt;
  return whole.rules().tree->DomainOf(furthest.taken.front().node, *level);
}

Short FindShort(Board& board, const Parts& parts, const Constraints& constraints,
                const Placer::Furthest& furthest, Effort& effort) {
  Short found{.level = parts.all[0].demand.required};
  Survey whole(board, parts, constraints, 0, effort);
  found.closest = whole.FindClosest(found.level);
  if (found.closest.fits < whole.missing()) return found;
  const int32_t part = ShortSubgroup(board, parts, constraints, effort);
  if (part < 0) {
    const DomainId domain = found.closest.domain;
    found = {.part = furthest.part, .level = found.level, .closest = {}, .alone = false};
    found.closest = Replayed(board, furthest.taken, furthest.cls);
    found.closest.domain = DomainOfAttempt(whole, furthest, found.level).value_or(domain);
    return found;
  }
  Survey survey(board, parts, constraints, part, effort);
  const std::optional<size_t> level = parts.all[At(part)].demand.required;
  return {part, level, survey.FindClosest(level),
          FitsOutsideOf(part, board, parts, constraints, whole, effort), true};
}

// Whether the gang finds its places if the part needs one domain of `level`, or
// none at all.
bool FitsWithin(std::optional<size_t> level, int32_t part, const PlanInput& input, const Parts& parts,
                Board& board, Effort& effort) {
  Parts relaxed = parts;
  relaxed.all[At(part)].demand.required = level;
  const size_t before = board.taken().size();
  const bool fits = Placer(board, relaxed, OthersHere(input, parts, board), &effort).PlaceRequired();
  board.UndoTo(before);
  return fits;
}

// The innermost level outside of the short part's of which one domain would be
// enough, as it was tried.
std::string WouldFitIf(const PlanInput& input, const Parts& parts, const Short& found,
                       const std::vector<LevelFit>& levels, const Survey& survey, Board& board,
                       Effort& effort) {
  for (size_t l = *found.level; l-- > 0;) {
    if (!survey.MightHold(l) || !FitsWithin(l, found.part, input, parts, board, effort)) continue;
    return absl::StrCat("one ", Shortened(levels[l].level), " were enough");
  }
  if (!survey.MightHold(std::nullopt) || !FitsWithin(std::nullopt, found.part, input, parts, board, effort))
    return "";
  return absl::StrCat("more than one ", Shortened(levels[*found.level].level), " were allowed");
}

// Counts the slices of each layer as if there were no layers around it.
void AddSlices(const Board& board, const Demand& demand, const Survey& survey, const Closest& closest,
               std::vector<SliceFit>& slices) {
  for (size_t i = 0; i < demand.slices.size(); ++i) {
    const SliceLayer& layer = demand.slices[i];
    CapacityRules rules = survey.rules();
    rules.layers.assign(demand.slices.begin() + static_cast<std::ptrdiff_t>(i), demand.slices.end());
    int64_t fits = 0;
    for (size_t cls = 0; cls < board.class_count(); ++cls) {
      if (survey.missing(cls) == 0) continue;
      const DomainRoom capacity = CountCapacity(board, cls, rules, Scope());
      fits += std::min(survey.missing(cls), capacity[closest.domain]) / layer.size;
    }
    slices.push_back({.level = demand.tree->levels()[layer.level].name,
                      .size = layer.size,
                      .fits = fits,
                      .of = survey.missing() / layer.size});
  }
}

// Whether the board has less of some resource than the gang needs in all.
bool LacksInAll(const Board& board, const Parts& parts) {
  Resources needed;
  Resources free;
  for (const Member& member : parts.members) {
    if (member.required && member.node == kNoNode) needed += member.pod->shape.requests;
  }
  for (int32_t n = 0; n < board.node_count(); ++n) {
    bool usable = false;
    for (size_t cls = 0; cls < board.class_count() && !usable; ++cls) usable = board.MayUse(cls, n);
    if (usable) free += board.free(n);
  }
  return !Fits(needed, free);
}

// Whether no placement can exist on the board, by proof: that none was found
// proves nothing where members of several kinds compete.
bool CannotFit(Board& board, const Parts& parts, const Constraints& constraints, Effort& effort) {
  for (size_t p = 0; p < parts.all.size(); ++p) {
    const auto part = static_cast<int32_t>(p);
    if (parts.IsOptional(part)) continue;
    const Survey survey(board, parts, constraints, part, effort);
    if (!survey.MightHold(parts.all[p].demand.required)) return true;
  }
  return LacksInAll(board, parts);
}

// What is short if nothing ran anywhere; nullopt if the whole gang would fit, or might.
std::optional<ShortWhenEmpty> FindShortWhenEmpty(const PlanInput& input, const Parts& parts, Effort& effort) {
  if (HasChoice(parts)) return std::nullopt;  // other members might
  Board empty = EmptyBoard(input, parts);
  Parts copy = parts;
  Placer placer(empty, copy, {}, &effort);
  if (placer.PlaceRequired()) return std::nullopt;
  const std::vector<Fill> none;
  const Constraints constraints(empty, parts, none, {});
  if (!placer.exhausted() && !CannotFit(empty, parts, constraints, effort)) return std::nullopt;
  const Short found = FindShort(empty, parts, constraints, placer.furthest(), effort);
  const Survey survey(empty, parts, constraints, found.part, effort);
  const Part& part = parts.all[At(found.part)];
  ShortWhenEmpty is_short{
      .subgroup = part.name, .fits = found.closest.fits, .of = survey.missing(), .alone = found.alone};
  if (found.level.has_value()) is_short.level = Shortened(survey.rules().tree->levels()[*found.level].name);
  if (found.closest.short_of.has_value()) is_short.requests = &empty.shape(*found.closest.short_of).requests;
  if (found.alone) AddSlices(empty, part.demand, survey, found.closest, is_short.slices);
  return is_short;
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
  CapacityRules rules = survey.rules();
  if (found.level.has_value())
    rules.innermost_needed = std::max(rules.innermost_needed.value_or(0), *found.level);
  Exclusions exclusions = FindExclusions(input, board, cls, rules, found.closest.left, nodes);
  refusal.excluded = std::move(exclusions.by_cause);
  return {cls, std::move(exclusions.scarcest)};
}

}  // namespace

Refusal Shortfall(const PlanInput& input, const Parts& parts, std::optional<size_t> default_level,
                  const Placer::Furthest& furthest, Board& board) {
  const std::vector<Fill> none;
  const Constraints constraints(board, parts, none, OthersHere(input, parts, board));
  Effort effort(board.node_count());
  const Short found = FindShort(board, parts, constraints, furthest, effort);
  Survey survey(board, parts, constraints, found.part, effort);
  const DomainTree& tree = *survey.rules().tree;
  const GangCount count = Count(input.gang);
  const int64_t satisfied = count.satisfied + static_cast<int64_t>(input.kept.size());

  Refusal refusal{.kind = Refusal::Kind::kNoRoom};
  refusal.of = count.needed;
  refusal.fits = std::min(satisfied + found.others + found.closest.fits, count.needed - 1);
  refusal.subgroup = parts.all[At(found.part)].name;
  for (size_t l = 0; l < tree.levels().size(); ++l) refusal.levels.push_back(survey.AtLevel(l));
  if (found.alone) AddSlices(board, parts.all[At(found.part)].demand, survey, found.closest, refusal.slices);
  const bool one = found.level.has_value();
  if (one && found.alone)
    refusal.would_fit_if = WouldFitIf(input, parts, found, refusal.levels, survey, board, effort);
  Scarcity scarcity = CountExclusions(input, board, found, survey, refusal);

  std::optional<ShortWhenEmpty> when_empty;
  if (satisfied == 0 && !default_level.has_value()) when_empty = FindShortWhenEmpty(input, parts, effort);
  if (when_empty.has_value()) refusal.kind = Refusal::Kind::kNeverFits;
  DescribeNoRoom(input.gang,
                 {.requests = &board.shape(scarcity.cls).requests,
                  .scarcest = std::move(scarcity.scarcest),
                  .when_empty = std::move(when_empty),
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
