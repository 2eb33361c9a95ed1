// SPDX-License-Identifier: Apache-2.0
// Grove: a label on the pod names a PodGang, which Grove's operator makes of a
// PodCliqueSet; its groups are the pod cliques, each with a minimum, and the
// whole, sets of groups and each group may have to stay in one domain. PodGangs
// that scale a set out are gangs of their own: the operator holds their pods by a
// scheduling gate until the base one is placed.
//
// Source: grove 0.1 (not checked against its module): scheduler.grove.io/v1alpha1 PodGang:
//         spec.podgroups[].{name,podReferences,minReplicas,topologyConstraint},
//         spec.topologyConstraint, spec.topologyConstraintGroupConfigs[].{name,
//         podGroupNames,topologyConstraint}, of each constraint packConstraint.
//         {required,preferred}, which are node labels; labels of the pods
//         grove.io/{podgang,podclique,podclique-pod-index}.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGang.scheduler.grove.io";
constexpr absl::string_view kLabel = "grove.io/podgang";
constexpr absl::string_view kClique = "grove.io/podclique";

TopologyDemand ReadConstraint(const ObjectFields& fields) {
  TopologyDemand demand;
  if (!fields.Present()) return demand;
  const ObjectFields pack = fields.At("packConstraint");
  demand.required = pack.Text("required");
  demand.preferred = pack.Text("preferred");
  demand.said_by.fields = "topologyConstraint/packConstraint";
  if (demand.empty()) fields.Reject("packConstraint", "an object with required or preferred");
  return demand;
}

SubgroupSpec ReadGroup(const ObjectFields& fields) {
  SubgroupSpec group;
  group.name = group.role = fields.NeededText("name");
  group.min_members = fields.NeededNumber("minReplicas", 0, kMaxMembers);
  group.topology = ReadConstraint(fields.At("topologyConstraint"));
  return group;
}

// A part around the groups that it names.
void ReadSet(const ObjectFields& fields, std::vector<SubgroupSpec>& groups, std::vector<SubgroupSpec>& sets) {
  SubgroupSpec set;
  set.name = absl::StrCat(
      "set/", fields.At("name").Present() ? fields.NeededText("name") : absl::StrCat(sets.size()));
  set.min_members = 0;
  set.topology = ReadConstraint(fields.At("topologyConstraint"));
  set.selector = {{std::string(kClique), LabelRequirement::Op::kIn, {}}};
  fields.ForEach("podGroupNames", [&](const ObjectFields& field) {
    const std::string name = field.OwnText();
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&](const auto& other) { return other.name == name; });
    if (group == groups.end() || !group->parent.empty())
      return field.Reject("", "a pod group in no other set");
    group->parent = set.name;
    set.selector.front().values.push_back(name);
  });
  sets.push_back(std::move(set));
}

class GroveEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  bool ListsRoles() const override { return true; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto gang = pod.labels.find(kLabel);
    if (gang == pod.labels.end() || gang->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, gang->second);
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    membership.role = reader.Text(kClique).value_or("");
    if (membership.role.empty()) reader.Problem(absl::StrCat(kLabel, " needs ", kClique, " beside it"));
    membership.rank = reader.Number("grove.io/podclique-pod-index", 0, kMaxMembers - 1);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduler.grove.io", {"v1alpha1"}, "podgangs", "PodGang"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const ObjectFields spec = root.At("spec");
      declaration.topology = ReadConstraint(spec.At("topologyConstraint"));
      std::vector<SubgroupSpec> groups;
      int64_t minimum = 0;
      const auto add_group = [&](const ObjectFields& fields) {
        groups.push_back(ReadGroup(fields));
        minimum += *groups.back().min_members;
      };
      spec.ForEach("podgroups", add_group, kMaxSubgroups);
      if (groups.empty()) spec.Reject("podgroups", "a list of pod groups");
      std::vector<SubgroupSpec>& sets = declaration.subgroups;
      spec.ForEach(
          "topologyConstraintGroupConfigs",
          [&](const ObjectFields& fields) { ReadSet(fields, groups, sets); }, kMaxSubgroups);
      sets.insert(sets.end(), std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
      declaration.min_members = std::max<int64_t>(1, minimum);
      NoteIgnored(spec, {{"reuseReservationRef", "room is kept for members that come back anyway"}},
                  declaration);
    });
  }
};

}  // namespace

const Ecosystem& Grove() {
  static const GroveEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
