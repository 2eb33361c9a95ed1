// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/device.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/selector.h"

// What pods ask for: ResourceClaims of Dynamic Resource Allocation.
// Source: k8s.io/api resource/v1 of Kubernetes 1.37.
namespace muster {

enum class Verdict { kNo, kYes, kUnknown };

// Judges devices of a driver. Made by scheduling/dra of an expression.
class DevicePredicate {
 public:
  virtual ~DevicePredicate() = default;
  virtual Verdict Of(const Device& device, const std::string& driver) const = 0;
};

// An expression that selects devices.
struct DeviceSelector {
  std::string text;                                  // in CEL
  std::shared_ptr<const DevicePredicate> predicate;  // of the text; null: it is not understood
  friend bool operator==(const DeviceSelector& a, const DeviceSelector& b) { return a.text == b.text; }
};

// What pods may ask for by name.
struct DeviceClass {
  std::string name;
  std::vector<DeviceSelector> selectors;
  std::string extended_resource = "";  // pods that request so much of this ask for the class; empty: none
  friend bool operator==(const DeviceClass&, const DeviceClass&) = default;
};

// Devices of one kind that a claim asks for.
struct DeviceWish {
  std::string name = "";  // of the subrequest; empty where there is but one way
  std::string device_class;
  std::vector<DeviceSelector> selectors = {};
  bool all = false;  // every device that is selected, rather than `count`
  int64_t count = 1;
  bool admin = false;  // looks at devices that others may have
  std::vector<DeviceToleration> tolerations = {};
  std::map<std::string, int64_t> capacity = {};  // at least, in thousandths
  friend bool operator==(const DeviceWish&, const DeviceWish&) = default;
};

struct DeviceRequest {
  std::string name;
  std::vector<DeviceWish> alternatives;  // the first that can be had
  friend bool operator==(const DeviceRequest&, const DeviceRequest&) = default;
};

// The devices of these requests have one value of the attribute in common.
struct DeviceMatch {
  std::vector<std::string> requests;  // REQUEST or REQUEST/SUBREQUEST; empty: all
  std::string attribute;              // with its domain
  friend bool operator==(const DeviceMatch&, const DeviceMatch&) = default;
};

struct ClaimSpec {
  std::vector<DeviceRequest> requests;
  std::vector<DeviceMatch> matches = {};
  std::vector<std::string> unread = {};  // fields that are not modelled, by name
  friend bool operator==(const ClaimSpec&, const ClaimSpec&) = default;
};

// A ResourceClaim.
struct DeviceClaim {
  PodName name;  // namespace and name
  std::shared_ptr<const ClaimSpec> spec;
  PodUid owner = PodUid();    // the pod that it was made for; empty: nobody in particular
  bool for_extended = false;  // made by kube-scheduler, for extended resources of its owner
  bool allocated = false;
  std::vector<DeviceId> devices = {};  // that are allocated to it alone
  // Where pods with it may be, once it is allocated; unset: on every node.
  std::optional<std::vector<NodeSelectorTerm>> nodes = std::nullopt;

  friend bool operator==(const DeviceClaim& a, const DeviceClaim& b) {
    return a.name == b.name && *a.spec == *b.spec && a.owner == b.owner && a.for_extended == b.for_extended &&
           a.allocated == b.allocated && a.devices == b.devices && a.nodes == b.nodes;
  }
};

struct ClaimTemplate {
  PodName name;
  std::shared_ptr<const ClaimSpec> spec;
};

// The claims that a pod names.
struct PodClaims {
  struct Ref {
    std::string name;     // within the pod
    std::string claim;    // a ResourceClaim, or
    std::string made_of;  // a ResourceClaimTemplate
    friend bool operator==(const Ref&, const Ref&) = default;
  };
  std::string ns;
  std::vector<Ref> refs;
  friend bool operator==(const PodClaims&, const PodClaims&) = default;
};

// A device that a node reaches alone.
struct NodeDevice {
  std::shared_ptr<const DeviceSlice> slice;
  size_t index = 0;     // in the slice
  bool in_use = false;  // allocated to a claim
  const Device& device() const { return slice->devices[index]; }
};

// The devices of one node, as far as they can be allocated.
//
// Invariant: they are of the newest generation of pools that are published
//            completely; `counters` is what the devices in use leave.
struct NodeDevices {
  std::vector<NodeDevice> devices;  // in the order of pools, slices, and the slice
  std::map<std::pair<DevicePool, std::string>, CounterAmounts> counters;        // by pool and set
  std::map<std::pair<DevicePool, std::string>, CounterAmounts> whole_counters;  // with nothing in use
  std::vector<DevicePool> incomplete;  // pools of which slices are missing
};

}  // namespace muster
