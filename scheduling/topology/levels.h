// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/topology.h"

namespace muster {

inline constexpr size_t kMaxLevels = 16;  // as Kueue allows
inline constexpr absl::string_view kHostnameLabel = "kubernetes.io/hostname";

// Says whether `levels`, outermost first, make a topology: 1 to kMaxLevels of
// them, none empty, no key or name twice, and the host last if it is there.
//   kInvalidArgument  names the level, and the number where there are too many
absl::Status CheckLevels(absl::Span<const Level> levels);

// The index of the level that `text` means: its label key, its name, or another
// word for its name (see CommonName). Keys go before names. Where levels are
// tiers, TierName(n) means tier n; if there is none, the next one within it, and
// above all tiers the outermost: it is what one may spread over, as with
// Volcano's highestTierAllowed.
//   kNotFound  lists the levels that there are
absl::StatusOr<size_t> FindLevel(absl::Span<const Level> levels, absl::string_view text);

// "tier-2" for 2.
std::string TierName(int64_t tier);

// The levels' names from the outermost to the innermost, as "zone > rack > host".
std::string LevelNames(absl::Span<const Level> levels);

// Names in error messages and tables: cut where they are absurdly long.
std::string Shortened(absl::string_view name);

}  // namespace muster
