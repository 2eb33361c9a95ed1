// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/demand.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster {
namespace {

// Of what a demand is made.
struct Asker {
  const PodUid* uid = nullptr;  // null: the pod has yet to be created
  const PodClaims* claims = nullptr;
  const Resources& requests;
  const std::map<std::string, std::string>* made = nullptr;  // see Pod::made_claims
};

void AddSelectors(const std::vector<DeviceSelector>& selectors, std::string& key) {
  for (const DeviceSelector& selector : selectors) absl::StrAppend(&key, "|", selector.text);
}

// Equal specs have equal texts.
std::string KeyOf(const ClaimSpec& spec) {
  std::string key;
  for (const DeviceRequest& request : spec.requests) {
    absl::StrAppend(&key, "{", request.name);
    for (const DeviceWish& wish : request.alternatives) {
      absl::StrAppend(&key, "[", wish.name, ";", wish.device_class, ";", wish.all ? "all" : "",
                      wish.admin ? "admin" : "", wish.count);
      AddSelectors(wish.selectors, key);
      for (const DeviceToleration& t : wish.tolerations)
        absl::StrAppend(&key, "~", t.key, "=", t.value, t.exists ? "!" : "", static_cast<int>(t.effect));
      for (const auto& [name, amount] : wish.capacity) absl::StrAppend(&key, "#", name, "=", amount);
    }
  }
  for (const DeviceMatch& match : spec.matches) {
    absl::StrAppend(&key, "&", match.attribute);
    for (const std::string& request : match.requests) absl::StrAppend(&key, ",", request);
  }
  return key;
}

std::string KeyOf(const std::vector<NodeSelectorTerm>& terms) {
  std::string key;
  const auto add = [&](const LabelRequirement& r) {
    absl::StrAppend(&key, "(", r.key, static_cast<int>(r.op));
    for (const std::string& value : r.values) absl::StrAppend(&key, ",", value);
  };
  for (const NodeSelectorTerm& term : terms) {
    absl::StrAppend(&key, "/");
    for (const LabelRequirement& r : term.labels) add(r);
    absl::StrAppend(&key, "@");
    for (const LabelRequirement& r : term.fields) add(r);
  }
  return key;
}

class Resolving {
 public:
  explicit Resolving(const ClusterView& view) : view_(view) {}

  void Add(const PodClaims& claims, const Asker& asker) {
    for (const PodClaims::Ref& ref : claims.refs) {
      std::string name = ref.claim;
      if (name.empty() && asker.made != nullptr) {
        const auto made = asker.made->find(ref.name);
        if (made != asker.made->end() && made->second.empty()) continue;  // none is needed
        if (made != asker.made->end()) name = made->second;
      }
      if (name.empty()) {
        AddTemplate(PodName(claims.ns, ref.made_of));
      } else {
        AddClaim(PodName(claims.ns, name), ref);
      }
    }
  }

  void AddResources(const Asker& asker) {
    const DeviceClaim* made = asker.uid == nullptr ? nullptr : view_.FindExtendedClaim(*asker.uid);
    if (made != nullptr && made->allocated) return AddAllocated(*made);
    for (const auto& [resource, amount] : asker.requests.scalars) {
      const DeviceClass* device_class = amount > 0 ? view_.FindClassOfResource(resource) : nullptr;
      if (device_class == nullptr) continue;
      auto spec = std::make_shared<ClaimSpec>();
      spec->requests.push_back({resource, {DeviceWish{.device_class = device_class->name, .count = amount}}});
      AddSpec(std::move(spec), "", resource);
    }
  }

  DeviceDemand Take() { return std::move(demand_); }

 private:
  void AddTemplate(const PodName& name) {
    const ClaimTemplate* found = view_.FindClaimTemplate(name);
    if (found == nullptr) return Miss(absl::StrCat("ResourceClaimTemplate ", name.text(), " does not exist"));
    AddSpec(found->spec, "", "");
  }

  void AddClaim(const PodName& name, const PodClaims::Ref& ref) {
    const DeviceClaim* claim = view_.FindClaim(name);
    if (claim == nullptr) {
      // One that was only just made for the pod is like its template.
      if (!ref.made_of.empty()) return AddTemplate(PodName(name.ns(), ref.made_of));
      return Miss(absl::StrCat("ResourceClaim ", name.text(), " does not exist"));
    }
    if (claim->allocated) return AddAllocated(*claim);
    AddSpec(claim->spec, ref.made_of.empty() ? name.text() : "", "");
  }

