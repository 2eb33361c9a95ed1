// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/capacity.h"
#include "scheduling/model/node.h"
#include "scheduling/model/resources.h"

namespace muster {

// What an hour costs, in whatever currency the operator counts in.
struct Rates {
  double cpu = 0;  // of one core
  double ram = 0;  // of one GiB
  double gpu = 0;  // of one GPU

  friend bool operator==(const Rates&, const Rates&) = default;
};

// The rates of OpenCost's configs/default.json (v1.117), which has none for
// spot GPUs: those cost as much less as spot CPUs do.
inline constexpr Rates kDefaultRates = {0.031611, 0.004237, 0.95};
inline constexpr Rates kDefaultSpotRates = {0.006655, 0.000892, 0.2};

// The price of a node of a type, or of one that is found by its own field.
struct NodePrice {
  std::string field;   // "spec.providerID", "metadata.name", or a label as "metadata.labels.KEY"
  std::string value;   // that the field has; empty: any
  std::string type;    // node.kubernetes.io/instance-type; empty: any
  std::string region;  // topology.kubernetes.io/region; empty: any
  std::optional<CapacityClass> capacity;  // unset: any
  bool per_gpu = false;                   // of one GPU rather than of the node
  double hourly = 0;

  friend bool operator==(const NodePrice&, const NodePrice&) = default;
};

// What nodes, and pods on them, cost.
//
// The price of a node is that of the most specific entry that fits (one for the
// node itself, then type and region and class, then fewer of these; of equals the
// last), or the sum of what it has by the rates; and then what an overlay of
// Karpenter makes of it (Node::price_change).
//
// Units:   per hour.
// Threads: a value.
class Prices {
 public:
  void Add(NodePrice price) { nodes_.push_back(std::move(price)); }
  void SetRates(const Rates& rates, const Rates& spot) {
    rates_ = rates;
    spot_ = spot;
  }
  const Rates& rates() const { return rates_; }
  const Rates& spot() const { return spot_; }

  double OfNode(const Node& node, CapacityClass capacity) const;
  // The part of that which the amounts stand for: CPU, memory and GPUs each have
  // the share of the node's price that they have by the rates.
  double OfShare(const Node& node, CapacityClass capacity, const Resources& amounts) const;
  // The rates in the proportion of which a node's price is divided.
  double ByRates(const Resources& amounts, CapacityClass capacity) const;

 private:
  double Listed(const Node& node, CapacityClass capacity) const;

  std::vector<NodePrice> nodes_;
  Rates rates_ = kDefaultRates;
  Rates spot_ = kDefaultSpotRates;
};

// Devices called .../gpu.
int64_t GpusIn(const Resources& amounts);

}  // namespace muster
