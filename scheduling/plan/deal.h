// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/topology/domain_tree.h"

namespace muster {

// Members of one class that share seats on nodes: any may have any of them.
struct Hand {
  std::vector<size_t> members;  // in the order of their ranks; as many as seats in all
  struct Seats {
    int32_t node = 0;
    int64_t count = 0;
  };
  std::vector<Seats> seats;
};

// The node of each member of each hand, so that neighbours in the order of
// members (which are numbers) are neighbours in the fabric. The domains of
// `tree` are taken one after the other, whole: of those that have a seat for
// the next member of all, the first in the order of the tree. So where all
// members are of one hand, domains are in that order.
std::vector<std::vector<int32_t>> Deal(const DomainTree& tree, std::vector<Hand> hands);

}  // namespace muster
