// SPDX-License-Identifier: Apache-2.0
// Kueue's topology-aware scheduling, asked for by annotations of the pods,
// whatever controller makes these:
//
//   kueue.x-k8s.io/podset-required-topology       level of which one domain holds all pods
//   kueue.x-k8s.io/podset-preferred-topology      the same as far as it can be had
//   kueue.x-k8s.io/podset-unconstrained-topology  "true": anywhere
//   kueue.x-k8s.io/podset-slice-required-topology and
//   kueue.x-k8s.io/podset-slice-size              pods in groups of so many per domain
//   kueue.x-k8s.io/podset-slice-required-topology-constraints
//                                                 the same in up to three layers, as JSON:
//                                                 [{"topology":"rack","size":16},...]
//   kueue.x-k8s.io/podset-group-name              leader and workers in one domain
//   kueue.x-k8s.io/pod-index-offset               number of the first rank
//
// Source: sigs.k8s.io/kueue v0.17.0 (checked), apis/kueue/v1beta2,
//         topology_types.go and workload_types.go.
#include "scheduling/declare/kueue_topology_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kPrefix = "kueue.x-k8s.io/";
constexpr absl::string_view kRequired = "kueue.x-k8s.io/podset-required-topology";
constexpr absl::string_view kPreferred = "kueue.x-k8s.io/podset-preferred-topology";
constexpr absl::string_view kUnconstrained = "kueue.x-k8s.io/podset-unconstrained-topology";
constexpr absl::string_view kSliceLevel = "kueue.x-k8s.io/podset-slice-required-topology";
constexpr absl::string_view kSliceSize = "kueue.x-k8s.io/podset-slice-size";
constexpr absl::string_view kLayers = "kueue.x-k8s.io/podset-slice-required-topology-constraints";
constexpr absl::string_view kGroup = "kueue.x-k8s.io/podset-group-name";
constexpr absl::string_view kOffset = "kueue.x-k8s.io/pod-index-offset";
constexpr size_t kMostLayers = 3;

std::string ReadLevel(absl::string_view key, PodReader& reader) {
  const auto level = reader.Text(key);
  if (level.has_value() && level->empty()) reader.Problem(absl::StrCat(key, " is empty; want a level"));
  return level.value_or("");
}

void ReadPodSet(PodReader& reader, TopologyDemand& demand) {
  demand.required = ReadLevel(kRequired, reader);
  demand.preferred = ReadLevel(kPreferred, reader);
  demand.unconstrained = reader.Flag(kUnconstrained);
  const int said =
      (demand.required.empty() ? 0 : 1) + (demand.preferred.empty() ? 0 : 1) + (demand.unconstrained ? 1 : 0);
  if (said > 1) {
    reader.Problem(
        absl::StrCat("want one of ", kRequired, ", ", kPreferred, " and ", kUnconstrained, ", not ", said));
  }
}

std::vector<SliceDemand> ReadLayers(const std::string& text, PodReader& reader) {
  std::vector<SliceDemand> slices;
  nlohmann::json layers;
  layers[std::string(kLayers)] = nlohmann::json::parse(text, nullptr, false);
  if (layers.front().is_discarded() || !layers.front().is_array() || layers.front().empty() ||
      layers.front().size() > kMostLayers) {
    reader.Problem(absl::StrCat(kLayers, " is ", Quoted(text), "; want JSON, a list of up to ", kMostLayers,
                                " of {\"topology\": level, \"size\": number}"));
    return {};
  }
  std::string problem;
  ObjectFields(layers, problem).ForEach(kLayers, [&](const ObjectFields& layer) {
    slices.push_back({layer.NeededText("topology"), layer.NeededNumber("size", 1, kMaxMembers)});
  });
  if (!problem.empty()) reader.Problem(problem);
  for (size_t i = 1; i < slices.size(); ++i) {
    if (slices[i - 1].size % slices[i].size == 0) continue;
    reader.Problem(absl::StrCat(kLayers, " has layers of ", slices[i - 1].size, " and ", slices[i].size,
                                "; want each a multiple of the next"));
  }
  return slices;
}

