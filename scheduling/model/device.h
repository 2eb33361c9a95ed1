// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduling/model/ids.h"
#include "scheduling/model/selector.h"

// What drivers publish of their devices: ResourceSlices of Dynamic Resource
// Allocation. Source: k8s.io/api resource/v1 of Kubernetes 1.37.
namespace muster {

// A version as an attribute has it (semver 2.0).
struct DeviceVersion {
  std::string text;
  friend bool operator==(const DeviceVersion&, const DeviceVersion&) = default;
  friend auto operator<=>(const DeviceVersion&, const DeviceVersion&) = default;
};

// An attribute of a kind that is not read (a list).
struct UnreadAttribute {
  friend bool operator==(const UnreadAttribute&, const UnreadAttribute&) = default;
  friend auto operator<=>(const UnreadAttribute&, const UnreadAttribute&) = default;
};

using DeviceAttribute = std::variant<bool, int64_t, std::string, DeviceVersion, UnreadAttribute>;

struct DeviceTaint {
  std::string key;
  std::string value;
  bool keeps_off = true;  // NoSchedule or NoExecute; other effects keep nobody off
  bool executes = false;  // NoExecute
  friend bool operator==(const DeviceTaint&, const DeviceTaint&) = default;
};

struct DeviceToleration {
  std::string key;  // empty: every taint, with `exists`
  bool exists = false;
  std::string value;
  enum class Effect { kAny, kNoSchedule, kNoExecute, kNone } effect = Effect::kAny;
  friend bool operator==(const DeviceToleration&, const DeviceToleration&) = default;
};

bool Tolerates(const DeviceToleration& toleration, const DeviceTaint& taint);

// Amounts by name, in thousandths.
using CounterAmounts = std::map<std::string, int64_t>;

// One device, or one way to cut it. Names of attributes and capacities have
// their domain: "gpu.nvidia.com/type".
struct Device {
  struct Consumption {
    std::string set;
    CounterAmounts counters;
    friend bool operator==(const Consumption&, const Consumption&) = default;
  };

  std::string name;
  std::map<std::string, DeviceAttribute> attributes;
  std::map<std::string, int64_t> capacity;  // in thousandths
  std::vector<Consumption> consumes;        // of counters that it shares with others of its pool
  std::vector<DeviceTaint> taints;
  bool for_several = false;    // allowMultipleAllocations: claims share it
  NodeName node = NodeName();  // where the slice leaves that to its devices

  friend bool operator==(const Device&, const Device&) = default;
};

struct DevicePool {
  std::string driver;
  std::string name;
  friend bool operator==(const DevicePool&, const DevicePool&) = default;
  friend auto operator<=>(const DevicePool&, const DevicePool&) = default;
};

// The name of one device in the cluster.
struct DeviceId {
  DevicePool pool;
  std::string device;
  friend bool operator==(const DeviceId&, const DeviceId&) = default;
  friend auto operator<=>(const DeviceId&, const DeviceId&) = default;
};

// A part of a pool, as a driver publishes it.
struct DeviceSlice {
  std::string name;
  DevicePool pool;
  int64_t generation = 0;
  int64_t slices_of_pool = 1;  // that its generation has
  NodeName node = NodeName();  // whose devices these are; empty: see below
  // Devices that several nodes reach: those that the terms select (any of
  // them), or all nodes. Unset: each device says its node.
  std::optional<std::vector<NodeSelectorTerm>> nodes = std::nullopt;
  bool all_nodes = false;
  std::vector<Device> devices = {};
  std::map<std::string, CounterAmounts> counters = {};  // by set
  std::string problem = "";  // how its MIG placements differ from those of the product; empty: they do not

  friend bool operator==(const DeviceSlice&, const DeviceSlice&) = default;
};

}  // namespace muster
