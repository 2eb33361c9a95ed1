// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/gang.h"
#include "scheduling/model/pod.h"

namespace muster::declare {

// spec.workloadRef of Kubernetes 1.35; empty where it is unset.
struct WorkloadReference {
  absl::string_view name;
  absl::string_view pod_group;
  absl::string_view replica_key;
};

// What a pod's manifest says that can declare a gang.
struct PodFacts {
  absl::string_view ns;
  absl::string_view name;
  const Labels& labels;
  const Labels& annotations;
  absl::string_view pod_group_name;  // spec.schedulingGroup.podGroupName; empty if unset
  WorkloadReference workload = {};
  absl::string_view owner = {};       // the name of its controller; empty if it has none
  absl::string_view owner_kind = {};  // and its kind
};

// A kind of object that carries gang declarations.
struct CustomResource {
  std::string group;
  std::vector<std::string> versions;  // the one to prefer first
  std::string plural;
  std::string kind;

  // "KIND.GROUP"
  std::string Name() const { return absl::StrCat(kind, ".", group); }
};

// One way in which pods declare that they are a gang, or objects that gangs are
// parts of one group.
//
// Threads: pure; one constant object per ecosystem serves every thread.
class Ecosystem {
 public:
  virtual ~Ecosystem() = default;

  // How explain calls this declaration, e.g. "PodGroup.scheduling.x-k8s.io".
  virtual absl::string_view name() const = 0;

  // The gang that the pod declares in this way; nullopt if it does not. A
  // malformed declaration is returned with its problem set.
  virtual std::optional<Membership> Recognise(const PodFacts& pod) const = 0;

  // Where the gang is called like its controller, the kind of that in small
  // letters: it becomes a part of the gang's name, since a JobSet and a PyTorchJob
  // may share one. Empty where the declaration itself names a gang.
  virtual absl::string_view controller() const { return ""; }

  // The same for this pod, where that is of many kinds.
  virtual std::string ControllerOf(const PodFacts&) const { return std::string(controller()); }

  // Whether Kueue makes a pod set of each role, rather than one of the whole gang.
  virtual bool RolesArePodSets() const { return true; }

  // Whether the declaration lists every role, so that a pod of another one is a mistake.
  virtual bool ListsRoles() const { return false; }

  // The kind of object beside the pods that carries the numbers, if any.
  virtual std::optional<CustomResource> object() const { return std::nullopt; }

  // The declaration in such an object. A field that is missing or of a wrong
  // type is a problem of the declaration; kInvalidArgument only where the
  // object has no usable namespace and name.
  virtual absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const;

  // The same where one object may declare several gangs, or none.
  virtual absl::StatusOr<std::vector<GangDeclaration>> DecodeAll(const nlohmann::json& object) const;
};

// Every ecosystem that Muster understands, in order of precedence: where a pod
// carries several declarations, the first counts. README lists them in this order.
absl::Span<const Ecosystem* const> Ecosystems();

// The membership by the first ecosystem that recognises the pod, with the
// topology that Kueue's annotations ask for, what it says of repair, and the names of the ecosystems
// after it that recognise the pod too. Of these, the pod's controller says which
// role it has where the first does not, and which roles are created after others. A gang that has the name of
// its controller is called KIND:NAME, whether or not another has that name; one with a name that no object
// can have is a problem.
std::optional<Membership> Recognise(const PodFacts& pod);

}  // namespace muster::declare
