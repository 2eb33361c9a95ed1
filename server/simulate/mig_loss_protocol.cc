// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/mig_loss_protocol.h"

#include <algorithm>
#include <numeric>

#include "scheduling/replay/mig_loss.h"
#include "server/simulate/fgd_protocol.h"
#include "server/simulate/parallel.h"
#include "server/simulate/random.h"

namespace muster::simulate {

double MeanOf(const std::vector<double>& seeds) {
  return std::accumulate(seeds.begin(), seeds.end(), 0.0) /
         static_cast<double>(std::max<size_t>(seeds.size(), 1));
}

std::vector<MigLossResult> RunMigLoss(const MigLossOptions& options) {
  const std::vector<replay::MigMix>& mixes = replay::MigMixes();
  const auto seeds = static_cast<size_t>(options.seeds);
  const replay::MigCluster cluster = replay::MigLossCluster();
  std::vector<MigLossResult> results;
  for (const replay::MigMix& mix : mixes) {
    results.push_back(
        {std::string(mix.name), std::vector<double>(seeds),
         std::vector<std::vector<double>>(options.policies.size(), std::vector<double>(seeds))});
  }
  const auto run = [&](size_t number) {
    const size_t seed = number % seeds;
    MigLossResult& result = results[number / seeds];
    Random random(static_cast<uint64_t>(kFirstSeed) + seed);
    const std::vector<replay::MigArrival> arrivals =
        replay::MigArrivals(cluster, mixes[number / seeds], options.load, kMigWarmUp + kMigMeasured,
                            [&] { return random.Unit(); });
    result.pooled[seed] = replay::PooledAcceptance(cluster, arrivals, kMigWarmUp);
    for (size_t p = 0; p < options.policies.size(); ++p) {
      result.policies[p][seed] = replay::MigAcceptance(cluster, arrivals, kMigWarmUp, options.policies[p]);
    }
  };
  RunAll(mixes.size() * seeds, run, options.progress);
  return results;
}

}  // namespace muster::simulate
