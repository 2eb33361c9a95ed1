// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "scheduling/capacity/options.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"

namespace muster {

// What a cluster costs, and whom. Per hour, in the currency of the prices.
struct Costs {
  using PerClass = std::array<double, kCapacityClasses>;
  struct Namespace {
    PerClass seated = {};  // of pods that are bound and not finished, by the class of their nodes
    double waiting = 0;    // of seats that are promised and empty: paid while gangs come together
  };
  std::map<std::string, Namespace> namespaces;
  PerClass gpus = {};       // GPUs of the nodes
  PerClass idle_gpus = {};  // of these, asked for by no pod
};

// Cost: O(nodes + pods).
Costs CostsOf(const ClusterView& view, const Ledger& ledger, const CapacityOptions& options);

}  // namespace muster
