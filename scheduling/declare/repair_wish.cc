// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/repair_wish.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::Duration kLongestGrace = absl::Hours(24 * 7);

}  // namespace

void AddRepair(const PodFacts& pod, Membership& membership) {
  PodReader reader(pod, membership.problem);
  if (const std::optional<std::string> word = reader.Text("muster.dev/repair")) {
    membership.repair.repair = RepairNamed(*word);
    if (!membership.repair.repair.has_value()) {
      reader.Problem(absl::StrCat("muster.dev/repair is ", Quoted(*word), "; want wait, restart or release"));
    }
  }
  if (const std::optional<std::string> text = reader.Text("muster.dev/repair-grace")) {
    absl::Duration grace;
    if (absl::ParseDuration(*text, &grace) && grace > absl::ZeroDuration() && grace <= kLongestGrace) {
      membership.repair.grace = grace;
    } else {
      reader.Problem(absl::StrCat("muster.dev/repair-grace is ", Quoted(*text),
                                  "; want a duration such as 90s or 10m, at most 168h"));
    }
  }
}

}  // namespace muster::declare
