// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/levels.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "scheduling/topology/well_known.h"

namespace muster {
namespace {

constexpr absl::string_view kTier = "tier-";

}  // namespace

absl::Status CheckLevels(absl::Span<const Level> levels) {
  if (levels.empty()) return absl::InvalidArgumentError("no levels; want 1 to 16");
  if (levels.size() > kMaxLevels) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d levels; want at most %d", levels.size(), kMaxLevels));
  }
  absl::flat_hash_set<absl::string_view> keys;
  absl::flat_hash_set<absl::string_view> names;
  for (size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    if (level.name.empty() || (level.key.empty() && level.tier == 0)) {
      return absl::InvalidArgumentError(absl::StrFormat("level %d has no label key", i + 1));
    }
    if (!level.key.empty() && !keys.insert(level.key).second) {
      return absl::InvalidArgumentError(absl::StrCat("label ", Shortened(level.key), " is two levels"));
    }
    if (!names.insert(level.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("two levels are called ", Shortened(level.name)));
    }
    if (level.key == kHostnameLabel && i + 1 < levels.size()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("level %d is %s; nothing can be within a host", i + 1, kHostnameLabel));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> FindLevel(absl::Span<const Level> levels, absl::string_view text) {
  for (size_t i = 0; i < levels.size(); ++i) {
    if (!levels[i].key.empty() && levels[i].key == text) return i;
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].name == text) return i;
  }
  const absl::string_view common = CommonName(text);
  for (size_t i = 0; i < levels.size(); ++i) {
    if (!common.empty() && (CommonName(levels[i].name) == common || NameOfKey(levels[i].key) == common))
      return i;
  }
  int64_t tier = 0;
  if (absl::StartsWith(text, kTier) && absl::SimpleAtoi(text.substr(kTier.size()), &tier)) {
    // Outermost first: the first that is not farther out.
    for (size_t i = 0; i < levels.size(); ++i) {
      if (levels[i].tier > 0 && levels[i].tier <= tier) return i;
    }
  }
  return absl::NotFoundError(
      absl::StrFormat("no level \"%s\" among %s", Shortened(text), LevelNames(levels)));
}

std::string TierName(int64_t tier) { return absl::StrCat(kTier, tier); }

std::string LevelNames(absl::Span<const Level> levels) {
  return absl::StrJoin(levels, " > ", [](std::string* out, const Level& level) {
    absl::StrAppend(out, Shortened(level.name));
  });
}

std::string Shortened(absl::string_view name) {
  constexpr size_t kLongest = 100;  // more than any label value (63), and most keys
  return name.size() <= kLongest ? std::string(name) : absl::StrCat(name.substr(0, kLongest), "...");
}

}  // namespace muster
