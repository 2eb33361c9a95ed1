// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_geometry.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

constexpr MigMask Bits(int first, int count) { return ((MigMask{1} << count) - 1) << first; }

// The media engines are handed out with the slices, so those of an instance
// are told by where it is; one that has all of them has no place of its own.
MigMask Engines(const MigGeometry::Rule& rule, int start, int slices, int groups) {
  if (rule.engines == 0) return 0;
  const int first = rule.engines == groups ? 0 : start * groups / slices;
  return Bits(slices + first, rule.engines);
}

// The most instances without a bit in common; starts ascend, so taking the
// next one that is free takes the most.
int Most(absl::Span<const MigPlacement> placements) {
  MigMask taken = 0;
  int count = 0;
  for (const MigPlacement& placement : placements) {
    if ((placement.mask & taken) != 0) continue;
    taken |= placement.mask;
    ++count;
  }
  return count;
}

}  // namespace

std::string PlainProfile(absl::string_view name) {
  absl::ConsumePrefix(&name, "nvidia.com/");
  absl::ConsumePrefix(&name, "mig-");
  std::string plain;
  for (const char c : name) {
    if (c != '.' && c != '+') plain.push_back(absl::ascii_tolower(c));
  }
  return plain;
}

MigGeometry::MigGeometry(std::string name, int slices, int engine_groups, std::vector<Rule> rules)
    : name_(std::move(name)), slices_(slices) {
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    return std::tie(a.profile.size, a.profile.compute, a.profile.name) <
           std::tie(b.profile.size, b.profile.compute, b.profile.name);
  });
  int next = slices + engine_groups;  // bit
  for (Rule& rule : rules) {
    const MigMask once = rule.once ? Bits(next++, 1) : 0;
    MigProfile profile = std::move(rule.profile);
    profile.first = static_cast<int64_t>(placements_.size());
    for (const int start : rule.starts) {
      const MigMask mask = Bits(start, profile.size) | Engines(rule, start, slices, engine_groups) | once;
      placements_.push_back({.profile = static_cast<int>(profiles_.size()), .start = start, .mask = mask});
      whole_ |= mask;
    }
    profile.most = Most(absl::MakeConstSpan(placements_).subspan(profile.first));
    profiles_.push_back(std::move(profile));
  }
}

absl::Span<const MigPlacement> MigGeometry::PlacementsOf(int profile) const {
  const size_t first = profiles_[profile].first;
  const bool last = static_cast<size_t>(profile) + 1 == profiles_.size();
  const size_t end = last ? placements_.size() : static_cast<size_t>(profiles_[profile + 1].first);
  return absl::MakeConstSpan(placements_).subspan(first, end - first);
}

int MigGeometry::FindProfile(absl::string_view name) const {
  const std::string plain = PlainProfile(name);
  for (size_t i = 0; i < profiles_.size(); ++i) {
    if (PlainProfile(profiles_[i].name) == plain) return static_cast<int>(i);
  }
  return -1;
}

const MigPlacement* MigGeometry::FindPlacement(int profile, int start) const {
  for (const MigPlacement& placement : PlacementsOf(profile)) {
    if (placement.start == start) return &placement;
  }
  return nullptr;
}

int MigGeometry::FreeStarts(MigMask taken, int profile) const {
  const absl::Span<const MigPlacement> all = PlacementsOf(profile);
  return static_cast<int>(std::count_if(all.begin(), all.end(),
                                        [taken](const MigPlacement& at) { return (at.mask & taken) == 0; }));
}

std::optional<std::vector<MigPlacement>> MigGeometry::Place(MigMask taken,
                                                            absl::Span<const int> profiles) const {
  // A GPU never holds more instances than it has slices; the search below is bounded by that.
  if (profiles.size() > static_cast<size_t>(slices_)) return std::nullopt;
  std::vector<int> order(profiles.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [profiles](int a, int b) { return profiles[a] > profiles[b]; });
  std::vector<MigPlacement> placed(profiles.size());
  if (!PlaceRest(taken, order, profiles, slices_, placed)) return std::nullopt;
  return placed;
}

bool MigGeometry::PlaceRest(MigMask taken, absl::Span<const int> order, absl::Span<const int> profiles,
                            int below, std::vector<MigPlacement>& placed) const {
  if (order.empty()) return true;
  const int index = order.front();
  const absl::Span<const MigPlacement> all = PlacementsOf(profiles[index]);
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (at->start >= below || (at->mask & taken) != 0) continue;
    placed[index] = *at;
    // Instances of one profile are alike, so only descending starts are tried.
    const bool alike = order.size() > 1 && profiles[order[1]] == profiles[index];
    if (PlaceRest(taken | at->mask, order.subspan(1), profiles, alike ? at->start : slices_, placed))
      return true;
  }
  return false;
}

}  // namespace muster
