// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/replay.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace muster::replay {

Replay::Replay(const Trace& trace, std::unique_ptr<Policy> policy)
    : shares_(PodShares(trace.pods, 1)),
      capacity_(std::max<int64_t>(Capacity(trace), 1)),
      nodes_(trace.nodes),
      policy_(std::move(policy)) {}

bool Replay::Arrive(const Ask& pod) {
  arrived_ += GpuMilli(pod);
  std::optional<Placement> placement = policy_->Choose(pod);
  if (!placement.has_value()) return false;
  policy_->Place(*placement);
  nodes_[placement->node] = std::move(placement->left);
  allocated_ += GpuMilli(pod);
  return true;
}

Mark Replay::Now() const {
  double unusable = 0;
  for (const Room& node : nodes_) unusable += Fragment(node, shares_);
  const auto free = static_cast<double>(capacity_ - allocated_);
  return {arrived(), static_cast<double>(allocated_) / static_cast<double>(capacity_),
          free > 0 ? unusable / free : 0};
}

std::vector<Ask> Arrivals(const Trace& trace, double demand,
                          const std::function<uint64_t(uint64_t)>& random) {
  std::vector<Ask> pods = trace.pods;
  for (size_t i = pods.size(); i > 1; --i) std::swap(pods[i - 1], pods[random(i)]);
  int64_t asked = 0;
  for (const Ask& pod : pods) asked += GpuMilli(pod);
  if (asked == 0) return pods;
  const auto wanted = static_cast<int64_t>(demand * static_cast<double>(Capacity(trace)));
  const size_t originals = pods.size();
  while (asked < wanted) {
    pods.push_back(pods[random(originals)]);
    asked += GpuMilli(pods.back());
  }
  while (asked > wanted) {
    const size_t dropped = random(pods.size());
    // The one dropped last would leave too little: it stays.
    if (asked - GpuMilli(pods[dropped]) < wanted) break;
    asked -= GpuMilli(pods[dropped]);
    pods.erase(pods.begin() + static_cast<std::ptrdiff_t>(dropped));
  }
  return pods;
}

}  // namespace muster::replay
