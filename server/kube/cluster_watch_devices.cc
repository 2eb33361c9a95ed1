// SPDX-License-Identifier: Apache-2.0
// The objects of Dynamic Resource Allocation: devices, and the claims on them.
#include <set>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "server/kube/cluster_watch.h"
#include "server/kube/follow.h"
#include "server/kube/reflector.h"
#include "server/objects/objects.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

// Of an object that can't be decoded; empty if it has none.
std::string NameOf(const Json& object) {
  const Json::json_pointer path("/metadata/name");
  return object.contains(path) && object.at(path).is_string() ? object.at(path).get<std::string>() : "";
}

}  // namespace

void ClusterWatch::WatchDevices() {
  Follow<std::set<std::string>>(
      {{"/apis/resource.k8s.io/v1/resourceslices"}, true},
      [this](bool deleted, const Json& object, std::set<std::string>& names) {
        if (auto name = ApplyDeviceSlice(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<std::string>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.device_slices(), names,
                       [&](const std::string& name) { view_.RemoveDeviceSlice(name); });
      });
  devices_ = reflectors_.back().get();
  Follow<std::set<std::string>>(
      {{"/apis/resource.k8s.io/v1/deviceclasses"}, true},
      [this](bool deleted, const Json& object, std::set<std::string>& names) {
        if (auto name = ApplyDeviceClass(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<std::string>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.device_classes(), names,
                       [&](const std::string& name) { view_.RemoveDeviceClass(name); });
      });
  Follow<std::set<PodName>>(
      {{"/apis/resource.k8s.io/v1/resourceclaims"}, true},
      [this](bool deleted, const Json& object, std::set<PodName>& names) {
        if (auto name = ApplyClaim(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<PodName>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.claims(), names, [&](const PodName& name) { view_.RemoveClaim(name); });
      });
  Follow<std::set<PodName>>(
      {{"/apis/resource.k8s.io/v1/resourceclaimtemplates"}, true},
      [this](bool deleted, const Json& object, std::set<PodName>& names) {
        if (auto name = ApplyClaimTemplate(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<PodName>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.claim_templates(), names,
                       [&](const PodName& name) { view_.RemoveClaimTemplate(name); });
      });
}

std::optional<std::string> ClusterWatch::ApplyDeviceSlice(bool deleted, const Json& object) {
  absl::StatusOr<DeviceSlice> slice = DecodeDeviceSlice(object);
  std::string name = NameOf(object);
  if (!slice.ok()) Undecodable(object, slice.status());
  if (name.empty()) return std::nullopt;
  // Of one that can't be read nothing is known: its pool is not complete.
  if (deleted || !slice.ok()) {
    view_.RemoveDeviceSlice(name);
  } else {
    view_.Upsert(*std::move(slice));
  }
  return name;
}

std::optional<std::string> ClusterWatch::ApplyDeviceClass(bool deleted, const Json& object) {
  absl::StatusOr<DeviceClass> device_class = DecodeDeviceClass(object);
  if (!device_class.ok()) return Undecodable(object, device_class.status()), std::nullopt;
  std::string name = device_class->name;
  if (deleted) {
    view_.RemoveDeviceClass(name);
  } else {
    view_.Upsert(*std::move(device_class));
  }
  return name;
}

std::optional<PodName> ClusterWatch::ApplyClaim(bool deleted, const Json& object) {
  absl::StatusOr<DeviceClaim> claim = DecodeDeviceClaim(object);
  if (!claim.ok()) return Undecodable(object, claim.status()), std::nullopt;
  PodName name = claim->name;
  if (deleted) {
    view_.RemoveClaim(name);
  } else {
    view_.Upsert(*std::move(claim));
  }
  return name;
}

std::optional<PodName> ClusterWatch::ApplyClaimTemplate(bool deleted, const Json& object) {
  absl::StatusOr<ClaimTemplate> made = DecodeClaimTemplate(object);
  if (!made.ok()) return Undecodable(object, made.status()), std::nullopt;
  PodName name = made->name;
  if (deleted) {
    view_.RemoveClaimTemplate(name);
  } else {
    view_.Upsert(*std::move(made));
  }
  return name;
}

}  // namespace muster::kube
