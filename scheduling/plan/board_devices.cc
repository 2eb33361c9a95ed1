// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/board_devices.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr int64_t kMostCounted = 128;  // devices of a node, for people

// Its requests, each as if it were all of the claim.
DeviceDemand Alone(const DeviceWish& wish) {
  DeviceWish one = wish;
  one.all = false;
  one.admin = false;
  one.count = 1;
  auto spec = std::make_shared<ClaimSpec>();
  spec->requests.push_back({"", {std::move(one)}});
  DeviceDemand demand{.claims = {{.spec = std::move(spec)}}};
  demand.key = "alone";
  return demand;
}

std::string NameOf(const DeviceWish& wish) {
  return wish.count == 1 && !wish.all ? absl::StrCat("device of ", wish.device_class)
                                      : absl::StrCat("devices of ", wish.device_class);
}

}  // namespace

DeviceLoads& BoardDevices::LoadsOf(const NodeName& node) {
  const auto found = loads_.find(node);
  if (found != loads_.end()) return found->second;
  static const auto& nothing = *new Ledger();
  const auto at =
      loads_.emplace(node, DeviceLoads(input_.view, empty_ ? nothing : input_.ledger, node, !empty_)).first;
  for (const Seat& seat : input_.kept) {
    if (!empty_ && seat.node == node) at->second.Add(DemandOf(input_.view, seat), 1);
  }
  return at->second;
}

bool BoardDevices::MayUse(const DeviceDemand& demand, const Node& node) const {
  if (!empty_ && !PinsAllow(demand, node)) return false;
  if (input_.claim_nodes == nullptr || empty_) return true;
  return std::all_of(demand.claims.begin(), demand.claims.end(), [&](const ClaimDemand& claim) {
    const auto at = input_.claim_nodes->find(claim.shared);
    return claim.shared.empty() || at == input_.claim_nodes->end() || at->second == node.name;
  });
}

int64_t BoardDevices::CountFitting(const DeviceDemand& demand, const NodeName& node, int64_t limit) {
  return demand.claims.empty() ? limit : LoadsOf(node).CountFitting(rooms_, demand, limit);
}

void BoardDevices::Take(const DeviceDemand& demand, const NodeName& node, int64_t members) {
  if (!demand.claims.empty()) LoadsOf(node).Add(demand, members);
}

BoardDevices::Lack BoardDevices::LackOn(const DeviceDemand& demand, const Node& node) {
  Lack lack;
  for (const ClaimDemand& claim : demand.claims) {
    for (const DeviceRequest& request : claim.spec->requests) {
      const DeviceWish& wish = request.alternatives.front();
      const int64_t free = CountFitting(Alone(wish), node.name, kMostCounted);
      const bool is_short = wish.all || free < wish.count;
      if (!lack.what.empty() && !is_short) continue;
      lack.what = absl::StrCat("devices of ", wish.device_class);
      lack.free = free;
      if (is_short) break;
    }
  }
  DeviceRooms rooms(input_.view);
  lack.promised = !empty_ && DeviceLoads(input_.view, Ledger(), node.name).CountFitting(rooms, demand, 1) > 0;
  return lack;
}

std::string DescribeDevices(const DeviceDemand& demand) {
  std::string text;
  for (const ClaimDemand& claim : demand.claims) {
    if (!claim.resource.empty()) continue;  // it is among the pod's requests
    for (const DeviceRequest& request : claim.spec->requests) {
      const char* separator = text.empty() ? "" : ", ";
      for (const DeviceWish& wish : request.alternatives) {
        absl::StrAppend(&text, separator, wish.all ? "all " : absl::StrCat(wish.count, " "), NameOf(wish));
        separator = " or ";
      }
    }
  }
  return text;
}

}  // namespace muster
