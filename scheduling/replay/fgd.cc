// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/fgd.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "scheduling/choice/rooms.h"

namespace muster::replay {
namespace {

class Fgd : public Policy {
 public:
  explicit Fgd(const Trace& trace) : shares_(PodShares(trace.pods, kTypical)) {
    for (const Room& room : trace.nodes) nodes_.push_back(rooms_.Find(room));
  }

  std::optional<Placement> Choose(const Ask& pod) override {
    const size_t number = numbers_.try_emplace(pod, numbers_.size()).first->second;
    std::optional<size_t> node;
    RoomId left = kNoRoom;
    int best = 0;
    for (size_t n = 0; n < nodes_.size(); ++n) {
      const Room& room = rooms_[nodes_[n]];
      if (!AdmitsModel(room.kind, pod.where) || !HasRoom(room, pod)) continue;
      const double before = FragmentOf(nodes_[n]);
      for (const RoomId after : rooms_.After(nodes_[n], pod, number)) {
        // The score of its authors: a whole number from 0 to 100.
        const double growth = (FragmentOf(after) - before) / kWholeGpu;
        const int score = static_cast<int>(100 / (1 + std::exp(growth)));
        if (node.has_value() && score <= best) continue;
        node = n;
        left = after;
        best = score;
      }
    }
    if (!node.has_value()) return std::nullopt;
    return Placement{*node, rooms_[left]};
  }

  void Place(const Placement& placement) override { nodes_[placement.node] = rooms_.Find(placement.left); }

 private:
  static constexpr double kTypical = 0.95;

  double FragmentOf(RoomId room) {
    for (size_t r = fragments_.size(); r < rooms_.size(); ++r) {
      fragments_.push_back(Fragment(rooms_[static_cast<RoomId>(r)], shares_));
    }
    return fragments_[static_cast<size_t>(room)];
  }

  const std::vector<Share> shares_;
  Rooms rooms_;
  std::vector<RoomId> nodes_;
  std::vector<double> fragments_;  // by room
  absl::flat_hash_map<Ask, size_t> numbers_;
};

}  // namespace

std::vector<Share> PodShares(const std::vector<Ask>& pods, double part) {
  std::vector<Share> shares;
  absl::flat_hash_map<Ask, size_t> numbers;
  double all = 0;
  for (Ask ask : pods) {
    if (ask.gpus == 0) continue;
    ask.memory_bytes = 0;
    const auto [known, is_new] = numbers.try_emplace(ask, shares.size());
    if (is_new) shares.push_back({ask, 0});
    ++shares[known->second].share;
    ++all;
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.share > b.share; });
  double covered = 0;
  size_t kept = 0;
  while (kept < shares.size() && covered < part * all) covered += shares[kept++].share;
  shares.resize(kept);
  for (Share& share : shares) share.share /= covered;
  return shares;
}

double Fragment(const Room& room, const std::vector<Share>& shares) {
  const auto all = std::accumulate(room.gpus.begin(), room.gpus.end(), int64_t{0});
  double unusable = 0;
  for (const Share& share : shares) {
    int64_t usable = 0;
    if (AdmitsModel(room.kind, share.ask.where) && HasRoom(room, share.ask)) {
      for (const int32_t gpu : room.gpus) usable += gpu >= share.ask.milli ? gpu : 0;
    }
    unusable += share.share * static_cast<double>(all - usable);
  }
  return unusable;
}

std::unique_ptr<Policy> MakeFgd(const Trace& trace) { return std::make_unique<Fgd>(trace); }

}  // namespace muster::replay
