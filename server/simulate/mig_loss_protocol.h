// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace muster::simulate {

// The MIG loss bench: the model of scheduling/replay/mig_loss for every mix,
// policy and seed, all policies on the same arrivals.
struct MigLossOptions {
  std::vector<std::string> policies;  // those of MigPolicyNames
  int seeds = 10;                     // the first is kFirstSeed
  double load = 1.2;
  // Called now and then, from any thread but one at a time, with the runs that
  // are done and those that there are.
  std::function<void(int done, int all)> progress = [](int, int) {};
};

// In lifetimes of pods: the cluster, which is empty at first, is full by then;
// and for how long it is looked at.
inline constexpr double kMigWarmUp = 10;
inline constexpr double kMigMeasured = 50;

// Acceptance of each seed: of the memory that pods ask for, the part that they get.
struct MigLossResult {
  std::string mix;
  std::vector<double> pooled;
  std::vector<std::vector<double>> policies;  // in the order of the options
};

double MeanOf(const std::vector<double>& seeds);

// By mix. Uses as many threads as there are cores. REQUIRES: the policies exist;
// seeds > 0; load > 0.
std::vector<MigLossResult> RunMigLoss(const MigLossOptions& options);

}  // namespace muster::simulate