std::vector<SliceDemand> ReadSlices(PodReader& reader) {
  const auto level = reader.Text(kSliceLevel);
  const auto size = reader.Number(kSliceSize, 1, kMaxMembers);
  const auto layers = reader.Text(kLayers);
  if (layers.has_value()) {
    if (level.has_value() || size.has_value()) {
      reader.Problem(
          absl::StrCat("want one of ", level.has_value() ? kSliceLevel : kSliceSize, " and ", kLayers));
    }
    return ReadLayers(*layers, reader);
  }
  if (!level.has_value() && !size.has_value()) return {};
  if (level.value_or("").empty()) {
    reader.Problem(absl::StrCat(kSliceSize, " needs ", kSliceLevel, " beside it"));
  } else if (!size.has_value()) {
    reader.Problem(absl::StrCat(kSliceLevel, " needs ", kSliceSize, " beside it"));
  } else {
    return {{*level, *size}};
  }
  return {};
}

void SubtractOffset(PodReader& reader, Membership& membership) {
  const int64_t offset = reader.Number(kOffset, 0, kMaxMembers).value_or(0);
  if (membership.rank.has_value()) *membership.rank -= offset;
  if (membership.rank.value_or(0) < 0) membership.rank.reset();
}

// Leader and workers share the group's domain; slices are of the workers alone.
void AddGroup(const std::string& group, TopologyDemand demand, Membership& membership) {
  SubgroupSpec inner;
  inner.topology.slices = std::exchange(demand.slices, {});
  inner.topology.said_by = demand.said_by;
  inner.name = absl::StrCat(group, "/", membership.role.empty() ? "slices" : membership.role);
  SubgroupSpec outer;
  outer.name = group;
  outer.topology = std::move(demand);
  std::vector<SubgroupSpec>& chain = membership.subgroups;
  if (!inner.topology.slices.empty()) chain.insert(chain.begin(), std::move(inner));
  chain.insert(chain.begin(), std::move(outer));
}

void AddToRole(TopologyDemand demand, Membership& membership) {
  std::vector<SubgroupSpec>& chain = membership.subgroups;
  const auto at = std::find_if(chain.begin(), chain.end(),
                               [&](const auto& spec) { return spec.name == membership.role; });
  if (at != chain.end()) {
    at->topology = std::move(demand);
    return;
  }
  SubgroupSpec role;
  role.name = membership.role;
  role.topology = std::move(demand);
  chain.insert(chain.begin(), std::move(role));
}

bool AsksItself(const Membership& membership) {
  const auto asks = [](const TopologyDemand& demand) { return demand != TopologyDemand(); };
  return asks(membership.topology) || std::any_of(membership.subgroups.begin(), membership.subgroups.end(),
                                                  [&](const auto& spec) { return asks(spec.topology); });
}

}  // namespace

void AddKueueTopology(const PodFacts& pod, bool roles_are_pod_sets, Membership& membership) {
  const auto first = pod.annotations.lower_bound(kPrefix);
  if (first == pod.annotations.end() || !absl::StartsWith(first->first, kPrefix)) return;
  PodReader reader(pod, membership.problem);
  SubtractOffset(reader, membership);
  TopologyDemand demand;
  ReadPodSet(reader, demand);
  demand.slices = ReadSlices(reader);
  for (const absl::string_view key : {kRequired, kPreferred, kSliceLevel, kSliceSize, kLayers}) {
    std::string& fields = demand.said_by.fields;
    if (pod.annotations.contains(std::string(key))) {
      absl::StrAppend(&fields, fields.empty() ? "" : ", ", key);
    }
  }
  const std::string group = reader.Text(kGroup).value_or("");
  if (!group.empty() && demand.required.empty() && demand.preferred.empty()) {
    reader.Problem(absl::StrCat(kGroup, " needs ", kRequired, " or ", kPreferred, " beside it"));
  }
  if (demand == TopologyDemand()) return;
  if (AsksItself(membership)) {
    membership.ignored.emplace_back("podset-topology.kueue.x-k8s.io");
    return;
  }
  const bool of_role = roles_are_pod_sets && !membership.role.empty();
  if (!demand.slices.empty() && !of_role && group.empty() && membership.size.has_value() &&
      *membership.size % demand.slices.front().size != 0) {
    reader.Problem(absl::StrCat(kSliceSize, " is ", demand.slices.front().size,
                                ", which does not divide the ", *membership.size, " members"));
  }
  if (!group.empty()) {
    AddGroup(group, std::move(demand), membership);
  } else if (of_role) {
    AddToRole(std::move(demand), membership);
  } else {
    membership.topology = std::move(demand);
  }
}

}  // namespace muster::declare
