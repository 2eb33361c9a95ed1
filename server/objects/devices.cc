// SPDX-License-Identifier: Apache-2.0
// Objects of resource.k8s.io/v1: devices, and the claims on them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/dra/selector.h"
#include "scheduling/gpu/published_placements.h"
#include "scheduling/model/quantity.h"
#include "server/objects/fields.h"
#include "server/objects/objects.h"
#include "server/objects/requirement.h"

namespace muster {
namespace {

// Names without a domain are the driver's.
std::string Qualified(absl::string_view name, const std::string& driver) {
  return absl::StrContains(name, "/") ? std::string(name) : absl::StrCat(driver, "/", name);
}

int64_t MillisOf(const Fields& fields, absl::string_view key, absl::string_view text) {
  const absl::StatusOr<int64_t> millis = ParseMillis(text);
  if (!millis.ok()) fields.Reject(key, millis.status().message());
  return millis.value_or(0);
}

// The map of {name: {value: QUANTITY}} under `key`.
CounterAmounts DecodeValues(const Fields& parent, absl::string_view key) {
  CounterAmounts amounts;
  const Fields values = parent.At(key);
  for (const std::string& name : values.Keys()) {
    amounts[name] = MillisOf(values.At(name), "value", values.At(name).Quantity("value"));
  }
  return amounts;
}

DeviceAttribute DecodeAttribute(const Fields& value) {
  if (value.At("string").Present()) return value.String("string");
  if (value.At("int").Present()) return value.Integer("int", 0);
  if (value.At("bool").Present()) return value.Bool("bool");
  if (value.At("version").Present()) return DeviceVersion{value.String("version")};
  return UnreadAttribute{};
}

std::optional<std::vector<NodeSelectorTerm>> DecodeNodeSelector(const Fields& selector) {
  if (!selector.Present()) return std::nullopt;
  std::vector<NodeSelectorTerm> terms;
  selector.ForEach("nodeSelectorTerms", [&](const Fields& term) {
    NodeSelectorTerm& next = terms.emplace_back();
    term.ForEach("matchExpressions", [&](const Fields& e) { next.labels.push_back(DecodeRequirement(e)); });
    term.ForEach("matchFields", [&](const Fields& e) { next.fields.push_back(DecodeRequirement(e)); });
  });
  return terms;
}

Device DecodeDevice(const Fields& fields, const std::string& driver) {
  Device device;
  device.name = fields.String("name");
  if (device.name.empty()) fields.Reject("name", "want the device's name");
  const Fields attributes = fields.At("attributes");
  for (const std::string& name : attributes.Keys())
    device.attributes[Qualified(name, driver)] = DecodeAttribute(attributes.At(name));
  for (const auto& [name, amount] : DecodeValues(fields, "capacity"))
    device.capacity[Qualified(name, driver)] = amount;
  fields.ForEach("consumesCounters", [&](const Fields& consumption) {
    device.consumes.push_back({consumption.String("counterSet"), DecodeValues(consumption, "counters")});
  });
  fields.ForEach("taints", [&](const Fields& taint) {
    const std::string effect = taint.String("effect");
    device.taints.push_back({taint.String("key"), taint.String("value"),
                             effect == "NoSchedule" || effect == "NoExecute", effect == "NoExecute"});
  });
  device.for_several = fields.Bool("allowMultipleAllocations");
  device.node = NodeName(fields.String("nodeName"));
  return device;
}

std::vector<DeviceSelector> DecodeSelectors(const Fields& parent) {
  std::vector<DeviceSelector> selectors;
  parent.ForEach("selectors", [&](const Fields& selector) {
    selectors.push_back(MakeDeviceSelector(selector.At("cel").String("expression")));
  });
  return selectors;
}

DeviceToleration DecodeDeviceToleration(const Fields& fields) {
  using Effect = DeviceToleration::Effect;
  const std::string effect = fields.String("effect");
  return {fields.String("key"), fields.String("operator") == "Exists", fields.String("value"),
          effect.empty()           ? Effect::kAny
          : effect == "NoSchedule" ? Effect::kNoSchedule
          : effect == "NoExecute"  ? Effect::kNoExecute
                                   : Effect::kNone};
}

DeviceWish DecodeWish(const Fields& fields, ClaimSpec& spec) {
  DeviceWish wish;
  wish.name = fields.String("name");
  wish.device_class = fields.String("deviceClassName");
  wish.selectors = DecodeSelectors(fields);
  wish.all = fields.String("allocationMode") == "All";
  wish.count = fields.Integer("count", 1);
  if (wish.count < 0) fields.Reject("count", absl::StrCat(wish.count, " is negative"));
  if (wish.count == 0) wish.count = 1;
  wish.admin = fields.Bool("adminAccess");
  fields.ForEach("tolerations",
                 [&](const Fields& t) { wish.tolerations.push_back(DecodeDeviceToleration(t)); });
  const Fields capacity = fields.At("capacity");
  capacity.ForEachQuantity("requests", [&](absl::string_view name, absl::string_view text) {
    wish.capacity[std::string(name)] = MillisOf(capacity, "requests", text);
  });
  if (fields.At("derivedAttributes").Present()) spec.unread.emplace_back("derivedAttributes");
  return wish;
}

std::shared_ptr<const ClaimSpec> DecodeSpec(const Fields& devices) {
  auto spec = std::make_shared<ClaimSpec>();
  devices.ForEach("requests", [&](const Fields& fields) {
    DeviceRequest& request = spec->requests.emplace_back();
    request.name = fields.String("name");
    if (fields.At("exactly").Present())
      request.alternatives.push_back(DecodeWish(fields.At("exactly"), *spec));
    fields.ForEach("firstAvailable",
                   [&](const Fields& wish) { request.alternatives.push_back(DecodeWish(wish, *spec)); });
    if (request.alternatives.empty()) fields.Reject("", "want exactly or firstAvailable");
  });
  devices.ForEach("constraints", [&](const Fields& fields) {
    DeviceMatch match{{}, fields.String("matchAttribute")};
    fields.ForEach("requests", [&](const Fields& name) { match.requests.push_back(name.Text()); });
    if (!match.attribute.empty()) spec->matches.push_back(std::move(match));
    if (fields.At("distinctAttribute").Present()) spec->unread.emplace_back("distinctAttribute");
  });
  return spec;
}

PodName DecodeName(const Fields& metadata) {
  const std::string ns = metadata.String("namespace");
  const std::string name = metadata.String("name");
  if (name.empty()) metadata.Reject("name", "want the object's name");
  return PodName(ns.empty() ? "default" : ns, name);
}

void DecodeAllocation(const Fields& allocation, DeviceClaim& claim) {
  claim.allocated = allocation.Present();
  if (!claim.allocated) return;
  claim.nodes = DecodeNodeSelector(allocation.At("nodeSelector"));
  allocation.At("devices").ForEach("results", [&](const Fields& result) {
    // Administrators look on, and a share leaves the device to others.
    if (result.Bool("adminAccess") || !result.String("shareID").empty()) return;
    claim.devices.push_back({{result.String("driver"), result.String("pool")}, result.String("device")});
  });
}

absl::Status WantObject(const nlohmann::json& object) {
  if (object.is_object()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("want an object, got ", object.type_name()));
}

}  // namespace

absl::StatusOr<DeviceSlice> DecodeDeviceSlice(const nlohmann::json& object) {
  if (absl::Status s = WantObject(object); !s.ok()) return s;
  absl::Status error;
  const Fields root(object, &error);
  const Fields spec = root.At("spec");
  const Fields pool = spec.At("pool");
  DeviceSlice slice;
  slice.name = std::string(DecodeName(root.At("metadata")).name());
  slice.pool = {spec.String("driver"), pool.String("name")};
  slice.generation = pool.Integer("generation", 0);
  slice.slices_of_pool = pool.Integer("resourceSliceCount", 1);
  slice.node = NodeName(spec.String("nodeName"));
  slice.nodes = DecodeNodeSelector(spec.At("nodeSelector"));
  slice.all_nodes = spec.Bool("allNodes");
  spec.ForEach("devices", [&](const Fields& device) {
    slice.devices.push_back(DecodeDevice(device, slice.pool.driver));
  });
  spec.ForEach("sharedCounters", [&](const Fields& set) {
    slice.counters[set.String("name")] = DecodeValues(set, "counters");
  });
  if (!error.ok()) return error;
  slice.problem = CheckPublishedPlacements(slice);
  return slice;
}

absl::StatusOr<DeviceClass> DecodeDeviceClass(const nlohmann::json& object) {
  if (absl::Status s = WantObject(object); !s.ok()) return s;
  absl::Status error;
  const Fields root(object, &error);
  const Fields spec = root.At("spec");
  DeviceClass device_class{std::string(DecodeName(root.At("metadata")).name()), DecodeSelectors(spec),
                           spec.String("extendedResourceName")};
  if (!error.ok()) return error;
  return device_class;
}

absl::StatusOr<DeviceClaim> DecodeDeviceClaim(const nlohmann::json& object) {
  if (absl::Status s = WantObject(object); !s.ok()) return s;
  absl::Status error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  DeviceClaim claim{DecodeName(metadata), DecodeSpec(root.At("spec").At("devices"))};
  metadata.ForEach("ownerReferences", [&](const Fields& owner) {
    if (owner.Bool("controller") && owner.String("kind") == "Pod") claim.owner = PodUid(owner.String("uid"));
  });
  const Labels annotations = metadata.Strings("annotations");
  const auto extended = annotations.find("resource.kubernetes.io/extended-resource-claim");
  claim.for_extended = extended != annotations.end() && extended->second == "true" && !claim.owner.empty();
  DecodeAllocation(root.At("status").At("allocation"), claim);
  if (!error.ok()) return error;
  return claim;
}

absl::StatusOr<ClaimTemplate> DecodeClaimTemplate(const nlohmann::json& object) {
  if (absl::Status s = WantObject(object); !s.ok()) return s;
  absl::Status error;
  const Fields root(object, &error);
  ClaimTemplate made{DecodeName(root.At("metadata")), DecodeSpec(root.At("spec").At("spec").At("devices"))};
  if (!error.ok()) return error;
  return made;
}

}  // namespace muster
