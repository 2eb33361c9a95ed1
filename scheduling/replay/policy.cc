// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/policy.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "scheduling/choice/losses.h"
#include "scheduling/choice/rooms.h"
#include "scheduling/choice/worth.h"
#include "scheduling/replay/fgd.h"

namespace muster::replay {
namespace {

constexpr std::array<absl::string_view, 5> kNames = {"muster", "first-fit", "best-fit", "fgd", "hami"};

int64_t FreeGpu(const Room& room) { return std::accumulate(room.gpus.begin(), room.gpus.end(), int64_t{0}); }

// The engine's choice over the trace's nodes.
class ByWorth : public Policy {
 public:
  explicit ByWorth(const Trace& trace) : worth_(AdmitsModel) {
    for (const Room& room : trace.nodes) {
      nodes_.push_back(worth_.Find(room));
      worth_.Enter(nodes_.back());
    }
  }

  std::optional<Placement> Choose(const Ask& pod) override {
    losses_.Begin(worth_.Asked(pod));
    size_t best = 0;
    Worth::Loss least;
    for (size_t n = 0; n < nodes_.size(); ++n) {
      const Worth::Loss& loss = losses_.Of(nodes_[n]);
      if (loss.after == kNoRoom || (least.after != kNoRoom && loss.value >= least.value)) continue;
      least = loss;
      best = n;
    }
    if (least.after == kNoRoom) return std::nullopt;
    return Placement{best, worth_.room(least.after)};
  }

  void Place(const Placement& placement) override {
    RoomId& room = nodes_[placement.node];
    worth_.Leave(room);
    room = worth_.Find(placement.left);
    worth_.Enter(room);
  }

 private:
  Worth worth_;
  Losses losses_{worth_};
  std::vector<RoomId> nodes_;
};

// Policies that look at each node by itself: the least of `judge` wins.
template <typename Judge>
class ByNode : public Policy {
 public:
  ByNode(const Trace& trace, Judge judge) : nodes_(trace.nodes), judge_(std::move(judge)) {}

  std::optional<Placement> Choose(const Ask& pod) override {
    std::optional<Placement> best;
    double least = 0;
    for (size_t n = 0; n < nodes_.size(); ++n) {
      if (!AdmitsModel(nodes_[n].kind, pod.where) || !HasRoom(nodes_[n], pod)) continue;
      const double score = judge_.Node(n, nodes_[n], pod);
      if (best.has_value() && score >= least) continue;
      least = score;
      std::vector<Room> rooms = RoomsAfter(nodes_[n], pod);
      best = Placement{n, std::move(judge_.kEmptiestGpu ? rooms.back() : rooms.front())};
      if (judge_.kFirst) break;
    }
    return best;
  }

  void Place(const Placement& placement) override { nodes_[placement.node] = placement.left; }

 private:
  std::vector<Room> nodes_;
  Judge judge_;
};

struct FirstFit {
  static constexpr bool kEmptiestGpu = false;
  static constexpr bool kFirst = true;
  static double Node(size_t, const Room&, const Ask&) { return 0; }
};

struct BestFit {
  static constexpr bool kEmptiestGpu = false;
  static constexpr bool kFirst = false;
  double most_cpu = 1;
  double most_gpu = 1;

  double Node(size_t, const Room& room, const Ask& pod) const {
    return static_cast<double>(room.cpu_millis - pod.cpu_millis) / most_cpu +
           static_cast<double>(FreeGpu(room) - GpuMilli(pod)) / most_gpu;
  }
};

struct Hami {
  static constexpr bool kEmptiestGpu = true;
  static constexpr bool kFirst = false;
  std::vector<int64_t> whole;  // GPUs of each node, in thousandths

  double Node(size_t n, const Room& room, const Ask&) const {
    return static_cast<double>(FreeGpu(room)) / static_cast<double>(std::max<int64_t>(whole[n], 1));
  }
};

template <typename Judge>
std::unique_ptr<Policy> Make(const Trace& trace, Judge judge) {
  return std::make_unique<ByNode<Judge>>(trace, std::move(judge));
}

}  // namespace

int64_t Capacity(const Trace& trace) {
  int64_t capacity = 0;
  for (const Room& node : trace.nodes) capacity += FreeGpu(node);
  return capacity;
}

absl::Span<const absl::string_view> PolicyNames() { return kNames; }

std::unique_ptr<Policy> MakePolicy(absl::string_view name, const Trace& trace) {
  if (name == "muster") return std::make_unique<ByWorth>(trace);
  if (name == "first-fit") return Make(trace, FirstFit());
  if (name == "fgd") return MakeFgd(trace);
  BestFit best_fit;
  Hami hami;
  for (const Room& node : trace.nodes) {
    best_fit.most_cpu = std::max(best_fit.most_cpu, static_cast<double>(node.cpu_millis));
    best_fit.most_gpu = std::max(best_fit.most_gpu, static_cast<double>(FreeGpu(node)));
    hami.whole.push_back(FreeGpu(node));
  }
  if (name == "best-fit") return Make(trace, best_fit);
  if (name == "hami") return Make(trace, std::move(hami));
  return nullptr;
}

}  // namespace muster::replay
