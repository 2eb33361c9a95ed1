// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/mig_policy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <utility>

#include "scheduling/choice/losses.h"
#include "scheduling/choice/worth.h"
#include "scheduling/gpu/mig_products.h"

namespace muster::replay {
namespace {

constexpr std::array<absl::string_view, 6> kNames = {"muster", "first-fit", "best-fit",
                                                     "fgd",    "hami",      "packed"};

const MigGeometry& GeometryOf(const MigCluster& cluster) {
  return MigGeometries()[static_cast<size_t>(cluster.geometry)];
}

size_t NewPlacement(const MigGpu& before, const MigGpu& after) {
  return static_cast<size_t>(std::countr_zero(before.instances ^ after.instances));
}

// The engine's choice: each GPU is a room.
class ByWorth : public MigPolicy {
 public:
  explicit ByWorth(const MigCluster& cluster)
      : cluster_(cluster), worth_([](int32_t, uint64_t) { return true; }) {
    for (const MigGpu& gpu : cluster.gpus) {
      rooms_.push_back(worth_.Find({.mig = gpu}));
      worth_.Enter(rooms_.back());
    }
  }

  std::optional<MigSpot> Choose(size_t kind) override {
    losses_.Begin(worth_.Asked(cluster_.asks[kind]));
    Worth::Loss least;
    size_t best = 0;
    for (size_t g = 0; g < rooms_.size(); ++g) {
      const Worth::Loss& loss = losses_.Of(rooms_[g]);
      if (loss.after == kNoRoom || (least.after != kNoRoom && loss.value >= least.value)) continue;
      least = loss;
      best = g;
    }
    if (least.after == kNoRoom) return std::nullopt;
    return MigSpot{best, NewPlacement(worth_.room(rooms_[best]).mig, worth_.room(least.after).mig)};
  }

  void Changed(size_t gpu) override {
    worth_.Leave(rooms_[gpu]);
    rooms_[gpu] = worth_.Find({.mig = cluster_.gpus[gpu]});
    worth_.Enter(rooms_[gpu]);
  }

 private:
  const MigCluster& cluster_;
  Worth worth_;
  Losses losses_{worth_};
  std::vector<RoomId> rooms_;
};

// What the other policies look at, by GPU and by node.
class Usage {
 public:
  explicit Usage(const MigCluster& cluster)
      : cluster_(cluster),
        slices_((MigMask{1} << GeometryOf(cluster).slices()) - 1),
        gpus_(cluster.gpus.size()),
        nodes_((cluster.gpus.size() + cluster.gpus_per_node - 1) / cluster.gpus_per_node) {
    for (size_t g = 0; g < gpus_.size(); ++g) Changed(g);
  }

  void Changed(size_t gpu) {
    nodes_[NodeOf(gpu)] -= SlicesOn(gpu);
    gpus_[gpu] = TakenOf(cluster_.gpus[gpu]);
    nodes_[NodeOf(gpu)] += SlicesOn(gpu);
  }

  size_t NodeOf(size_t gpu) const { return gpu / cluster_.gpus_per_node; }
  MigMask Taken(size_t gpu) const { return gpus_[gpu]; }
  int SlicesOn(size_t gpu) const { return std::popcount(gpus_[gpu] & slices_); }
  // Of those that the node has, as HAMi's scheduler scores it.
  double PartOfNode(size_t gpu) const {
    const size_t first = NodeOf(gpu) * cluster_.gpus_per_node;
    const size_t gpus = std::min(cluster_.gpus_per_node, cluster_.gpus.size() - first);
    return static_cast<double>(nodes_[NodeOf(gpu)]) / static_cast<double>(gpus);
  }

 private:
  const MigCluster& cluster_;
  const MigMask slices_;
  std::vector<MigMask> gpus_;
  std::vector<int> nodes_;
};

// The least of `judge` wins.
template <typename Judge>
class ByGpu : public MigPolicy {
 public:
  explicit ByGpu(const MigCluster& cluster) : cluster_(cluster), usage_(cluster), judge_(cluster) {}

