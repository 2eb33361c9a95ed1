// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduling/replay/replay.h"

namespace muster::simulate {

// The protocol by which FGD was measured (Weng et al., USENIX ATC 2023): per
// seed the trace's pods in another order, copies of them after these until they
// ask for 130 % of the GPUs; they come one by one and none leaves.
struct FgdOptions {
  std::vector<std::string> policies = {"muster"};
  int seeds = 10;  // the first is kFirstSeed
  // Called now and then, from any thread but one at a time, with the runs that
  // are done and those that there are.
  std::function<void(int done, int all)> progress = [](int, int) {};
};
inline constexpr int kFirstSeed = 42;

// When arrived pods ask for so many percent of the GPUs, the figures are taken.
inline constexpr std::array<int, 7> kMarks = {80, 90, 95, 100, 110, 120, 130};

struct FgdRun {
  int seed = 0;
  std::array<replay::Mark, kMarks.size()> marks;
};

// Of all decisions of a policy, in microseconds.
struct DecisionTime {
  double median = 0;
  double p99 = 0;
  double mean = 0;
};

struct FgdResult {
  std::string policy;
  std::vector<FgdRun> runs;  // by seed
  DecisionTime time;

  replay::Mark Mean(size_t mark) const;
};

// Replays the trace for every policy and seed, on as many threads as there are
// cores. REQUIRES: the policies exist; seeds > 0.
std::vector<FgdResult> RunFgd(const replay::Trace& trace, const FgdOptions& options);

}  // namespace muster::simulate
