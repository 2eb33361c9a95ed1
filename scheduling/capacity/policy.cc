// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/policy.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr CapacityPolicy kAny = CapacityPolicy::kAny;
constexpr CapacityPolicy kOnDemand = CapacityPolicy::kOnDemand;
constexpr CapacityPolicy kPreferSpot = CapacityPolicy::kPreferSpot;

constexpr absl::string_view kKey = "muster.dev/capacity";
// Of the priority classes system-cluster-critical and system-node-critical.
constexpr int32_t kSystemPriority = 2'000'000'000;

using Words = std::vector<std::pair<std::string, CapacityPolicy>>;

std::optional<CapacityPolicy> WordOn(const Words& words, absl::string_view name) {
  const auto at =
      std::find_if(words.begin(), words.end(), [&](const auto& word) { return word.first == name; });
  return at == words.end() ? std::nullopt : std::optional<CapacityPolicy>(at->second);
}

bool MadeForOneNode(const PodShape& shape) {
  return shape.required_affinity.has_value() && !shape.required_affinity->empty() &&
         std::all_of(shape.required_affinity->begin(), shape.required_affinity->end(),
                     [](const NodeSelectorTerm& term) { return !term.fields.empty(); });
}

PolicyChoice ByOwner(const Owner& owner, const PolicyOptions& options) {
  const std::string because = absl::StrCat("owner ", owner.kind);
  if (const auto said = WordOn(options.kinds, owner.kind)) return {*said, true, because};
  static constexpr std::array<absl::string_view, 4> kMayGo = {"Deployment", "ReplicaSet", "Job", "Workflow"};
  if (std::find(kMayGo.begin(), kMayGo.end(), owner.kind) != kMayGo.end())
    return {kPreferSpot, true, because};
  if (owner.kind == "StatefulSet") return {kOnDemand, true, because};
  return {};
}

PolicyChoice Derived(const Pod& pod, const PolicyOptions& options, bool spared_alone) {
  const CapacityWish& wish = pod.capacity;
  if (wish.must_stay) return {kOnDemand, true, "it must not be disrupted"};
  if (wish.may_go) return {kPreferSpot, true, "it may be evicted"};
  if (wish.tolerates_spot) return {kPreferSpot, true, "it tolerates spot nodes"};
  if (spared_alone) return {kOnDemand, true, "a disruption budget spares it"};
  if (pod.name.ns() == "kube-system") return {kOnDemand, true, "namespace kube-system"};
  if (pod.priority >= kSystemPriority) return {kOnDemand, true, "a system priority class"};
  if (wish.is_ingress) return {kOnDemand, true, "an ingress controller"};
  if (pod.membership.has_value()) return {kPreferSpot, true, "a gang"};
  return ByOwner(pod.owner, options);
}

PolicyChoice WithoutLabel(const Pod& pod, const PolicyOptions& options, bool spared_alone) {
  if (const auto said = WordOn(options.namespaces, pod.name.ns())) {
    return {*said, false, "capacity.namespaces of the configuration"};
  }
  return options.derive ? Derived(pod, options, spared_alone) : PolicyChoice{};
}

}  // namespace

PolicyChoice PolicyOf(const Pod& pod, const Labels& namespace_labels, const PolicyOptions& options,
                      bool spared_alone) {
  if (pod.capacity.policy.has_value()) return {*pod.capacity.policy, false, std::string(kKey)};
  if (pod.capacity.chooses_itself) return {kAny, false, "its own choice of nodes"};
  if (MadeForOneNode(pod.shape)) return {kAny, false, "made for one node"};
  const auto label = namespace_labels.find(kKey);
  if (label == namespace_labels.end()) return WithoutLabel(pod, options, spared_alone);
  const auto said = CapacityPolicyNamed(label->second);
  if (said.has_value()) return {*said, false, absl::StrCat(kKey, " of its namespace")};
  PolicyChoice choice = WithoutLabel(pod, options, spared_alone);
  if (!choice.because.empty())
    absl::StrAppend(&choice.because, "; ", kKey, " of its namespace is malformed: ", label->second);
  return choice;
}

std::vector<ClassSet> ClassesFor(const PolicyChoice& choice) {
  switch (choice.policy) {
    case CapacityPolicy::kAny:
      break;
    case CapacityPolicy::kSpot:
      return {kSpotOnly};
    case CapacityPolicy::kOnDemand:
      return {choice.derived ? kStays : kKept};
    case CapacityPolicy::kPreferSpot:
      return {kSpotOnly, ClassSet::All()};
    case CapacityPolicy::kPreferOnDemand:
      return {kKept, ClassSet::All()};
  }
  return {ClassSet::All()};
}

}  // namespace muster
