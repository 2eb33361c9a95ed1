// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/device_rooms.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "scheduling/dra/points.h"
#include "scheduling/dra/wishes.h"

namespace muster {
namespace {

// The ways to serve one claim, for so many pods each of which has one like it.
struct Item {
  std::vector<Wishes::Way> ways;
  int64_t times = 1;
};

// What pods ask for, claim by claim.
class Items {
 public:
  Items(Wishes& wishes, const Node& node) : wishes_(wishes), node_(node) {}

  // False if the node can't serve it whatever is free.
  bool Add(const DeviceDemand& demand, int64_t pods, std::vector<Item>& own) {
    for (const ClaimDemand& claim : demand.claims) {
      if (!claim.resource.empty() && !absl::c_linear_search(node_.by_claims, claim.resource)) continue;
      if (!claim.shared.empty() && !shared_.insert(claim.shared).second) continue;
      Item item{wishes_.WaysOf(claim), claim.shared.empty() ? pods : 1};
      if (item.ways.empty()) return false;
      (claim.shared.empty() ? own : once_).push_back(std::move(item));
    }
    return true;
  }
  // Claims that several pods have, each once.
  const std::vector<Item>& once() const { return once_; }

 private:
  Wishes& wishes_;
  const Node& node_;
  std::set<std::string> shared_;
  std::vector<Item> once_;
};

Points PointsOf(const std::vector<Wishes::Way>& ways, size_t kinds) {
  Points points;
  for (const Wishes::Way& way : ways) {
    Point& point = points.emplace_back(kinds, 0);
    for (const auto& [kind, count] : way) point[kind] += count;
  }
  KeepMinimal(points);
  return points;
}

// The least that can be asked for in all, without what can't be served.
class Asked {
 public:
  Asked(const Supply& supply, size_t kinds) : supply_(supply), kinds_(kinds), totals_({Point(kinds, 0)}) {}

  // False, from then on too, if that is more than can be served.
  bool Add(const Item& item) {
    const Points points = PointsOf(item.ways, kinds_);
    for (int64_t i = 0; i < item.times && !totals_.empty(); ++i) {
      if (points.size() == 1 && IsZero(points[0])) break;
      Add(points);
    }
    return !totals_.empty();
  }

  // How often all of `items` can be served beside what was added; at most `limit`.
  int64_t CountMore(const std::vector<Item>& items, int64_t limit) {
    if (totals_.empty()) return 0;
    Points each = {Point(kinds_, 0)};
    for (const Item& item : items) {
      Points sums;
      if (!AddAll(each, PointsOf(item.ways, kinds_), sums)) break;
      KeepMinimal(sums);
      each = std::move(sums);
    }
    if (absl::c_any_of(each, IsZero)) return limit;
    if (each.size() == 1 && totals_.size() == 1) return Closed(each[0], limit);
    int64_t count = 0;
    while (count < limit) {
      Add(each);
      if (totals_.empty()) break;
      ++count;
    }
    return count;
  }

 private:
  static bool IsZero(const Point& point) {
    return absl::c_all_of(point, [](int32_t count) { return count == 0; });
  }

  void Add(const Points& points) {
    Points sums;
    // Too many to tell: then it counts as nothing, so that nobody is refused by mistake.
    if (!AddAll(totals_, points, sums)) return;
    std::erase_if(sums, [&](const Point& sum) { return !AnyCovers(supply_.most, sum); });
    KeepMinimal(sums);
    totals_ = std::move(sums);
  }

  int64_t Closed(const Point& each, int64_t limit) const {
    int64_t best = 0;
    for (const Point& most : supply_.most) {
      int64_t count = limit;
      for (size_t k = 0; k < kinds_; ++k) {
        if (most[k] < totals_[0][k]) count = 0;
        if (each[k] > 0) count = std::min<int64_t>(count, (most[k] - totals_[0][k]) / each[k]);
      }
      best = std::max(best, count);
    }
    return best;
  }

  const Supply& supply_;
  const size_t kinds_;
  Points totals_;
};

const NodeDevices& None() {
  static const auto& none = *new NodeDevices();
  return none;
}

}  // namespace

int64_t DeviceRooms::CountFitting(const Node& node, absl::Span<const DeviceLoad> loads,
                                  const DeviceDemand& demand, int64_t limit) {
  if (demand.claims.empty()) return limit;
  const NodeDevices* found = view_.FindDevices(node.name);
  const NodeDevices& devices = found == nullptr ? None() : *found;
  Wishes wishes(view_, node, devices, empty_);
  Items items(wishes, node);
  std::vector<Item> beside;
  for (const DeviceLoad& load : loads) {
    if (!items.Add(*load.demand, load.pods, beside)) return 0;
  }
  std::vector<Item> own;
  if (!items.Add(demand, 1, own)) return 0;
  Asked asked(supplies_.Of(wishes.Devices(), devices, empty_, wishes.kinds()), wishes.kinds());
  for (const Item& item : beside) {
    if (!asked.Add(item)) return 0;
  }
  for (const Item& item : items.once()) {
    if (!asked.Add(item)) return 0;
  }
  return asked.CountMore(own, limit);
}

bool DeviceRooms::Fit(const Node& node, absl::Span<const DeviceLoad> loads) {
  for (size_t l = 0; l < loads.size(); ++l) {
    if (loads[l].demand->claims.empty()) continue;
    return CountFitting(node, loads.subspan(l + 1), *loads[l].demand, loads[l].pods) >= loads[l].pods;
  }
  return true;
}

bool PinsAllow(const DeviceDemand& demand, const Node& node) {
  return absl::c_all_of(demand.pins, [&](const std::vector<NodeSelectorTerm>& terms) {
    return absl::c_any_of(
        terms, [&](const NodeSelectorTerm& term) { return Matches(term, node.name.text(), node.labels); });
  });
}

}  // namespace muster
