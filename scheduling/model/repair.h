// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// What becomes of a gang that was whole once, has lost members, and stays below
// its minimum for longer than its grace period.
enum class Repair {
  kWait,     // those that run go on, and wait for the lost ones to be placed
  kRestart,  // those that run are evicted, so that all are placed together again
  kRelease,  // its minimum is waived: what comes is placed as far as room allows
};

// What a gang says of it; where it says nothing, the configuration counts.
struct RepairPolicy {
  std::optional<Repair> repair;
  std::optional<absl::Duration> grace;

  friend bool operator==(const RepairPolicy&, const RepairPolicy&) = default;
};

// "wait", "restart", "release": the words of annotations and of the configuration.
std::optional<Repair> RepairNamed(absl::string_view word);

}  // namespace muster
