// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/refusal_text.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array kUnits = {std::pair{"Ti", int64_t{1} << 40}, std::pair{"Gi", int64_t{1} << 30},
                                        std::pair{"Mi", int64_t{1} << 20}, std::pair{"Ki", int64_t{1} << 10}};
  for (const auto& [unit, size] : kUnits) {
    if (bytes < size && bytes > -size) continue;
    if (bytes % size == 0) return absl::StrCat(bytes / size, unit);
    return absl::StrFormat("%.1f%s", static_cast<double>(bytes) / static_cast<double>(size), unit);
  }
  return absl::StrCat(bytes);
}

std::string Counted(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

std::string FormatAmount(absl::string_view resource, int64_t amount) {
  if (resource == kCpu) return amount % 1000 == 0 ? absl::StrCat(amount / 1000) : absl::StrCat(amount, "m");
  if (resource == kMemory || resource == kEphemeralStorage) return FormatBytes(amount);
  return absl::StrCat(amount);
}

std::string FormatRequests(const Resources& requests) {
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view name, int64_t amount) {
    if (amount > 0) parts.push_back(absl::StrCat(name, " ", FormatAmount(name, amount)));
  };
  add(kCpu, requests.cpu_millis);
  add(kMemory, requests.memory_bytes);
  add(kEphemeralStorage, requests.ephemeral_bytes);
  for (const auto& [name, amount] : requests.scalars) add(name, amount);
  return parts.empty() ? "a pod slot" : absl::StrJoin(parts, ", ");
}

namespace {

std::string Slices(const std::vector<SliceFit>& slices) {
  std::string text;
  for (const SliceFit& slice : slices) {
    absl::StrAppendFormat(&text, ", %d of %d slices of %d in one %s each", slice.fits, slice.of, slice.size,
                          slice.level);
  }
  return text;
}

// "7 of 8 members fit", and where.
std::string HowMany(const NoRoomFacts& facts, const Refusal& refusal) {
  const std::string at_best = facts.domain.empty() ? "" : absl::StrCat(" (", facts.domain, " at best)");
  std::string text = refusal.subgroup.empty() || !facts.alone
                         ? absl::StrFormat("%d of %d members fit", refusal.fits, refusal.of)
                         : absl::StrFormat("of subgroup %s %d of %d members fit", refusal.subgroup,
                                           facts.part_fits, facts.part_of);
  if (!facts.level.empty()) {
    absl::StrAppend(&text, " in one ", facts.level, at_best, facts.is_default ? ", wanted by default" : "");
  }
  if (!facts.alone) {
    absl::StrAppend(
        &text, ", but ",
        refusal.subgroup.empty() ? "not all" : absl::StrCat("subgroup ", refusal.subgroup, " not"),
        " beside the others");
  }
  return absl::StrCat(text, Slices(refusal.slices));
}

// "; of 8 nodes there 6 filled by this gang, 2 unschedulable".
std::string WhereAndWhy(const NoRoomFacts& facts, const Refusal& refusal) {
  std::string text = absl::StrCat("; one more needs ", FormatRequests(*facts.requests),
                                  facts.devices.empty() ? "" : ", ", facts.devices);
  if (refusal.nodes == 0) return absl::StrCat(text, "; there is no node");
  absl::StrAppend(&text, "; of ", Counted(refusal.nodes, "node"), facts.domain.empty() ? "" : " there");
  const char* separator = " ";
  for (const Exclusion& exclusion : refusal.excluded) {
    absl::StrAppend(&text, separator, exclusion.nodes, " ", exclusion.cause);
    separator = ", ";
  }
  if (facts.scarcest.has_value()) {
    absl::StrAppend(
        &text, " (most free on a node: ", FormatAmount(facts.scarcest->resource, facts.scarcest->most_free),
        " ", facts.scarcest->resource, ")");
  }
  return text;
}

// "only 2 would fit": of what is short now, or of another part, which is named.
std::string EvenIfEmpty(const NoRoomFacts& facts, const Refusal& refusal) {
  const ShortWhenEmpty& empty = *facts.when_empty;
  const bool same = empty.subgroup == refusal.subgroup && empty.alone == facts.alone;
  const std::string subgroup = empty.subgroup.empty() ? "" : absl::StrCat("subgroup ", empty.subgroup);
  if (!empty.alone) {
    if (same || subgroup.empty()) return "they would not";
    return absl::StrCat(subgroup, " would not fit beside the others");
  }
  std::string text =
      absl::StrCat(same || subgroup.empty() ? "" : absl::StrCat("of ", subgroup, " "),
                   empty.fits == 0 ? "none" : absl::StrCat("only ", empty.fits),
                   same || empty.fits == 0 ? "" : absl::StrCat(" of ", empty.of), " would fit");
  if (empty.level != facts.level && !empty.level.empty()) absl::StrAppend(&text, " in one ", empty.level);
  absl::StrAppend(&text, Slices(empty.slices));
  if (empty.requests != nullptr && *empty.requests != *facts.requests)
    absl::StrAppend(&text, "; one more needs ", FormatRequests(*empty.requests));
  return text;
}

}  // namespace

NoRoom DescribeNoRoom(const Gang& gang, const NoRoomFacts& facts, Refusal refusal) {
  refusal.text =
      absl::StrCat("gang ", gang.id.text(), ": ", HowMany(facts, refusal), WhereAndWhy(facts, refusal));
  if (!refusal.would_fit_if.empty())
    absl::StrAppend(&refusal.text, "; it would fit if ", refusal.would_fit_if);
  NoRoom no_room{std::move(refusal)};
  if (facts.when_empty.has_value() && no_room.refusal.nodes > 0) {
    no_room.if_empty = absl::StrCat("; even if every node were empty, ", EvenIfEmpty(facts, no_room.refusal));
  }
  return no_room;
}

Refusal Incomplete(const Gang& gang, int64_t exist, absl::string_view what_is_missing) {
  return {.kind = Refusal::Kind::kIncomplete,
          .fits = exist,
          .of = gang.min_members,
          .text = absl::StrCat("gang ", gang.id.text(), " waits: ", what_is_missing)};
}

Refusal LeftToOthers(const Gang& gang, const std::vector<std::string>& ours) {
  return Invalid(gang, absl::StrFormat("its pods are of scheduler %s, and gangs.schedulerNames has %s",
                                       gang.members.front()->scheduler_name, absl::StrJoin(ours, ", ")));
}

Refusal Invalid(const Gang& gang, absl::string_view problem) {
  return {.kind = Refusal::Kind::kInvalid,
          .fits = 0,
          .of = gang.min_members,
          .text = absl::StrCat("gang ", gang.id.text(), " can't be planned: ", problem)};
}

}  // namespace muster
