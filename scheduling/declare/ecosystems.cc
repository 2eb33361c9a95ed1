// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/ecosystems.h"

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
  std::vector<std::string> ignored;
  for (const Ecosystem* ecosystem : Ecosystems()) {
    std::optional<Membership> membership = ecosystem->Recognise(pod);
    if (!membership.has_value()) continue;
    if (used.has_value()) {
      ignored.emplace_back(ecosystem->name());
      continue;
    }
    used = std::move(membership);
    CheckName(pod, ecosystem->controller(), *used);
    CheckRole(pod, *used);
    NameAfterController(pod, ecosystem->controller(), *used);
    AddKueueTopology(pod, ecosystem->RolesArePodSets(), *used);
    AddRepair(pod, *used);
    AddPlacementAnnotations(pod, *used);
  }
  if (used.has_value()) {
    used->ignored.insert(used->ignored.begin(), ignored.begin(), ignored.end());
    NoteIgnoredKeys(pod, *used);
  }
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
