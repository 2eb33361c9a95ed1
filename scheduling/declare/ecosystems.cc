// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/ecosystems.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/kueue_topology_request.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/placement_annotations.h"
#include "scheduling/declare/repair_wish.h"

namespace muster::declare {
namespace {

constexpr size_t kLongestName = 253;  // of any Kubernetes object

// The label or annotation that has `value`, for a message.
std::string KeyOf(const PodFacts& pod, absl::string_view value) {
  for (const Labels* map : {&pod.labels, &pod.annotations}) {
    for (const auto& [key, own] : *map) {
      if (own == value) return key;
    }
  }
  return "the gang's name";
}

void CheckName(const PodFacts& pod, absl::string_view controller, Membership& membership) {
  const absl::string_view name = membership.gang.name();
  // What stands before a colon is a kind.
  const bool is_name = !name.empty() && name.size() <= kLongestName &&
                       name.find('/') == absl::string_view::npos &&
                       (!controller.empty() || name.find(':') == absl::string_view::npos);
  if (is_name) return;
  if (membership.problem.empty()) {
    membership.problem =
        absl::StrCat("pod ", pod.ns, "/", pod.name, ": ", KeyOf(pod, name), " is ", Quoted(name),
                     "; want a name of at most ", kLongestName, " bytes without slash and colon");
  }
  membership.gang = GangId(pod.ns, pod.name);
}

// Annotations can be far longer than any name.
void CheckRole(const PodFacts& pod, Membership& membership) {
  if (membership.role.size() <= kLongestName) return;
  if (membership.problem.empty()) {
    membership.problem =
        absl::StrCat("pod ", pod.ns, "/", pod.name, ": ", KeyOf(pod, membership.role), " is ",
                     Quoted(membership.role), "; want a name of at most ", kLongestName, " bytes");
  }
  membership.role.clear();
}

void NameAfterController(const PodFacts& pod, absl::string_view controller, Membership& membership) {
  if (controller.empty()) return;
  if (membership.object.empty()) membership.object = std::string(membership.gang.name());
  membership.gang = GangId(pod.ns, absl::StrCat(controller, ":", membership.gang.name()));
}

// Whoever names the gang, which of its pods come after others is for their
// controller to say: those that wait for all would wait for ever. A pod has one
// role, so that another one in the words of `used` goes without stages. Returns
// whether the role is from `own`.
bool TakeStages(const Ecosystem& ecosystem, const Membership& own, Membership& used) {
  const bool by_pods = std::any_of(own.parts.begin(), own.parts.end(),
                                   [](const SubgroupSpec& part) { return part.stage > 0; });
  const bool by_object = !ecosystem.controller().empty() && (own.needs_object || !own.object.empty());
  if (own.role.empty() || !own.problem.empty() || (!by_pods && !by_object)) return false;
  const bool has_role = !used.role.empty();
  if (has_role && used.role != own.role) return false;
  used.role = own.role;
  if (by_object && !used.stages_in.has_value()) used.stages_in = own.object_key();
  if (by_pods && used.parts.empty()) {
    for (const SubgroupSpec& part : own.parts) {
      SubgroupSpec& stage = used.parts.emplace_back();
      stage.name = part.name;
      stage.role = part.role;
      stage.size = part.min_members.has_value() ? part.min_members : part.size;
      stage.stage = part.stage;
      stage.like = part.like;
    }
  }
  return !has_role;
}

}  // namespace

absl::Span<const Ecosystem* const> Ecosystems() {
  // The pod's own field, then what names a gang in the words of other projects
  // before ours, then what is a gang because of the controller that made it. What
  // a scheduler was given (a PodGroup) goes before what it was made from (Grove).
  static const std::array<const Ecosystem*, 26> kEcosystems = {&Native(),
                                                               &NativeComposite(),
                                                               &WorkloadRef(),
                                                               &SchedulerPlugins(),
                                                               &LightweightCoscheduling(),
                                                               &Volcano(),
                                                               &VolcanoJob(),
                                                               &VolcanoMinMember(),
                                                               &Kai(),
                                                               &Koordinator(),
                                                               &Grove(),
                                                               &YuniKorn(),
                                                               &KueuePods(),
                                                               &Spark(),
                                                               &MusterLabels(),
                                                               &LeaderWorkerSet(),
                                                               &JobSet(),
                                                               &PyTorchJob(),
                                                               &TfJob(),
                                                               &MpiJob(),
                                                               &XgBoostJob(),
                                                               &PaddleJob(),
                                                               &MxJob(),
                                                               &JaxJob(),
                                                               &Ray(),
                                                               &IndexedJob()};
  return kEcosystems;
}

std::optional<Membership> Recognise(const PodFacts& pod) {
  std::optional<Membership> used;
  const Ecosystem* used_by = nullptr;
  bool roles_are_pod_sets = true;
  std::vector<std::string> ignored;
  for (const Ecosystem* ecosystem : Ecosystems()) {
    std::optional<Membership> membership = ecosystem->Recognise(pod);
    if (!membership.has_value()) continue;
    if (used.has_value()) {
      ignored.emplace_back(ecosystem->name());
      if (TakeStages(*ecosystem, *membership, *used)) roles_are_pod_sets &= ecosystem->RolesArePodSets();
      continue;
    }
    used = std::move(membership);
    used_by = ecosystem;
    roles_are_pod_sets = ecosystem->RolesArePodSets();
  }
  if (!used.has_value()) return used;
  const std::string controller = used_by->ControllerOf(pod);
  CheckName(pod, controller, *used);
  CheckRole(pod, *used);
  NameAfterController(pod, controller, *used);
  AddKueueTopology(pod, roles_are_pod_sets, *used);
  AddRepair(pod, *used);
  AddPlacementAnnotations(pod, *used);
  used->ignored.insert(used->ignored.begin(), ignored.begin(), ignored.end());
  NoteIgnoredKeys(pod, *used);
  return used;
}

absl::StatusOr<GangDeclaration> Ecosystem::Decode(const nlohmann::json&) const {
  return absl::InvalidArgumentError(absl::StrCat(name(), " has no objects"));
}

absl::StatusOr<std::vector<GangDeclaration>> Ecosystem::DecodeAll(const nlohmann::json& object) const {
  absl::StatusOr<GangDeclaration> declaration = Decode(object);
  if (!declaration.ok()) return declaration.status();
  return std::vector<GangDeclaration>{*std::move(declaration)};
}

}  // namespace muster::declare