  void AddAllocated(const DeviceClaim& claim) {
    if (!claim.nodes.has_value()) return;
    absl::StrAppend(&demand_.key, "<", KeyOf(*claim.nodes));
    demand_.pins.push_back(*claim.nodes);
  }

  void AddSpec(std::shared_ptr<const ClaimSpec> spec, std::string shared, std::string resource) {
    for (const DeviceRequest& request : spec->requests) {
      for (const DeviceWish& wish : request.alternatives) {
        if (view_.FindDeviceClass(wish.device_class) == nullptr)
          Miss(absl::StrCat("DeviceClass ", wish.device_class, " does not exist"));
      }
    }
    absl::StrAppend(&demand_.key, ">", shared, ":", resource, ":", KeyOf(*spec));
    demand_.claims.push_back({std::move(spec), std::move(shared), std::move(resource)});
  }

  void Miss(std::string what) {
    if (!demand_.missing.empty()) return;
    absl::StrAppend(&demand_.key, "?", what);
    demand_.missing = std::move(what);
  }

  const ClusterView& view_;
  DeviceDemand demand_;
};

DeviceDemand Resolve(const ClusterView& view, const Asker& asker) {
  if (!view.knows_devices()) return {};
  if (asker.claims == nullptr && (!view.has_classes_of_resources() || asker.requests.scalars.empty()))
    return {};
  Resolving resolving(view);
  if (asker.claims != nullptr) resolving.Add(*asker.claims, asker);
  if (view.has_classes_of_resources()) resolving.AddResources(asker);
  return resolving.Take();
}

const PodClaims* Named(const Rare<PodClaims>& claims) { return claims.has_value() ? &*claims : nullptr; }

}  // namespace

DeviceDemand DemandOf(const ClusterView& view, const Pod& pod) {
  return Resolve(view, {&pod.uid, Named(pod.shape.claims), pod.shape.requests,
                        pod.made_claims.has_value() ? &*pod.made_claims : nullptr});
}

DeviceDemand DemandOf(const ClusterView& view, const Seat& seat) {
  const std::shared_ptr<const Pod> pod = view.FindPod(seat.pod);
  const bool known = pod != nullptr && pod->uid == seat.uid && pod->made_claims.has_value();
  return Resolve(view, {&seat.uid, Named(seat.claims), seat.requests, known ? &*pod->made_claims : nullptr});
}

DeviceDemand DemandOf(const ClusterView& view, const PodShape& shape) {
  return Resolve(view, {nullptr, Named(shape.claims), shape.requests});
}

namespace {

void AddNotUnderstood(const ClusterView& view, const DeviceDemand& demand, std::set<std::string>& notes) {
  const auto look = [&](const std::vector<DeviceSelector>& selectors, const std::string& whose) {
    for (const DeviceSelector& selector : selectors) {
      if (selector.predicate != nullptr) continue;
      notes.insert(absl::StrFormat("the selector \"%s\" of %s is not understood: kube-scheduler judges it",
                                   selector.text, whose));
    }
  };
  for (const ClaimDemand& claim : demand.claims) {
    for (const DeviceRequest& request : claim.spec->requests) {
      for (const DeviceWish& wish : request.alternatives) {
        look(wish.selectors, absl::StrCat("the device request ", request.name));
        const DeviceClass* device_class = view.FindDeviceClass(wish.device_class);
        if (device_class != nullptr)
          look(device_class->selectors, absl::StrCat("DeviceClass ", wish.device_class));
      }
    }
    for (const std::string& field : claim.spec->unread)
      notes.insert(absl::StrCat(field, " of a claim is not counted: kube-scheduler judges it"));
  }
}

}  // namespace

std::vector<std::string> NotUnderstood(const ClusterView& view, const Gang& gang) {
  std::set<std::string> notes;
  std::set<std::string> seen;
  for (const auto& member : gang.members) {
    if (!member->pending()) continue;
    if (!view.knows_devices() && member->shape.claims.has_value())
      notes.insert(
          "claims of devices are not counted: there is no resource.k8s.io/v1; kube-scheduler judges them");
    const DeviceDemand demand = DemandOf(view, *member);
    if (!demand.empty() && seen.insert(demand.key).second) AddNotUnderstood(view, demand, notes);
  }
  return {notes.begin(), notes.end()};
}

}  // namespace muster
