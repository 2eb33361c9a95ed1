// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/fgd_protocol.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "server/simulate/parallel.h"
#include "server/simulate/random.h"

namespace muster::simulate {
namespace {

constexpr double kDemand = 1.3;

struct Run {
  FgdRun figures;
  std::vector<float> micros;
};

Run RunOnce(const replay::Trace& trace, const std::string& policy, int seed) {
  Random random(static_cast<uint64_t>(seed));
  const std::vector<Ask> pods = replay::Arrivals(trace, kDemand, [&](uint64_t n) { return random.Below(n); });
  replay::Replay replay(trace, replay::MakePolicy(policy, trace));
  Run run;
  run.figures.seed = seed;
  run.micros.reserve(pods.size());
  size_t mark = 0;
  for (const Ask& pod : pods) {
    const auto start = std::chrono::steady_clock::now();
    replay.Arrive(pod);
    const std::chrono::duration<float, std::micro> took = std::chrono::steady_clock::now() - start;
    run.micros.push_back(took.count());
    for (; mark < kMarks.size() && replay.arrived() * 100 >= kMarks[mark]; ++mark) {
      run.figures.marks[mark] = replay.Now();
    }
  }
  // The last mark is the end, which rounding may put just before it.
  for (; mark < kMarks.size(); ++mark) run.figures.marks[mark] = replay.Now();
  return run;
}

DecisionTime TimeOf(std::vector<float> micros) {
  if (micros.empty()) return {};
  std::sort(micros.begin(), micros.end());
  const double sum = std::accumulate(micros.begin(), micros.end(), 0.0);
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100],
          sum / static_cast<double>(micros.size())};
}

}  // namespace

replay::Mark FgdResult::Mean(size_t mark) const {
  replay::Mark mean;
  for (const FgdRun& run : runs) {
    mean.arrived += run.marks[mark].arrived;
    mean.allocated += run.marks[mark].allocated;
    mean.fragmentation += run.marks[mark].fragmentation;
  }
  const auto count = static_cast<double>(std::max<size_t>(runs.size(), 1));
  return {mean.arrived / count, mean.allocated / count, mean.fragmentation / count};
}

std::vector<FgdResult> RunFgd(const replay::Trace& trace, const FgdOptions& options) {
  const auto seeds = static_cast<size_t>(options.seeds);
  std::vector<Run> runs(options.policies.size() * seeds);
  RunAll(
      runs.size(),
      [&](size_t r) {
        runs[r] = RunOnce(trace, options.policies[r / seeds], kFirstSeed + static_cast<int>(r % seeds));
      },
      options.progress);

  std::vector<FgdResult> results;
  for (size_t p = 0; p < options.policies.size(); ++p) {
    FgdResult result{options.policies[p], {}, {}};
    std::vector<float> micros;
    for (size_t s = 0; s < seeds; ++s) {
      const Run& run = runs[p * seeds + s];
      result.runs.push_back(run.figures);
      micros.insert(micros.end(), run.micros.begin(), run.micros.end());
    }
    result.time = TimeOf(std::move(micros));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace muster::simulate
