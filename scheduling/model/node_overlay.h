// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/selector.h"

namespace muster {

// What an overlay makes of a node's price.
struct PriceChange {
  std::optional<double> price;  // instead of it, an hour
  double factor = 1;
  double added = 0;

  friend bool operator==(const PriceChange&, const PriceChange&) = default;
};

// Karpenter's word on the prices of some nodes.
//
// Source: karpenter.sh/v1alpha1 NodeOverlay, sigs.k8s.io/karpenter v1.14.
struct NodeOverlay {
  std::string name;
  int64_t weight = 0;  // of several the largest counts, then the first name
  std::vector<LabelRequirement> requirements;
  PriceChange change;

  friend bool operator==(const NodeOverlay&, const NodeOverlay&) = default;
};

}  // namespace muster
