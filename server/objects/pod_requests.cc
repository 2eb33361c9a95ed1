// SPDX-License-Identifier: Apache-2.0
#include "server/objects/pod_requests.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "scheduling/model/quantity.h"

namespace muster {
namespace {

// 128 TiB, or 140 thousand million cores. The amounts of a pod's containers and
// of a node's pods are added up, which must not overflow; no node has as much.
constexpr int64_t kLargestAmount = int64_t{1} << 47;

// Whose word on a container counts: of the pod's author, of kubelet on what it
// set aside, or of kubelet on what the container runs with.
enum class Source { kSpec, kAllocated, kActuated };

// What a pod's `resources` ask for, requests that are missing taken from limits.
Resources RequestsOrLimits(const Fields& resources) {
  Resources requests = DecodeAmounts(resources, "limits");
  const Resources asked = DecodeAmounts(resources, "requests");
  resources.ForEachQuantity(
      "requests", [&](absl::string_view name, absl::string_view) { requests.Set(name, asked.Get(name)); });
  return requests;
}

// The containers of one pod with what is said of them.
class Containers {
 public:
  Containers(const Fields& spec, const Fields& status)
      : spec_(spec), infeasible_(ResizeIsInfeasible(status)) {
    for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
      status.ForEach(list, [&](const Fields& s) {
        if (s.At("resources").Present() || s.At("allocatedResources").Present())
          statuses_.emplace(s.String("name"), s);
      });
    }
  }

  // Whether all sources say the same.
  bool agree() const { return statuses_.empty() && !infeasible_; }

  // Containers and sidecars together, or an init container beside the sidecars
  // started before it where that is more.
  Resources Total(Source source) const {
    Resources total;
    spec_.ForEach("containers", [&](const Fields& container) { total += RequestsOf(container, source); });
    Resources sidecars;
    Resources peak;
    spec_.ForEach("initContainers", [&](const Fields& container) {
      Resources requests = RequestsOf(container, source);
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
    return total;
  }

  // A resize that the node can't grant: what the spec asks for is not taken.
  bool infeasible() const { return infeasible_; }

 private:
  static bool ResizeIsInfeasible(const Fields& status) {
    bool first = true;
    bool infeasible = false;
    status.ForEach("conditions", [&](const Fields& condition) {
      if (!first || condition.String("type") != "PodResizePending") return;
      first = false;
      infeasible = condition.String("reason") == "Infeasible";
    });
    return infeasible;
  }

  Resources RequestsOf(const Fields& container, Source source) const {
    const auto at = statuses_.find(container.String("name"));
    if (source != Source::kSpec && at != statuses_.end()) {
      const Fields& status = at->second;
      const Fields actuated = status.At("resources");
      if (source == Source::kActuated && actuated.At("requests").Present()) {
        return DecodeAmounts(actuated, "requests");
      }
      if (status.At("allocatedResources").Present()) return DecodeAmounts(status, "allocatedResources");
    }
    if (source != Source::kSpec && infeasible_) return {};
    return RequestsOrLimits(container.At("resources"));
  }

  const Fields& spec_;
  const bool infeasible_;
  std::map<std::string, Fields> statuses_;  // those that speak of resources
};

bool AppliesToPodsAsAWhole(absl::string_view resource) {
  return resource == kCpu || resource == kMemory || absl::StartsWith(resource, "hugepages-");
}

// What the containers take, by all that is said of them.
Resources OfContainers(const Containers& containers, const Fields& status) {
  const Fields actuated = status.At("resources");
  const bool by_pod = status.At("allocatedResources").Present() && actuated.At("requests").Present();
  if (!by_pod && containers.agree()) return containers.Total(Source::kSpec);
  Resources total =
      by_pod ? DecodeAmounts(status, "allocatedResources") : containers.Total(Source::kAllocated);
  total.RaiseTo(by_pod ? DecodeAmounts(actuated, "requests") : containers.Total(Source::kActuated));
  if (!containers.infeasible()) total.RaiseTo(containers.Total(Source::kSpec));
  return total;
}

// Puts the requests of the pod as a whole in place of those of its containers.
void ApplyRequestsOfPod(const Containers& containers, const Fields& spec, const Fields& status,
                        Resources& total) {
  const Fields resources = spec.At("resources");
  if (!resources.Present()) return;
  std::map<std::string, int64_t> whole;
  const auto raise = [&](const Fields& parent, absl::string_view key) {
    const Resources amounts = DecodeAmounts(parent, key);
    parent.ForEachQuantity(key, [&](absl::string_view name, absl::string_view) {
      if (!AppliesToPodsAsAWhole(name)) return;
      int64_t& amount = whole.try_emplace(std::string(name), 0).first->second;
      amount = std::max(amount, amounts.Get(name));
    });
  };
  raise(resources, "requests");
  // A limit that no request goes with is one, unless containers ask for some.
  const std::map<std::string, int64_t> asked = whole;
  const Resources of_containers = containers.Total(Source::kSpec);
  const Resources limits = DecodeAmounts(resources, "limits");
  resources.ForEachQuantity("limits", [&](absl::string_view name, absl::string_view) {
    if (!AppliesToPodsAsAWhole(name) || asked.contains(std::string(name))) return;
    const bool shared = !absl::StartsWith(name, "hugepages-") && of_containers.Get(name) > 0;
    whole[std::string(name)] = shared ? of_containers.Get(name) : limits.Get(name);
  });
  if (whole.empty()) return;
  if (status.At("resources").Present()) {
    if (containers.infeasible()) whole.clear();
    raise(status.At("resources"), "requests");
    raise(status, "allocatedResources");
  }
  for (const auto& [name, amount] : whole) total.Set(name, amount);
}

Resources Capped(Resources amounts) {
  const auto cap = [](int64_t& amount) { amount = std::min(amount, kLargestAmount); };
  cap(amounts.cpu_millis);
  cap(amounts.memory_bytes);
  cap(amounts.ephemeral_bytes);
  for (auto& [name, amount] : amounts.scalars) cap(amount);
  return amounts;
}

}  // namespace

Resources DecodeAmounts(const Fields& parent, absl::string_view key, absl::Span<const std::string> except) {
  Resources amounts;
  parent.ForEachQuantity(key, [&](absl::string_view name, absl::string_view text) {
    if (std::find(except.begin(), except.end(), name) != except.end()) return;
    const absl::StatusOr<int64_t> amount = name == kCpu ? ParseMillis(text) : ParseUnits(text);
    if (amount.ok()) {
      amounts.Set(name, std::min(*amount, kLargestAmount));
    } else {
      parent.At(key).Reject(name, amount.status().message());
    }
  });
  return amounts;
}

Resources PodRequests(const Fields& spec, const Fields& status) {
  const Containers containers(spec, status);
  Resources total = OfContainers(containers, status);
  ApplyRequestsOfPod(containers, spec, status, total);
  total += DecodeAmounts(spec, "overhead");
  total.pods = 1;
  return Capped(std::move(total));
}

}  // namespace muster
