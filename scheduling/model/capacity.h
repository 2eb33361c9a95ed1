// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// On which terms a node is rented: what it costs, and who may take it back.
enum class CapacityClass {
  kUnknown,   // nothing says so
  kOnDemand,  // paid by the hour, kept as long as it is paid
  kReserved,  // paid in advance: costs nothing more, and is kept
  kSpot,      // cheap, and taken back by the provider when it likes
  kFlex,      // kept for a limited time that was agreed
};

inline constexpr int kCapacityClasses = 5;

// "unknown", "on-demand", "reserved", "spot", "flex".
absl::string_view Word(CapacityClass capacity);

// The class that is called so; nullopt where none is.
std::optional<CapacityClass> CapacityClassNamed(absl::string_view word);

// A sign on a node that it is about to go, or that it is not there yet. Such a
// node takes no new seats, whatever a pod tolerates.
struct Departure {
  std::string signal;                       // e.g. "taint karpenter.sh/disrupted"
  bool leaving = true;                      // false: it is not in service yet
  bool reclaimed = false;                   // its provider takes it back, for the want of others
  absl::Duration lead = {};                 // from the sign to the end; zero: nobody says
  std::optional<absl::Time> since = {};     // when the sign came, where the node says so
  std::optional<absl::Time> deadline = {};  // when the node ends, where the node says so

  friend bool operator==(const Departure&, const Departure&) = default;
};

// When the node ends, given that the sign was first seen at `seen`; nullopt
// where nobody says.
std::optional<absl::Time> DeadlineOf(const Departure& departure, absl::Time seen);

}  // namespace muster
