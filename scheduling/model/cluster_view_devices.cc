// SPDX-License-Identifier: Apache-2.0
// Devices that drivers publish, and the claims on them.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "scheduling/model/cluster_view.h"

namespace muster {
namespace {

// Every class is also asked for by an extended resource with this before its name.
// Source: ResourceDeviceClassPrefix of k8s.io/api resource/v1 0.37.
constexpr absl::string_view kClassPrefix = "deviceclass.resource.kubernetes.io/";

std::set<NodeName> NodesOf(const DeviceSlice& slice) {
  std::set<NodeName> nodes;
  if (!slice.node.empty()) nodes.insert(slice.node);
  for (const Device& device : slice.devices) {
    if (!device.node.empty()) nodes.insert(device.node);
  }
  return nodes;
}

bool IsOn(const DeviceSlice& slice, const Device& device, const NodeName& node) {
  return slice.node.empty() ? device.node == node : slice.node == node;
}

bool IsReachedBySeveral(const DeviceSlice& slice) { return slice.all_nodes || slice.nodes.has_value(); }

// Whether it can be told that the device is of the class.
bool Selects(const DeviceClass& device_class, const Device& device, const std::string& driver) {
  return std::all_of(
      device_class.selectors.begin(), device_class.selectors.end(), [&](const DeviceSelector& selector) {
        return selector.predicate == nullptr || selector.predicate->Of(device, driver) != Verdict::kNo;
      });
}

void Subtract(const NodeDevice& device, NodeDevices& from) {
  for (const Device::Consumption& consumption : device.device().consumes) {
    const auto set = from.counters.find({device.slice->pool, consumption.set});
    if (set == from.counters.end()) continue;
    for (const auto& [counter, amount] : consumption.counters) set->second[counter] -= amount;
  }
}

}  // namespace

void ClusterView::Upsert(DeviceSlice slice) {
  knows_devices_ = true;
  const auto* old = slices_.Find(slice.name);
  if (old != nullptr && **old == slice) return;
  const std::string name = slice.name;
  SetSlice(name, std::make_shared<const DeviceSlice>(std::move(slice)));
}

void ClusterView::RemoveDeviceSlice(const std::string& name) {
  if (slices_.Find(name) != nullptr) SetSlice(name, nullptr);
}

void ClusterView::SetSlice(const std::string& name, std::shared_ptr<const DeviceSlice> slice) {
  std::set<NodeName> touched;
  if (const auto* found = slices_.Find(name)) {
    const std::shared_ptr<const DeviceSlice> old = *found;
    touched.merge(NodesOfPool(old->pool));
    std::set<std::string> rest = *slices_of_pool_.Find(old->pool);
    rest.erase(name);
    rest.empty() ? void(slices_of_pool_.Erase(old->pool)) : slices_of_pool_.Set(old->pool, std::move(rest));
    slices_.Erase(name);
    reached_by_several_.Erase(name);
    // A node that the pool left keeps it on its list: there it says nothing.
  }
  if (slice != nullptr) {
    const auto* others = slices_of_pool_.Find(slice->pool);
    std::set<std::string> names = others == nullptr ? std::set<std::string>() : *others;
    names.insert(name);
    slices_of_pool_.Set(slice->pool, std::move(names));
    slices_.Set(name, slice);
    if (IsReachedBySeveral(*slice)) reached_by_several_.Set(name, slice);
    for (const NodeName& node : NodesOf(*slice)) {
      const auto* known = pools_of_node_.Find(node);
      std::set<DevicePool> pools = known == nullptr ? std::set<DevicePool>() : *known;
      if (pools.insert(slice->pool).second) pools_of_node_.Set(node, std::move(pools));
    }
    touched.merge(NodesOfPool(slice->pool));
  }
  for (const NodeName& node : touched) {
    GatherDevices(node);
    OfferDevicesAnew(node);
  }
  ++growth_;
}

std::set<NodeName> ClusterView::NodesOfPool(const DevicePool& pool) const {
  std::set<NodeName> nodes;
  if (const auto* names = slices_of_pool_.Find(pool)) {
    for (const std::string& name : *names) nodes.merge(NodesOf(**slices_.Find(name)));
  }
  return nodes;
}

// Source: GatherPools of k8s.io/dynamic-resource-allocation/structured 0.37:
//         slices of older generations do not count, and pools of which slices
//         are missing give nothing.
void ClusterView::GatherDevices(const NodeName& name) {
  auto next = std::make_shared<NodeDevices>();
  std::set<DevicePool> pools;
  if (const auto* known = pools_of_node_.Find(name)) pools = *known;
  for (const DevicePool& pool : pools) {
    const auto* names = slices_of_pool_.Find(pool);
    if (names == nullptr) continue;
    std::vector<std::shared_ptr<const DeviceSlice>> newest;
    for (const std::string& slice_name : *names) {
      const auto& slice = *slices_.Find(slice_name);
      if (!newest.empty() && slice->generation < newest.front()->generation) continue;
      if (!newest.empty() && slice->generation > newest.front()->generation) newest.clear();
      newest.push_back(slice);
    }
    if (static_cast<int64_t>(newest.size()) != newest.front()->slices_of_pool) {
      next->incomplete.push_back(pool);
      continue;
    }
    for (const auto& slice : newest) {
      for (const auto& [set, counters] : slice->counters) next->counters[{pool, set}] = counters;
      for (size_t d = 0; d < slice->devices.size(); ++d) {
        const Device& device = slice->devices[d];
        if (!IsOn(*slice, device, name)) continue;
        next->devices.push_back({slice, d, in_use_.Find(DeviceId{pool, device.name}) != nullptr});
      }
    }
  }
  if (next->devices.empty() && next->incomplete.empty()) {
    devices_.Erase(name);
    return;
  }
  next->whole_counters = next->counters;
  for (const NodeDevice& device : next->devices) {
    if (device.in_use) Subtract(device, *next);
  }
  devices_.Set(name, std::move(next));
}

const NodeDevices* ClusterView::FindDevices(const NodeName& node) const {
  const auto* devices = devices_.Find(node);
  return devices == nullptr ? nullptr : devices->get();
}

// Source: filterExtendedResources of kube-scheduler 1.37: the class counts where
//         the node says nothing of the resource, or none.
void ClusterView::OfferDevices(Node& node) const {
  for (const std::string& resource : node.by_claims) node.allocatable.Set(resource, 0);
  node.by_claims.clear();
  if (class_of_resource_.empty()) return;
  const NodeDevices* devices = FindDevices(node.name);
  if (devices == nullptr) return;
  class_of_resource_.ForEach([&](const std::string& resource, const std::string& name) {
    if (node.allocatable.Get(resource) != 0) return;
    const DeviceClass& device_class = *FindDeviceClass(name);
    const auto count =
        std::count_if(devices->devices.begin(), devices->devices.end(), [&](const NodeDevice& device) {
          return Selects(device_class, device.device(), device.slice->pool.driver);
        });
    if (count == 0) return;
    node.allocatable.Set(resource, count);
    node.by_claims.push_back(resource);
  });
}

void ClusterView::OfferDevicesAnew(const NodeName& name) {
  const NodeState* state = nodes_.Find(name);
  if (state == nullptr || state->node == nullptr) return;
  if (class_of_resource_.empty() && state->node->by_claims.empty()) return;
  Upsert(Node(*state->node));
}

void ClusterView::Upsert(DeviceClass device_class) {
  knows_devices_ = true;
  const auto* old = device_classes_.Find(device_class.name);
  if (old != nullptr && **old == device_class) return;
  const std::string name = device_class.name;
  device_classes_.Set(name, std::make_shared<const DeviceClass>(std::move(device_class)));
  MapResources();
  ++growth_;
}

void ClusterView::RemoveDeviceClass(const std::string& name) {
  if (!device_classes_.Erase(name)) return;
  MapResources();
  ++growth_;
}

void ClusterView::MapResources() {
  class_of_resource_ = {};
  // Of several classes with one name of a resource kube-scheduler takes the
  // newest; here it is the first by name, since ages are not read.
  device_classes_.ForEach(
      [&](const std::string& name, const std::shared_ptr<const DeviceClass>& device_class) {
        class_of_resource_.Set(absl::StrCat(kClassPrefix, name), name);
        const std::string& resource = device_class->extended_resource;
        if (!resource.empty() && class_of_resource_.Find(resource) == nullptr)
          class_of_resource_.Set(resource, name);
      });
  std::vector<NodeName> nodes;
  devices_.ForEach([&](const NodeName& name, const auto&) { nodes.push_back(name); });
  for (const NodeName& name : nodes) OfferDevicesAnew(name);
}

const DeviceClass* ClusterView::FindDeviceClass(const std::string& name) const {
  const auto* found = device_classes_.Find(name);
  return found == nullptr ? nullptr : found->get();
}

const DeviceClass* ClusterView::FindClassOfResource(absl::string_view resource) const {
  const auto* name = class_of_resource_.Find(std::string(resource));
  return name == nullptr ? nullptr : FindDeviceClass(*name);
}

void ClusterView::Upsert(DeviceClaim claim) {
  knows_devices_ = true;
  const DeviceClaim* old = FindClaim(claim.name);
  if (old != nullptr && *old == claim) return;
  // That a claim got its devices makes room for nobody.
  const bool gives_back = old != nullptr && old->allocated;
  const bool is_news = old == nullptr && claim.owner.empty();
  if (old != nullptr) CountUse(*old, -1);
  const PodName name = claim.name;
  if (claim.for_extended) extended_claims_.Set(claim.owner, name);
  claims_.Set(name, std::make_shared<const DeviceClaim>(std::move(claim)));
  CountUse(*FindClaim(name), +1);
  if (gives_back || is_news) ++growth_;
}

void ClusterView::RemoveClaim(const PodName& name) {
  const auto* found = claims_.Find(name);
  if (found == nullptr) return;
  const std::shared_ptr<const DeviceClaim> old = *found;
  const PodName* extended = extended_claims_.Find(old->owner);
  if (extended != nullptr && *extended == name) extended_claims_.Erase(old->owner);
  claims_.Erase(name);
  CountUse(*old, -1);
  ++growth_;
}

void ClusterView::CountUse(const DeviceClaim& claim, int64_t change) {
  std::set<NodeName> touched;
  for (const DeviceId& id : claim.devices) {
    const int64_t* before = in_use_.Find(id);
    const int64_t claims = (before == nullptr ? 0 : *before) + change;
    claims > 0 ? in_use_.Set(id, claims) : void(in_use_.Erase(id));
    touched.merge(NodesOfPool(id.pool));
  }
  for (const NodeName& node : touched) GatherDevices(node);
}

const DeviceClaim* ClusterView::FindClaim(const PodName& name) const {
  const auto* found = claims_.Find(name);
  return found == nullptr ? nullptr : found->get();
}

const DeviceClaim* ClusterView::FindExtendedClaim(const PodUid& pod) const {
  const PodName* name = extended_claims_.Find(pod);
  return name == nullptr ? nullptr : FindClaim(*name);
}

void ClusterView::Upsert(ClaimTemplate claim_template) {
  knows_devices_ = true;
  const PodName name = claim_template.name;
  const auto* old = claim_templates_.Find(name);
  if (old != nullptr && *(*old)->spec == *claim_template.spec) return;
  claim_templates_.Set(name, std::make_shared<const ClaimTemplate>(std::move(claim_template)));
  ++growth_;
}

void ClusterView::RemoveClaimTemplate(const PodName& name) {
  if (claim_templates_.Erase(name)) ++growth_;
}

const ClaimTemplate* ClusterView::FindClaimTemplate(const PodName& name) const {
  const auto* found = claim_templates_.Find(name);
  return found == nullptr ? nullptr : found->get();
}

void ClusterView::IndexClaiming(const std::shared_ptr<const Pod>& pod, bool comes) {
  if (!pod->shape.claims.has_value()) return;
  const Members* before = claiming_.Find(pod->node);
  Members next = before == nullptr ? Members() : *before;
  if (comes) {
    next.Set(pod->name, pod);
  } else {
    next.Erase(pod->name);
  }
  next.empty() ? void(claiming_.Erase(pod->node)) : claiming_.Set(pod->node, std::move(next));
}

std::string ProblemOfDevices(const ClusterView& view, const NodeName& node) {
  const NodeDevices* devices = view.FindDevices(node);
  if (devices == nullptr) return "";
  for (const NodeDevice& device : devices->devices) {
    if (!device.slice->problem.empty()) return device.slice->problem;
  }
  return "";
}

}  // namespace muster
