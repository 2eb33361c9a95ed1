// SPDX-License-Identifier: Apache-2.0
// Annotations by which KAI's pod grouper and Volcano's controllers learn what
// topology the PodGroup shall have that they make. They count on the pods as well,
// so that nobody has to run those for it.
//
// Source: KAI 0.17 (not checked against its module): kai.scheduler/{topology,
//         topology-required-placement,topology-preferred-placement,segment-size,
//         segment-topology-required-placement,segment-topology-preferred-placement,
//         batch-min-member,staleness-grace-period,preemption-delay};
//         volcano.sh/apis v1.14.0: volcano.sh/network-topology-mode,
//         volcano.sh/network-topology-highest-tier; ray-operator v1.5.0 writes
//         the label volcano.sh/network-topology-highest-tier-allowed.
#include "scheduling/declare/placement_annotations.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kKai = "kai.scheduler/";
constexpr absl::string_view kVolcano = "volcano.sh/network-topology-";

bool HasPrefix(const Labels& map, absl::string_view prefix) {
  const auto first = map.lower_bound(prefix);
  return first != map.end() && absl::StartsWith(first->first, prefix);
}

bool AsksItself(const Membership& membership) {
  const auto asks = [](const TopologyDemand& demand) { return demand != TopologyDemand(); };
  return asks(membership.topology) || std::any_of(membership.subgroups.begin(), membership.subgroups.end(),
                                                  [&](const auto& spec) { return asks(spec.topology); });
}

TopologyDemand ReadKai(PodReader& reader) {
  TopologyDemand demand;
  demand.required = reader.Text("kai.scheduler/topology-required-placement").value_or("");
  demand.preferred = reader.Text("kai.scheduler/topology-preferred-placement").value_or("");
  const std::string level = reader.Text("kai.scheduler/segment-topology-required-placement").value_or("");
  const auto size = reader.Number("kai.scheduler/segment-size", 1, kMaxMembers);
  if (!level.empty() && size.has_value()) {
    demand.slices.push_back({level, *size});
  } else if (!level.empty()) {
    reader.Problem(
        "kai.scheduler/segment-topology-required-placement needs kai.scheduler/segment-size beside it");
  }
  if (demand == TopologyDemand()) return demand;
  demand.topology = reader.Text("kai.scheduler/topology").value_or("");
  demand.said_by.fields = demand.slices.empty() ? "annotations kai.scheduler/...-placement"
                                                : "annotations kai.scheduler/...-placement and segment-size";
  return demand;
}

// Of Kubeflow's jobs the workers are in segments, without a master.
void MoveSegmentsToWorkers(const PodFacts& pod, TopologyDemand& demand, Membership& membership) {
  const auto type = pod.labels.find("training.kubeflow.org/replica-type");
  if (type == pod.labels.end() || demand.slices.empty()) return;
  SubgroupSpec workers;
  workers.name = type->second;
  workers.topology.topology = demand.topology;
  workers.topology.slices = std::exchange(demand.slices, {});
  workers.topology.said_by = demand.said_by;
  if (demand.required.empty() && demand.preferred.empty()) demand = {};
  if (workers.name == "worker") membership.subgroups.push_back(std::move(workers));
}

TopologyDemand ReadVolcano(PodReader& reader) {
  constexpr absl::string_view kMode = "volcano.sh/network-topology-mode";
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  TopologyDemand demand;
  const std::string mode = reader.Text(kMode).value_or("");
  std::string key = "volcano.sh/network-topology-highest-tier";
  std::optional<int64_t> tier = reader.Number(key, 1, kMost);
  if (!tier.has_value()) {
    key += "-allowed";
    tier = reader.Number(key, 1, kMost);
  }
  if (mode != "" && mode != "hard" && mode != "soft") {
    reader.Problem(absl::StrCat(kMode, " is ", Quoted(mode), "; want hard or soft"));
  } else if (mode != "soft" && tier.has_value()) {
    demand.required = absl::StrCat("tier-", *tier);
    demand.said_by.fields = key;
  } else if (!mode.empty()) {
    demand.preferred = "tier-1";
    demand.preferred_if_known = true;
    demand.said_by.fields = std::string(kMode);
  }
  return demand;
}

struct IgnoredKey {
  absl::string_view key;
  absl::string_view why;
};

constexpr absl::string_view kNoQuotas = "Muster keeps no quotas";
constexpr absl::string_view kNoReclaim = "Muster evicts no running gang";

constexpr auto kIgnored = std::to_array<IgnoredKey>({
    {"gang.scheduling.koordinator.sh/match-policy", "a gang that ran whole once is not made to wait again"},
    {"gang.scheduling.koordinator.sh/mode", "nobody has room before all have, in either mode"},
    {"kai.scheduler/batch-min-member", "KAI's pod grouper writes it into the PodGroup"},
    {"kai.scheduler/preemption-delay", kNoReclaim},
    {"kai.scheduler/queue", kNoQuotas},
    {"kai.scheduler/segment-topology-preferred-placement", "segments are required or there are none"},
    {"kai.scheduler/staleness-grace-period", kNoReclaim},
    {"kueue.x-k8s.io/pod-group-fast-admission", "a gang is planned once its pods exist"},
    {"kueue.x-k8s.io/pod-group-serving", "what becomes of members that end is told by their phase"},
    {"kueue.x-k8s.io/retriable-in-group", "whether failed pods are made again is for their controller"},
    {"scheduling.koordinator.sh/network-topology-selector", "pods choose nodes by selectors and affinity"},
    {"scheduling.volcano.sh/group-min-resources", "pods say what they ask for"},
    {"scheduling.volcano.sh/queue-name", kNoQuotas},
    {"sla-waiting-time", "gangs wait in the order of priority and creation"},
    {"volcano.sh/sla-waiting-time", "gangs wait in the order of priority and creation"},
    {"yunikorn.apache.org/schedulingPolicyParameters", "there are no placeholders that could time out"},
});

}  // namespace

void AddPlacementAnnotations(const PodFacts& pod, Membership& membership) {
  const auto add = [&](bool present, absl::string_view name, const auto& read) {
    if (!present) return;
    PodReader reader(pod, membership.problem);
    TopologyDemand demand = read(reader);
    if (demand == TopologyDemand()) return;
    if (AsksItself(membership)) {
      membership.ignored.emplace_back(name);
      return;
    }
    MoveSegmentsToWorkers(pod, demand, membership);
    membership.topology = std::move(demand);
  };
  add(HasPrefix(pod.annotations, kKai), "placement.kai.scheduler", ReadKai);
  add(HasPrefix(pod.annotations, kVolcano) || HasPrefix(pod.labels, kVolcano), "network-topology.volcano.sh",
      ReadVolcano);
}

void NoteIgnoredKeys(const PodFacts& pod, Membership& membership) {
  for (const Labels* map : {&pod.annotations, &pod.labels}) {
    auto known = kIgnored.begin();
    for (const auto& [key, value] : *map) {
      while (known != kIgnored.end() && known->key < key) ++known;
      if (known == kIgnored.end()) break;
      if (known->key == key) membership.ignored.push_back(absl::StrCat(key, " (", known->why, ")"));
    }
  }
}

}  // namespace muster::declare
