// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/mig_loss.h"

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <utility>

#include "scheduling/gpu/mig_products.h"

namespace muster::replay {
namespace {

constexpr size_t kGpus = 100;
constexpr absl::string_view kGeometry = "A100-80GB";
constexpr std::array<absl::string_view, 6> kProfiles = {"1g.10gb", "1g.20gb", "2g.20gb",
                                                        "3g.40gb", "4g.40gb", "7g.80gb"};

int SlicesOf(const MigCluster& cluster, size_t kind) {
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(cluster.geometry)];
  return geometry.profiles()[static_cast<size_t>(geometry.FindProfile(cluster.asks[kind].profile))].size;
}

std::vector<int> SlicesOfAll(const MigCluster& cluster) {
  std::vector<int> slices;
  for (size_t k = 0; k < cluster.asks.size(); ++k) slices.push_back(SlicesOf(cluster, k));
  return slices;
}

// What leaves next, the earliest first.
template <typename What>
class Departures {
 public:
  void Add(double at, What what) { queue_.push({at, next_++, what}); }
  template <typename Leave>
  void Until(double now, const Leave& leave) {
    for (; !queue_.empty() && queue_.top().at <= now; queue_.pop()) leave(queue_.top().what);
  }

 private:
  struct Entry {
    double at;
    int64_t number;
    What what;
    bool operator>(const Entry& other) const {
      return std::pair(at, number) > std::pair(other.at, other.number);
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  int64_t next_ = 0;
};

// Of all that was asked for, the part that was got.
class Ratio {
 public:
  void Count(int slices, bool accepted) {
    asked_ += slices;
    if (accepted) got_ += slices;
  }
  double Get() const { return asked_ > 0 ? static_cast<double>(got_) / static_cast<double>(asked_) : 1; }

 private:
  int64_t asked_ = 0;
  int64_t got_ = 0;
};

}  // namespace

const std::vector<MigMix>& MigMixes() {
  static const std::vector<MigMix>& mixes = *new std::vector<MigMix>{
      {"uniform", {1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0}},
      {"bimodal", {0.30, 0.15, 0.05, 0.05, 0.15, 0.30}},
      {"big", {0.05, 0.10, 0.10, 0.20, 0.25, 0.30}},
      {"small", {0.30, 0.25, 0.20, 0.10, 0.10, 0.05}},
  };
  return mixes;
}

MigCluster MigLossCluster() {
  MigCluster cluster;
  const absl::Span<const MigGeometry> all = MigGeometries();
  for (size_t g = 0; g < all.size(); ++g) {
    if (all[g].name() == kGeometry) cluster.geometry = static_cast<int32_t>(g);
  }
  cluster.gpus.assign(kGpus, MigGpu{cluster.geometry, 0});
  const MigGeometry& geometry = all[static_cast<size_t>(cluster.geometry)];
  for (const absl::string_view profile : kProfiles) {
    const int size = geometry.profiles()[static_cast<size_t>(geometry.FindProfile(profile))].size;
    cluster.asks.push_back({.profile = std::string(profile),
                            .worth = static_cast<float>(size) / static_cast<float>(geometry.slices())});
  }
  return cluster;
}

std::vector<MigArrival> MigArrivals(const MigCluster& cluster, const MigMix& mix, double load, double end,
                                    const std::function<double()>& unit) {
  const std::vector<int> slices = SlicesOfAll(cluster);
  const double mean = std::inner_product(mix.shares.begin(), mix.shares.end(), slices.begin(), 0.0);
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(cluster.geometry)];
  const double rate = load * static_cast<double>(cluster.gpus.size()) * geometry.slices() / mean;
  std::vector<MigArrival> arrivals;
  double now = 0;
  while (true) {
    now -= std::log(1 - unit()) / rate;
    if (now >= end) return arrivals;
    MigArrival arrival{now, now - std::log(1 - unit()), 0};
    for (double left = unit() - mix.shares[0]; left >= 0 && arrival.kind + 1 < mix.shares.size();) {
      left -= mix.shares[++arrival.kind];
    }
    arrivals.push_back(arrival);
  }
}

double MigAcceptance(MigCluster cluster, absl::Span<const MigArrival> arrivals, double from,
                     absl::string_view policy_name) {
  const std::unique_ptr<MigPolicy> policy = MakeMigPolicy(policy_name, cluster);
  const std::vector<int> slices = SlicesOfAll(cluster);
  Departures<MigSpot> departures;
  Ratio ratio;
  const auto flip = [&](const MigSpot& spot) {
    cluster.gpus[spot.gpu].instances ^= uint32_t{1} << spot.placement;
    policy->Changed(spot.gpu);
  };
  for (const MigArrival& pod : arrivals) {
    departures.Until(pod.comes, flip);
    const std::optional<MigSpot> spot = policy->Choose(pod.kind);
    if (pod.comes >= from) ratio.Count(slices[pod.kind], spot.has_value());
    if (!spot.has_value()) continue;
    flip(*spot);
    departures.Add(pod.leaves, *spot);
  }
  return ratio.Get();
}

double PooledAcceptance(const MigCluster& cluster, absl::Span<const MigArrival> arrivals, double from) {
  const std::vector<int> slices = SlicesOfAll(cluster);
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(cluster.geometry)];
  int64_t free = static_cast<int64_t>(cluster.gpus.size()) * geometry.slices();
  Departures<int> departures;
  Ratio ratio;
  for (const MigArrival& pod : arrivals) {
    departures.Until(pod.comes, [&](int back) { free += back; });
    const int wanted = slices[pod.kind];
    const bool fits = wanted <= free;
    if (pod.comes >= from) ratio.Count(wanted, fits);
    if (!fits) continue;
    free -= wanted;
    departures.Add(pod.leaves, wanted);
  }
  return ratio.Get();
}

}  // namespace muster::replay
