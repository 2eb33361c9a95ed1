// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduling/dra/demand.h"
#include "scheduling/dra/supply.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/device_claim.h"
#include "scheduling/model/node.h"

namespace muster {

// What claims ask of the devices of one node, in kinds: each kind is what one
// wish looks for, and has a bit.
//
// Semantics: k8s.io/dynamic-resource-allocation/structured of Kubernetes 1.37,
//         of which allocator each claim gets what any choice of devices allows.
// Threads: thread-compatible. Refers to all that it is made of.
class Wishes {
 public:
  // Every device counts as free where `empty`.
  Wishes(const ClusterView& view, const Node& node, const NodeDevices& devices, bool empty)
      : view_(view), node_(node), devices_(devices), empty_(empty) {}

  // One way to serve a claim: how many devices of each kind, by kind.
  using Way = std::vector<std::pair<size_t, int32_t>>;
  // All ways; none where the node can't serve it whatever is free.
  std::vector<Way> WaysOf(const ClaimDemand& claim);

  size_t kinds() const { return kinds_.size(); }
  // The free devices, with the kinds that they will do for.
  std::vector<FreeDevice> Devices() const;

 private:
  // What a device must be.
  struct Kind {
    const DeviceWish* wish = nullptr;
    std::vector<std::pair<std::string, DeviceAttribute>> equal = {};
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  struct Chosen {
    const DeviceRequest* request = nullptr;
    const DeviceWish* wish = nullptr;
    std::vector<std::pair<std::string, DeviceAttribute>> equal = {};
  };

  void Choose(const ClaimSpec& spec, std::vector<Chosen>& chosen, std::vector<Way>& ways);
  void Match(const ClaimSpec& spec, size_t match, const std::vector<Chosen>& chosen, std::vector<Way>& ways);
  // False if the node can't serve it.
  bool AddTo(const Chosen& chosen, Way& way);
  bool AddAll(const Chosen& chosen, Way& way);
  size_t NumberOf(Kind kind);

  bool IsOf(const Kind& kind, const Device& device, const std::string& driver) const;
  bool IsFree(const NodeDevice& device) const { return empty_ || !device.in_use; }
  // Whether devices that claims share, or that several nodes reach, will do:
  // these are not counted.
  bool IsServedOtherwise(const Kind& kind) const;

  const ClusterView& view_;
  const Node& node_;
  const NodeDevices& devices_;
  const bool empty_;
  std::vector<Kind> kinds_;
};

// The attribute of the device; null where it has none. `name` has its domain.
const DeviceAttribute* AttributeOf(const Device& device, const std::string& name);

}  // namespace muster
