// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/supply.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

using SetName = std::pair<DevicePool, std::string>;
using Amounts = std::vector<int64_t>;

// States of one island that are looked at, at most.
constexpr size_t kMostStates = 20'000;

const std::map<SetName, CounterAmounts>& CountersOf(const NodeDevices& node, bool whole) {
  return whole ? node.whole_counters : node.counters;
}

// Devices that share counters, directly or by others, numbered from 0.
std::vector<std::vector<FreeDevice>> IslandsOf(const std::vector<FreeDevice>& devices) {
  std::map<SetName, size_t> island_of;
  std::vector<std::vector<FreeDevice>> islands;
  for (const FreeDevice& usable : devices) {
    std::set<size_t> joined;
    for (const Device::Consumption& consumption : usable.device->device().consumes) {
      const auto at = island_of.find({usable.device->slice->pool, consumption.set});
      if (at != island_of.end()) joined.insert(at->second);
    }
    const size_t into = joined.empty() ? islands.size() : *joined.begin();
    if (joined.empty()) islands.emplace_back();
    for (const size_t other : joined) {
      if (other == into) continue;
      islands[into].insert(islands[into].end(), islands[other].begin(), islands[other].end());
      islands[other].clear();
      for (auto& [set, island] : island_of) island = island == other ? into : island;
    }
    islands[into].push_back(usable);
    for (const Device::Consumption& consumption : usable.device->device().consumes)
      island_of[{usable.device->slice->pool, consumption.set}] = into;
  }
  std::erase_if(islands, [](const auto& island) { return island.empty(); });
  return islands;
}

// An island with its counters as numbers.
struct Compact {
  Amounts left;
  struct Part {
    Amounts consumes;
    uint32_t kinds = 0;
    auto operator<=>(const Part&) const = default;
  };
  std::vector<Part> parts;

  Compact(const std::vector<FreeDevice>& island, const std::map<SetName, CounterAmounts>& counters) {
    std::map<std::tuple<DevicePool, std::string, std::string>, size_t> index;
    for (const FreeDevice& usable : island) {
      for (const auto& consumption : usable.device->device().consumes) {
        const DevicePool& pool = usable.device->slice->pool;
        const auto set = counters.find({pool, consumption.set});
        for (const auto& [counter, amount] : consumption.counters) {
          if (!index.try_emplace({pool, consumption.set, counter}, left.size()).second) continue;
          const bool known = set != counters.end() && set->second.contains(counter);
          left.push_back(known ? set->second.at(counter) : 0);
        }
      }
    }
    for (const FreeDevice& usable : island) {
      Part& part = parts.emplace_back();
      part.consumes.resize(left.size());
      part.kinds = usable.kinds;
      for (const auto& consumption : usable.device->device().consumes) {
        for (const auto& [counter, amount] : consumption.counters)
          part.consumes[index.at({usable.device->slice->pool, consumption.set, counter})] += amount;
      }
    }
  }

  std::string Signature() const {
    std::string text = "i";
    for (const int64_t amount : left) absl::StrAppend(&text, amount, ",");
    for (const Part& part : parts) {
      absl::StrAppend(&text, ";", part.kinds, ":");
      for (const int64_t amount : part.consumes) absl::StrAppend(&text, amount, ",");
    }
    return text;
  }
};

bool Take(const Amounts& amounts, Amounts& left) {
  for (size_t c = 0; c < left.size(); ++c) {
    left[c] -= amounts[c];
    if (left[c] < 0 && amounts[c] > 0) return false;
  }
  return true;
}

// As if each kind had the devices alone.
Supply Loosely(const std::vector<FreeDevice>& devices, size_t kinds) {
  Point most(kinds, 0);
  for (const FreeDevice& usable : devices) {
    for (size_t k = 0; k < kinds; ++k) most[k] += static_cast<int32_t>(usable.kinds >> k & 1);
  }
  return {{std::move(most)}, false};
}

// Tries every set of devices for which the counters suffice.
Supply Search(const Compact& island, const std::vector<FreeDevice>& devices, size_t kinds) {
  std::set<std::pair<Amounts, Point>> states = {{island.left, Point(kinds, 0)}};
  for (const Compact::Part& part : island.parts) {
    std::vector<std::pair<Amounts, Point>> more;
    for (const auto& [left, point] : states) {
      Amounts after = left;
      if (!Take(part.consumes, after)) continue;
      for (size_t k = 0; k < kinds; ++k) {
        if ((part.kinds >> k & 1) == 0) continue;
        ++more.emplace_back(after, point).second[k];
      }
    }
    states.insert(more.begin(), more.end());
    if (states.size() > kMostStates) return Loosely(devices, kinds);
  }
  Supply supply;
  std::set<Point> served;
  for (const auto& [left, point] : states) served.insert(point);
  if (served.size() > kMostPoints * 2) return Loosely(devices, kinds);
  supply.most.assign(served.begin(), served.end());
  KeepMaximal(supply.most);
  return supply;
}

}  // namespace

const Supply& Supplies::OfIsland(const std::vector<FreeDevice>& island, const NodeDevices& node, bool whole,
                                 size_t kinds, std::string& signature) {
  const Compact compact(island, CountersOf(node, whole));
  signature = compact.Signature();
  const auto [at, is_new] = islands_.try_emplace(absl::StrCat(kinds, signature));
  if (is_new) at->second = Search(compact, island, kinds);
  return at->second;
}

const Supply& Supplies::Of(const std::vector<FreeDevice>& devices, const NodeDevices& node, bool whole,
                           size_t kinds) {
  std::map<uint32_t, int32_t> alone;  // devices that share nothing, by what they will do for
  std::vector<FreeDevice> sharing;
  for (const FreeDevice& usable : devices) {
    if (usable.kinds == 0) continue;
    if (usable.device->device().consumes.empty()) {
      ++alone[usable.kinds];
    } else {
      sharing.push_back(usable);
    }
  }
  std::vector<std::string> parts;
  std::vector<Supply> supplies;
  for (const auto& [bits, count] : alone) {
    parts.push_back(absl::StrCat("d", bits, "x", count));
    Supply& supply = supplies.emplace_back();
    if (!Divisions(count, bits, kinds, supply.most)) {
      Point most(kinds, 0);
      for (size_t k = 0; k < kinds; ++k) most[k] = (bits >> k & 1) != 0 ? count : 0;
      supply = {{std::move(most)}, false};
    }
  }
  for (const std::vector<FreeDevice>& island : IslandsOf(sharing)) {
    std::string& signature = parts.emplace_back();
    supplies.push_back(OfIsland(island, node, whole, kinds, signature));
  }
  std::sort(parts.begin(), parts.end());
  std::string signature = absl::StrCat(kinds);
  for (const std::string& part : parts) absl::StrAppend(&signature, "+", part);
  const auto [at, is_new] = nodes_.try_emplace(std::move(signature));
  if (!is_new) return at->second;
  Supply total{{Point(kinds, 0)}};
  for (const Supply& supply : supplies) {
    Points sums;
    total.exact &= supply.exact;
    if (!AddAll(total.most, supply.most, sums)) return at->second = Loosely(devices, kinds);
    KeepMaximal(sums);
    total.most = std::move(sums);
  }
  return at->second = std::move(total);
}

}  // namespace muster
