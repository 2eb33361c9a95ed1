// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/repair.h"

namespace muster {

std::optional<Repair> RepairNamed(absl::string_view word) {
  if (word == "wait") return Repair::kWait;
  if (word == "restart") return Repair::kRestart;
  if (word == "release") return Repair::kRelease;
  return std::nullopt;
}

}  // namespace muster
