// SPDX-License-Identifier: Apache-2.0
// Whether a node's devices serve what is asked of them, against a search that
// gives out device by device.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/dra/device_rooms.h"
#include "scheduling/dra/selector.h"
#include "scheduling/model/cluster_view.h"

namespace muster {
namespace {

constexpr char kDriver[] = "gpu.example.com";
const NodeName kNode("n1");

using Random = std::mt19937;
int Upto(Random& random, int most) { return std::uniform_int_distribution<int>(0, most)(random); }

// A device of one of three colours, on one of two buses.
Device MakeDevice(int number, Random& random, bool cut) {
  Device device;
  device.name = absl::StrCat("d", number);
  device.attributes = {{absl::StrCat(kDriver, "/colour"), absl::StrCat("c", Upto(random, 2))},
                       {absl::StrCat(kDriver, "/bus"), absl::StrCat("b", Upto(random, 1))}};
  if (Upto(random, 3) == 0) device.taints.push_back({"broken", ""});
  if (cut) {
    // Some slices of one of two cards.
    CounterAmounts slices;
    const int start = Upto(random, 3);
    for (int s = start; s <= std::min(3, start + Upto(random, 2)); ++s) slices[absl::StrCat("s", s)] = 1000;
    device.consumes.push_back({absl::StrCat("card", Upto(random, 1)), slices});
  }
  return device;
}

DeviceWish MakeWish(Random& random) {
  DeviceWish wish{.device_class = "any", .count = 1 + Upto(random, 1)};
  const int selects = Upto(random, 3);
  if (selects < 3) {
    wish.selectors.push_back(
        MakeDeviceSelector(absl::StrCat("device.attributes['", kDriver, "'].colour == 'c", selects, "'")));
  }
  if (Upto(random, 2) == 0) wish.tolerations.push_back({"broken", true, ""});
  wish.all = Upto(random, 9) == 0;
  return wish;
}

std::shared_ptr<const ClaimSpec> MakeSpec(Random& random) {
  auto spec = std::make_shared<ClaimSpec>();
  for (int r = Upto(random, 1); r >= 0; --r) {
    DeviceRequest& request = spec->requests.emplace_back(DeviceRequest{absl::StrCat("r", r), {}});
    for (int a = Upto(random, 3) == 0 ? 1 : 0; a >= 0; --a) {
      request.alternatives.push_back(MakeWish(random));
      request.alternatives.back().name = absl::StrCat("a", a);
    }
  }
  if (Upto(random, 2) == 0) spec->matches.push_back({{}, absl::StrCat(kDriver, "/bus")});
  return spec;
}

// Gives out devices one by one, and tries all of them for each.
class Search {
 public:
  explicit Search(const NodeDevices& node) : node_(node), taken_(node.devices.size()), left_(node.counters) {}

  bool Serves(const std::vector<const ClaimSpec*>& claims) {
    claims_ = claims;
    return Claim(0);
  }

 private:
  struct Want {
    const DeviceRequest* request;
    const DeviceWish* wish;
  };

  static bool IsOf(const DeviceWish& wish, const Device& device) {
    return std::all_of(wish.selectors.begin(), wish.selectors.end(), [&](const DeviceSelector& selector) {
      return selector.predicate->Of(device, kDriver) == Verdict::kYes;
    });
  }
  static bool IsTolerated(const DeviceWish& wish, const Device& device) {
    return device.taints.empty() || !wish.tolerations.empty();
  }

