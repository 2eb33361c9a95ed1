// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scheduling/model/scale_up.h"

namespace muster {

// On which class of nodes pods are to run.
enum class CapacityPolicy {
  kAny,             // it does not matter
  kSpot,            // on spot nodes and nowhere else
  kOnDemand,        // on nodes that are kept: on demand or reserved
  kPreferSpot,      // on spot nodes if there is room
  kPreferOnDemand,  // on nodes that are kept if there is room
};

// "any", "spot", "on-demand", "prefer-spot", "prefer-on-demand".
absl::string_view Word(CapacityPolicy policy);
std::optional<CapacityPolicy> CapacityPolicyNamed(absl::string_view word);

// How many pods of one workload are on demand: the first `base`, and of those
// above so many in a hundred, rounded up.
//
// Source: the vocabulary of InstancesDistribution of AWS Auto Scaling groups,
//         counted in pods or GPUs instead of instances.
struct CapacityMix {
  int64_t base = 0;
  int64_t percent_above = 0;  // 0 to 100
  bool count_gpus = false;    // base and percent are of GPUs
  bool strict = true;         // false: where the one side has no room the other does at once
  // After how long, from its creation, a pod takes the other side although the
  // mix is strict.
  absl::Duration fallback = absl::InfiniteDuration();

  friend bool operator==(const CapacityMix&, const CapacityMix&) = default;
};

// What a pod says about capacity, by itself and by what others put on it.
struct CapacityWish {
  std::optional<CapacityPolicy> policy;
  std::optional<CapacityMix> mix;
  std::optional<ScaleUpPolicy> scale_up;
  std::optional<bool> moves;  // as a member it is let go in time where its node is about to go
  std::optional<bool>
      leaders_on_demand;        // of a gang: the role that leads is on demand whatever the others are
  bool must_stay = false;       // something forbids to disrupt it
  bool may_go = false;          // something says that it may be evicted
  bool chooses_itself = false;  // its own node selector or affinity names a label of a class
  bool tolerates_spot = false;  // it tolerates the taint of a provider's spot nodes by its key
  bool is_ingress = false;

  // Of its work, for weighing spot against on demand.
  std::optional<absl::Duration> run_time;
  std::optional<absl::Duration> checkpoint_interval;
  std::optional<absl::Duration> restart_time;

  std::string problem;  // a sentence that names the field; the pod is refused with it

  friend bool operator==(const CapacityWish&, const CapacityWish&) = default;
};

}  // namespace muster
