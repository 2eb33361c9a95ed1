// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "scheduling/model/pod_terms.h"

namespace muster {

// A PodDisruptionBudget.
//
// Source: policy/v1.
struct DisruptionBudget {
  std::string ns;
  std::string name;
  PodSelector selector;
  bool spares_one = false;    // of one pod it lets none be evicted
  int64_t expected_pods = 0;  // that it is for, as its controller counted them

  friend bool operator==(const DisruptionBudget&, const DisruptionBudget&) = default;
};

}  // namespace muster
