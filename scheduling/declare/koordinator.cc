// SPDX-License-Identifier: Apache-2.0
// Koordinator's gangs: a label names a PodGroup, or annotations of the pods say
// all by themselves. The network topology is an annotation of the PodGroup. So is
// the group of gangs that start together, where the pods don't name it.
//
// The mode (Strict or NonStrict) says whether members that have room give it back
// while others have none. Here nobody has room before all have, in either mode.
//
// Source: koordinator 1.8 apis/extension, coscheduling.go: label
//         pod-group.scheduling.sigs.k8s.io, annotations
//         gang.scheduling.koordinator.sh/{name,min-available,total-number,
//         waiting-time,groups,mode}; network_topology.go: annotations
//         gang.scheduling.koordinator.sh/{network-topology-spec,
//         network-topology-index}; PodGroup scheduling.sigs.k8s.io/v1alpha1:
//         spec.minMember, spec.scheduleTimeoutSeconds.
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.sigs.k8s.io";
constexpr absl::string_view kLabel = "pod-group.scheduling.sigs.k8s.io";
constexpr absl::string_view kMinimum = "gang.scheduling.koordinator.sh/min-available";
constexpr absl::string_view kGroups = "gang.scheduling.koordinator.sh/groups";
constexpr absl::string_view kWaiting = "gang.scheduling.koordinator.sh/waiting-time";
constexpr absl::string_view kSpec = "gang.scheduling.koordinator.sh/network-topology-spec";

// The gangs of the group in `text`, all of which must name all others; one
// alone is no group. Says what is wrong through `reject(want)`.
template <typename Reject>
GroupLink ReadGroups(const std::string& text, const GangId& self, const Reject& reject) {
  const nlohmann::json groups = nlohmann::json::parse(text, nullptr, false);
  if (groups.is_discarded() || !groups.is_array())
    return reject("JSON, a list of namespace/name"), GroupLink();
  std::set<GangId> gangs;
  for (const nlohmann::json& entry : groups) {
    const std::string id = entry.is_string() ? entry.get<std::string>() : "";
    const size_t slash = id.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == id.size() ||
        gangs.size() == kMostNamedGangs) {
      return reject(absl::StrCat("at most ", kMostNamedGangs, " names of the form namespace/name")),
             GroupLink();
    }
    gangs.insert(GangId(id.substr(0, slash), id.substr(slash + 1)));
  }
  if (gangs.empty()) return GroupLink();
  if (!gangs.contains(self)) reject(absl::StrCat(self.text(), " among them"));
  gangs.insert(self);
  if (gangs.size() == 1) return GroupLink();
  return {.field = std::string(kGroups), .parent = std::nullopt, .gangs = {gangs.begin(), gangs.end()}};
}

void ReadNumbers(PodReader& reader, Membership& membership) {
  membership.min_members = reader.Number(kMinimum, 1, kMaxMembers);
  membership.size = reader.Number("gang.scheduling.koordinator.sh/total-number", 1, kMaxMembers);
  if (membership.size.has_value() && membership.min_members.value_or(1) > *membership.size) {
    reader.Problem(absl::StrCat(kMinimum, " is ", *membership.min_members,
                                ", more than gang.scheduling.koordinator.sh/total-number, ",
                                *membership.size));
  }
  if (const auto waiting = reader.Text(kWaiting)) {
    absl::Duration parsed;
    if (absl::ParseDuration(*waiting, &parsed) && parsed > absl::ZeroDuration()) {
      membership.deadline = parsed;
    } else {
      reader.Problem(absl::StrCat(kWaiting, " is ", Quoted(*waiting), "; want a duration such as 10m"));
    }
  }
}

void ReadStrategy(const ObjectFields& layer, TopologyDemand& demand) {
  const std::string name = layer.NeededText("layer");
  const std::string strategy = layer.Text("strategy");
  if (strategy == "MustGather") {
    if (!demand.required.empty())
      layer.Reject("strategy", "MustGather for one layer, the innermost that must");
    demand.required = name;
  } else if (strategy == "PreferGather") {
    demand.preferred = name;  // the last one is the innermost; from there one spreads outwards
  } else if (!strategy.empty() || !layer.At("podCountMultiple").Present()) {
    layer.Reject("strategy", "MustGather or PreferGather");
  }
  if (layer.At("podCountMultiple").Present()) {
    const int64_t size = layer.NeededNumber("podCountMultiple", 1, kMaxMembers);
    if (size > 1) demand.slices.push_back({name, size});
  }
}

TopologyDemand ReadSpec(const std::string& text, std::string& problem) {
  TopologyDemand demand;
  if (text.empty()) return demand;
  const nlohmann::json spec = nlohmann::json::parse(text, nullptr, false);
  if (spec.is_discarded() || !spec.is_object()) {
    problem = absl::StrCat(kSpec, " is ", Quoted(text), "; want JSON, an object with gatherStrategy");
    return demand;
  }
  demand.said_by.fields = std::string(kSpec);
  std::string wrong;
  const ObjectFields fields(spec, wrong);
  if (!fields.At("gatherStrategy").Present()) fields.Reject("gatherStrategy", "a list of layers");
  fields.ForEach("gatherStrategy", [&](const ObjectFields& layer) { ReadStrategy(layer, demand); });
  if (!wrong.empty() && problem.empty()) problem = absl::StrCat(kSpec, ": ", wrong);
  return demand;
}

class KoordinatorEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto label = pod.labels.find(std::string(kLabel));
    const auto named = pod.annotations.find("gang.scheduling.koordinator.sh/name");
    const bool by_label = label != pod.labels.end();
    if (!by_label && named == pod.annotations.end()) return std::nullopt;
    const std::string& gang = by_label ? label->second : named->second;
    if (gang.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, gang);
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    ReadNumbers(reader, membership);
    const std::string groups = reader.Text(kGroups).value_or("[]");
    membership.group = ReadGroups(groups, membership.gang, [&](absl::string_view want) {
      reader.Problem(absl::StrCat(kGroups, " is ", Quoted(groups), "; want ", want));
    });
    membership.needs_object = by_label && !membership.min_members.has_value();
    if (!by_label && !membership.min_members.has_value()) {
      reader.Problem(absl::StrCat("gang.scheduling.koordinator.sh/name needs ", kMinimum, " beside it"));
    }
    membership.rank = reader.Number("gang.scheduling.koordinator.sh/network-topology-index", 0, kMaxMembers);
    if (!membership.rank.has_value()) membership.rank = ControllerRank(pod);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduling.sigs.k8s.io", {"v1alpha1"}, "podgroups", "PodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    absl::StatusOr<GangDeclaration> declaration = DecodeCoscheduling(object, kName);
    if (!declaration.ok()) return declaration;
    std::string problem;
    const ObjectFields annotations = ObjectFields(object, problem).At("metadata").At("annotations");
    const std::string spec = annotations.Text(kSpec);
    declaration->topology = ReadSpec(spec, problem);
    const std::string groups = annotations.Text(kGroups);
    declaration->group =
        ReadGroups(groups.empty() ? "[]" : groups, declaration->gang, [&](absl::string_view want) {
          if (problem.empty()) problem = absl::StrCat(kGroups, " is ", Quoted(groups), "; want ", want);
        });
    AddProblem(problem, *declaration);
    return declaration;
  }
};

}  // namespace

const Ecosystem& Koordinator() {
  static const KoordinatorEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
