// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/replay/mig_policy.h"

namespace muster::replay {

// The MIG loss model: pods that ask for one MIG instance each come as a Poisson
// process and stay for a time that is exponential with mean 1, the unit of time. One that
// finds no start when it comes is lost. The load is what they ask for by the
// memory that there is: at 1 and above some have to be lost whatever is chosen.

// How often pods of each kind come.
struct MigMix {
  absl::string_view name;
  std::vector<double> shares;  // of the kinds of MigLossCluster; the sum is 1
};

// uniform, bimodal, big, small: alike, the smallest and the largest, more of the
// larger ones, more of the smaller ones.
const std::vector<MigMix>& MigMixes();

// 100 GPUs of an A100 with 80 GB, eight on a node; kinds are all profiles of it
// without media extensions.
MigCluster MigLossCluster();

struct MigArrival {
  double comes = 0;
  double leaves = 0;
  size_t kind = 0;
};

// Arrivals until `end`. `unit()` picks a number from [0, 1). REQUIRES: 0 < load.
std::vector<MigArrival> MigArrivals(const MigCluster& cluster, const MigMix& mix, double load, double end,
                                    const std::function<double()>& unit);

// Of the memory that pods ask for who come after `from`, the part that they get.
double MigAcceptance(MigCluster cluster, absl::Span<const MigArrival> arrivals, double from,
                     absl::string_view policy);

// The same where a pod needs nothing but as many slices, wherever they are: what
// no placement without moving pods can be expected to reach.
double PooledAcceptance(const MigCluster& cluster, absl::Span<const MigArrival> arrivals, double from);

}  // namespace muster::replay
