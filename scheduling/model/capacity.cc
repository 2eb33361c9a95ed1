// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/capacity.h"

namespace muster {

absl::string_view Word(CapacityClass capacity) {
  switch (capacity) {
    case CapacityClass::kUnknown:
      return "unknown";
    case CapacityClass::kOnDemand:
      return "on-demand";
    case CapacityClass::kReserved:
      return "reserved";
    case CapacityClass::kSpot:
      return "spot";
    case CapacityClass::kFlex:
      return "flex";
  }
  return "";
}

std::optional<CapacityClass> CapacityClassNamed(absl::string_view word) {
  for (int i = 0; i < kCapacityClasses; ++i) {
    const auto capacity = static_cast<CapacityClass>(i);
    if (Word(capacity) == word) return capacity;
  }
  return std::nullopt;
}

std::optional<absl::Time> DeadlineOf(const Departure& departure, absl::Time seen) {
  if (departure.deadline.has_value()) return departure.deadline;
  const bool unseen = seen == absl::InfiniteFuture() && !departure.since.has_value();
  if (departure.lead <= absl::ZeroDuration() || unseen) return std::nullopt;
  return departure.since.value_or(seen) + departure.lead;
}

}  // namespace muster
