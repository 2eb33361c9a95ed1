// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scheduling/model/ids.h"

namespace muster {

// The scheduling gate of pods that wait for their gang's seats. Whoever makes
// the pods puts it there; Muster takes it away.
inline constexpr absl::string_view kOwnGate = "muster.dev/gang";

// Who buys nodes for a gang that does not fit.
enum class ScaleUpPolicy {
  kNever,                // nobody: its pods stay gated
  kUngate,               // whichever autoscaler sees pods that are unschedulable
  kProvisioningRequest,  // Cluster Autoscaler, all of them or none, by a ProvisioningRequest
};

// "never", "ungate", "provisioning-request".
absl::string_view Word(ScaleUpPolicy policy);
std::optional<ScaleUpPolicy> ScaleUpPolicyNamed(absl::string_view word);

// A ProvisioningRequest that was made for a gang, as the cluster shows it.
//
// Source: autoscaling.x-k8s.io/v1.
struct ProvisioningRequest {
  struct Condition {
    enum class State { kAbsent, kFalse, kTrue };
    State state = State::kAbsent;
    std::string reason;
    std::string message;

    bool holds() const { return state == State::kTrue; }
    friend bool operator==(const Condition&, const Condition&) = default;
  };

  std::string ns;
  std::string name;
  GangId gang;
  int64_t attempt = 0;  // the how many-th for the gang, from 0
  absl::Time created = absl::InfinitePast();
  std::vector<std::string> templates;  // the PodTemplates that it names
  bool deleting = false;
  Condition accepted;
  Condition provisioned;
  Condition failed;
  Condition booking_expired;
  Condition capacity_revoked;

  friend bool operator==(const ProvisioningRequest&, const ProvisioningRequest&) = default;
};

}  // namespace muster
