// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/capacity/policy.h"
#include "scheduling/capacity/prices.h"

namespace muster {

// What is assumed of a gang's work that does not say it itself.
struct Risk {
  double reclaimed_per_day = 0.05;  // of spot nodes, how many are taken back in a day
  absl::Duration run_time = absl::Hours(8);
  absl::Duration checkpoint_interval = absl::Hours(1);
  absl::Duration restart_time = absl::Minutes(10);
};

// Everything that an operator says about capacity.
struct CapacityOptions {
  ClassOptions classes = {};
  PolicyOptions policies = {};
  Prices prices = {};
  Risk risk = {};
  bool leaders_on_demand = false;  // of gangs that do not say
};

}  // namespace muster
