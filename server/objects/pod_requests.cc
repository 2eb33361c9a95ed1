// SPDX-License-Identifier: Apache-2.0
#include "server/objects/pod_requests.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "scheduling/model/quantity.h"

namespace muster {
namespace {

using AllocatedByContainer = std::map<std::string, Resources>;

AllocatedByContainer Allocated(const Fields& status, absl::string_view key) {
  AllocatedByContainer allocated;
  status.ForEach(key, [&](const Fields& container) {
    allocated.emplace(container.String("name"), DecodeAmounts(container, "allocatedResources"));
  });
  return allocated;
}

Resources ContainerRequests(const Fields& container, const AllocatedByContainer& allocated) {
  const Fields resources = container.At("resources");
  Resources requests = DecodeAmounts(resources, "requests");
  const Labels asked = [&] {
    Labels names;
    resources.ForEachQuantity(
        "requests", [&](absl::string_view name, absl::string_view) { names.emplace(std::string(name), ""); });
    return names;
  }();
  const Resources limits = DecodeAmounts(resources, "limits");
  resources.ForEachQuantity("limits", [&](absl::string_view name, absl::string_view) {
    if (!asked.contains(std::string(name))) requests.Set(name, limits.Get(name));
  });
  const auto at = allocated.find(container.String("name"));
  if (at != allocated.end()) requests.RaiseTo(at->second);
  return requests;
}

bool AppliesToPodsAsAWhole(absl::string_view resource) {
  return resource == kCpu || resource == kMemory || absl::StartsWith(resource, "hugepages-");
}

}  // namespace

Resources DecodeAmounts(const Fields& parent, absl::string_view key) {
  Resources amounts;
  parent.ForEachQuantity(key, [&](absl::string_view name, absl::string_view text) {
    const absl::StatusOr<int64_t> amount = name == kCpu ? ParseMillis(text) : ParseUnits(text);
    if (amount.ok()) {
      amounts.Set(name, *amount);
    } else {
      parent.At(key).Reject(name, amount.status().message());
    }
  });
  return amounts;
}

Resources PodRequests(const Fields& spec, const Fields& status) {
  Resources total;
  const AllocatedByContainer allocated = Allocated(status, "containerStatuses");
  spec.ForEach("containers",
               [&](const Fields& container) { total += ContainerRequests(container, allocated); });

  Resources sidecars;
  Resources peak;
  const AllocatedByContainer allocated_to_init = Allocated(status, "initContainerStatuses");
  spec.ForEach("initContainers", [&](const Fields& container) {
    Resources requests = ContainerRequests(container, allocated_to_init);
    if (container.String("restartPolicy") == "Always") {
      total += requests;
      sidecars += requests;
      requests = sidecars;
    } else {
      requests += sidecars;
    }
    peak.RaiseTo(requests);
  });
  total.RaiseTo(peak);

  const Resources whole = DecodeAmounts(spec.At("resources"), "requests");
  spec.At("resources").ForEachQuantity("requests", [&](absl::string_view name, absl::string_view) {
    if (AppliesToPodsAsAWhole(name)) total.Set(name, whole.Get(name));
  });
  total += DecodeAmounts(spec, "overhead");
  total.pods = 1;
  return total;
}

}  // namespace muster
