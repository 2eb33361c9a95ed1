// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/later.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

// Gangs that are called after a controller have its kind before the colon.
constexpr absl::string_view kPrefix = "later:";

std::string Parts(const Later& later) {
  constexpr size_t kShown = 4;
  const size_t shown = std::min(kShown, later.parts.size());
  return absl::StrCat(absl::StrJoin(later.parts.begin(), later.parts.begin() + static_cast<int>(shown), ", "),
                      shown < later.parts.size() ? ", ..." : "");
}

}  // namespace

GangId LaterOwner(const GangId& gang) { return GangId(gang.ns(), absl::StrCat(kPrefix, gang.name())); }

std::optional<GangId> GangOfLater(const GangId& owner) {
  absl::string_view name = owner.name();
  if (!absl::ConsumePrefix(&name, kPrefix)) return std::nullopt;
  return GangId(owner.ns(), name);
}

void MentionLater(const Later& later, Refusal& refusal) {
  absl::StrAppendFormat(&refusal.text, "; %d of them created later (%s)", later.count, Parts(later));
}

std::string DescribeLater(const Later& later, const Promise* promise) {
  if (later.count == 0 && promise == nullptr) return "";
  if (later.count == 0) {
    return absl::StrFormat("room for %d members that are created now is promised", promise->seats.size());
  }
  std::string text = absl::StrFormat("%d members (%s), created once others %s; ", later.count, Parts(later),
                                     later.after_end ? "have ended" : "run");
  if (later.after_end) return absl::StrCat(text, "no room is kept for them meanwhile");
  if (!later.known) return absl::StrCat(text, "what they ask for is not known, so no room is kept for them");
  return absl::StrCat(text, promise == nullptr ? "no room is kept for them" : "room for them is promised");
}

}  // namespace muster