  std::optional<MigSpot> Choose(size_t kind) override {
    judge_.Came(kind);
    const MigGeometry& geometry = GeometryOf(cluster_);
    const int profile = geometry.FindProfile(cluster_.asks[kind].profile);
    std::optional<MigSpot> best;
    typename Judge::Score least = {};
    for (size_t g = 0; g < cluster_.gpus.size(); ++g) {
      for (const MigPlacement& at : geometry.PlacementsOf(profile)) {
        if ((at.mask & usage_.Taken(g)) != 0) continue;
        const typename Judge::Score score = judge_.Of(usage_, g, at);
        if (best.has_value() && !(score < least)) continue;
        best = MigSpot{g, static_cast<size_t>(&at - geometry.placements().data())};
        least = score;
      }
    }
    return best;
  }

  void Changed(size_t gpu) override { usage_.Changed(gpu); }

 private:
  const MigCluster& cluster_;
  Usage usage_;
  Judge judge_;
};

struct FirstFit {
  using Score = int;
  explicit FirstFit(const MigCluster&) {}
  void Came(size_t) {}
  static Score Of(const Usage&, size_t, const MigPlacement&) { return 0; }
};

struct BestFit : FirstFit {
  using FirstFit::FirstFit;
  static Score Of(const Usage& usage, size_t gpu, const MigPlacement&) { return -usage.SlicesOn(gpu); }
};

// Source: HAMi, pkg/device/nvidia, August 2026.
int HamisStart(const MigGeometry& geometry, const MigPlacement& at) {
  const int compute = geometry.profiles()[static_cast<size_t>(at.profile)].compute;
  return compute == 1 || compute == 3 ? -at.start : at.start;
}

struct Hami {
  using Score = std::tuple<double, size_t, int, size_t, int>;
  const MigGeometry& geometry;

  explicit Hami(const MigCluster& cluster) : geometry(GeometryOf(cluster)) {}
  void Came(size_t) {}
  Score Of(const Usage& usage, size_t gpu, const MigPlacement& at) const {
    return {-usage.PartOfNode(gpu), usage.NodeOf(gpu), usage.SlicesOn(gpu), gpu, HamisStart(geometry, at)};
  }
};

struct Packed {
  using Score = std::tuple<int, size_t, int>;
  const MigGeometry& geometry;

  explicit Packed(const MigCluster& cluster) : geometry(GeometryOf(cluster)) {}
  void Came(size_t) {}
  Score Of(const Usage& usage, size_t gpu, const MigPlacement& at) const {
    return {-usage.SlicesOn(gpu), gpu, HamisStart(geometry, at)};
  }
};

// Fragmentation as FGD defines it, of a GPU with slices.
struct Fgd {
  using Score = double;
  const MigCluster& cluster;
  const MigGeometry& geometry;
  std::vector<double> came;  // by kind
  std::vector<int> profiles;

  explicit Fgd(const MigCluster& c) : cluster(c), geometry(GeometryOf(c)), came(c.asks.size()) {
    for (const Ask& ask : c.asks) profiles.push_back(geometry.FindProfile(ask.profile));
  }
  void Came(size_t kind) { ++came[kind]; }
  // The slices that kinds can use are those of the starts that are free for them.
  double Usable(MigMask taken) const {
    double usable = 0;
    for (size_t k = 0; k < came.size(); ++k) {
      const int size = geometry.profiles()[static_cast<size_t>(profiles[k])].size;
      usable += came[k] * size * geometry.FreeStarts(taken, profiles[k]);
    }
    return usable;
  }
  // As much is free after it on whatever GPU, so that the least is lost where most stays usable.
  Score Of(const Usage& usage, size_t gpu, const MigPlacement& at) const {
    return Usable(usage.Taken(gpu)) - Usable(usage.Taken(gpu) | at.mask);
  }
};

}  // namespace

absl::Span<const absl::string_view> MigPolicyNames() { return kNames; }

std::unique_ptr<MigPolicy> MakeMigPolicy(absl::string_view name, const MigCluster& cluster) {
  if (name == "muster") return std::make_unique<ByWorth>(cluster);
  if (name == "first-fit") return std::make_unique<ByGpu<FirstFit>>(cluster);
  if (name == "best-fit") return std::make_unique<ByGpu<BestFit>>(cluster);
  if (name == "fgd") return std::make_unique<ByGpu<Fgd>>(cluster);
  if (name == "hami") return std::make_unique<ByGpu<Hami>>(cluster);
  if (name == "packed") return std::make_unique<ByGpu<Packed>>(cluster);
  return nullptr;
}

}  // namespace muster::replay