  bool Claim(size_t c) {
    if (c == claims_.size()) return true;
    return Request(c, 0, {});
  }
  bool Request(size_t c, size_t r, std::vector<Want> wants) {
    const ClaimSpec& spec = *claims_[c];
    if (r == spec.requests.size()) {
      std::vector<size_t> got;
      return Give(c, wants, 0, 0, 0, got);
    }
    for (const DeviceWish& wish : spec.requests[r].alternatives) {
      std::vector<Want> next = wants;
      next.push_back({&spec.requests[r], &wish});
      if (Request(c, r + 1, next)) return true;
    }
    return false;
  }
  int64_t NeededBy(const DeviceWish& wish) const {
    if (!wish.all) return wish.count;
    return std::count_if(node_.devices.begin(), node_.devices.end(),
                         [&](const NodeDevice& device) { return IsOf(wish, device.device()); });
  }
  bool Give(size_t c, const std::vector<Want>& wants, size_t w, int64_t given, size_t from,
            std::vector<size_t>& got) {
    if (w == wants.size()) return Claim(c + 1);
    const DeviceWish& wish = *wants[w].wish;
    const int64_t needed = NeededBy(wish);
    if (needed == 0) return false;
    if (given == needed) return Give(c, wants, w + 1, 0, 0, got);
    for (size_t d = from; d < node_.devices.size(); ++d) {
      const Device& device = node_.devices[d].device();
      if (taken_[d] || node_.devices[d].in_use || !IsOf(wish, device) || !IsTolerated(wish, device)) continue;
      if (!claims_[c]->matches.empty() && !got.empty()) {
        const std::string bus = absl::StrCat(kDriver, "/bus");
        if (node_.devices[got.front()].device().attributes.at(bus) != device.attributes.at(bus)) continue;
      }
      if (!Consume(device, 1)) continue;
      taken_[d] = true;
      got.push_back(d);
      const bool found = Give(c, wants, w, given + 1, d + 1, got);
      got.pop_back();
      taken_[d] = false;
      Consume(device, -1);
      if (found) return true;
    }
    return false;
  }
  bool Consume(const Device& device, int64_t times) {
    bool enough = true;
    for (const auto& consumption : device.consumes) {
      CounterAmounts& set = left_[{node_.devices[0].slice->pool, consumption.set}];
      for (const auto& [counter, amount] : consumption.counters) {
        set[counter] -= times * amount;
        enough &= set[counter] >= 0;
      }
    }
    if (!enough && times > 0) Consume(device, -1);
    return enough;
  }

  const NodeDevices& node_;
  std::vector<const ClaimSpec*> claims_;
  std::vector<bool> taken_;
  std::map<std::pair<DevicePool, std::string>, CounterAmounts> left_;
};

TEST(DeviceRooms, SayWhatASearchDeviceByDeviceFinds) {
  Random random(7);
  int served = 0;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    ClusterView view;
    Node node;
    node.name = kNode;
    view.Upsert(node);
    view.Upsert(DeviceClass{"any", {}});
    DeviceSlice slice{.name = "s", .pool = {kDriver, "n1"}, .node = kNode};
    const bool cut = Upto(random, 1) == 0;
    for (int d = 2 + Upto(random, 4); d >= 0; --d)
      slice.devices.push_back(MakeDevice(d, random, cut && d > 1));
    for (const char* card : {"card0", "card1"})
      slice.counters[card] = {{"s0", 1000}, {"s1", 1000}, {"s2", 1000}, {"s3", 1000}};
    view.Upsert(slice);
    DeviceClaim used{PodName("default", "used"), std::make_shared<ClaimSpec>()};
    used.allocated = true;
    for (const Device& device : slice.devices) {
      if (Upto(random, 4) == 0) used.devices.push_back({slice.pool, device.name});
    }
    // Devices that exclude each other are not in use together.
    if (cut && used.devices.size() > 1) used.devices.resize(1);
    view.Upsert(used);

    std::vector<DeviceDemand> demands(1 + Upto(random, 1));
    for (size_t d = 0; d < demands.size(); ++d) {
      demands[d].claims.push_back({MakeSpec(random)});
      demands[d].key = absl::StrCat(d);
    }
    std::vector<DeviceLoad> loads;
    std::vector<const ClaimSpec*> claims;
    for (const DeviceDemand& demand : demands) {
      loads.push_back({&demand, 1 + Upto(random, 1)});
      for (int64_t p = 0; p < loads.back().pods; ++p) claims.push_back(demand.claims[0].spec.get());
    }
    const bool want = Search(*view.FindDevices(kNode)).Serves(claims);
    served += want ? 1 : 0;
    DeviceRooms rooms(view);
    ASSERT_EQ(rooms.Fit(*view.FindNode(kNode)->node, loads), want) << "round " << round;
    // Counting agrees with asking for each number.
    const int64_t count = rooms.CountFitting(*view.FindNode(kNode)->node, {}, demands[0], 8);
    for (int64_t n = 1; n <= 8; ++n) {
      const std::vector<const ClaimSpec*> same(static_cast<size_t>(n), demands[0].claims[0].spec.get());
      ASSERT_EQ(Search(*view.FindDevices(kNode)).Serves(same), n <= count) << "round " << round << ", " << n;
    }
  }
  // Otherwise the rounds say little.
  EXPECT_GT(served, kRounds / 8);
  EXPECT_LT(served, kRounds * 7 / 8);
}

}  // namespace
}  // namespace muster
