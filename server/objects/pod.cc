// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "scheduling/capacity/node_class.h"
#include "scheduling/declare/capacity_wish.h"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/declare/gpu_wish.h"
#include "server/objects/fields.h"
#include "server/objects/objects.h"
#include "server/objects/pod_requests.h"
#include "server/objects/pod_terms.h"
#include "server/objects/requirement.h"

namespace muster {
namespace {

std::optional<std::vector<NodeSelectorTerm>> DecodeRequiredAffinity(const Fields& spec) {
  const Fields required =
      spec.At("affinity").At("nodeAffinity").At("requiredDuringSchedulingIgnoredDuringExecution");
  if (!required.Present()) return std::nullopt;
  std::vector<NodeSelectorTerm> terms;
  required.ForEach("nodeSelectorTerms", [&](const Fields& term) {
    NodeSelectorTerm& next = terms.emplace_back();
    term.ForEach("matchExpressions", [&](const Fields& e) { next.labels.push_back(DecodeRequirement(e)); });
    term.ForEach("matchFields", [&](const Fields& e) { next.fields.push_back(DecodeRequirement(e)); });
  });
  return terms;
}

Toleration DecodeToleration(const Fields& fields) {
  Toleration toleration;
  toleration.key = fields.String("key");
  toleration.value = fields.String("value");
  const std::string op = fields.String("operator");
  if (op == "Exists") {
    toleration.op = Toleration::Op::kExists;
  } else if (op == "Gt") {
    toleration.op = Toleration::Op::kGt;
  } else if (op == "Lt") {
    toleration.op = Toleration::Op::kLt;
  } else if (!op.empty() && op != "Equal") {
    fields.Reject("operator", absl::StrCat("unknown operator \"", op, "\""));
  }
  const std::string effect = fields.String("effect");
  if (effect == "NoSchedule") {
    toleration.effect = Toleration::Effect::kNoSchedule;
  } else if (effect == "PreferNoSchedule") {
    toleration.effect = Toleration::Effect::kPreferNoSchedule;
  } else if (effect == "NoExecute") {
    toleration.effect = Toleration::Effect::kNoExecute;
  } else if (!effect.empty()) {
    fields.Reject("effect", absl::StrCat("unknown effect \"", effect, "\""));
  }
  return toleration;
}

PodPhase DecodePhase(const std::string& phase) {
  if (phase == "Running") return PodPhase::kRunning;
  if (phase == "Succeeded") return PodPhase::kSucceeded;
  if (phase == "Failed") return PodPhase::kFailed;
  return PodPhase::kPending;
}

// Why kubelet did not admit the pod; empty if it did. Whoever fails a pod gives it
// a reason and a message; of those kubelet has for pods that it does not admit, one
// of the two is always the same.
//
// Source: rejectPod in pkg/kubelet/kubelet.go, lifecycle/predicate.go,
//         cm/topologymanager/topology_manager.go, cm/admission/errors.go and
//         sysctl/allowlist.go of Kubernetes 1.30 to 1.37.
std::string RejectionBy(const Fields& status) {
  constexpr std::array<absl::string_view, 11> kReasons = {"NodeAffinity",
                                                          "NodeName",
                                                          "NodePorts",
                                                          "TaintToleration",
                                                          "InvalidNodeInfo",
                                                          "UnexpectedPredicateFailureType",
                                                          "PodOSNotSupported",
                                                          "PodOSSelectorNodeLabelDoesNotMatch",
                                                          "UnexpectedAdmissionError",
                                                          "TopologyAffinityError",
                                                          "SysctlForbidden"};
  const std::string reason = status.String("reason");
  if (status.String("phase") != "Failed" || reason.empty()) return "";
  const bool refused = absl::StartsWith(reason, "OutOf") ||
                       absl::StartsWith(status.String("message"), "Pod was rejected") ||
                       std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
  return refused ? reason : "";
}

bool AnyContainerRan(const Fields& status) {
  bool ran = false;
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    status.ForEach(list, [&](const Fields& container) {
      const Fields state = container.At("state");
      ran |= state.At("running").Present() || state.At("terminated").Present() ||
             container.At("lastState").At("terminated").Present() || container.Bool("started");
    });
  }
  return ran;
}

Owner OwnerOf(const Fields& reference) {
  const std::string version = reference.String("apiVersion");
  const size_t slash = version.find('/');
  return {reference.String("kind"), reference.String("name"),
          slash == std::string::npos ? "" : version.substr(0, slash)};
}

void DecodeMetadata(const Fields& metadata, Pod& pod) {
  const std::string ns = metadata.String("namespace");
  const std::string name = metadata.String("name");
  if (name.empty()) metadata.Reject("name", "want the pod's name");
  pod.name = PodName(ns.empty() ? "default" : ns, name);
  const std::string uid = metadata.String("uid");
  pod.uid = PodUid(uid.empty() ? pod.name.text() : uid);
  pod.resource_version = metadata.String("resourceVersion");
  const std::string created = metadata.String("creationTimestamp");
  if (!created.empty() && !absl::ParseTime(absl::RFC3339_full, created, &pod.created, nullptr)) {
    metadata.Reject("creationTimestamp", absl::StrCat("\"", created, "\" is no time"));
  }
  pod.deleting = metadata.At("deletionTimestamp").Present();
  metadata.ForEach("ownerReferences", [&](const Fields& owner) {
    if (!owner.Bool("controller")) return;
    pod.has_controller = true;
    pod.owner = OwnerOf(owner);
  });
}

// A ReplicaSet of a Deployment is called like it, with the hash of the template.
void FindDeployment(Pod& pod) {
  const auto hash = pod.labels.find("pod-template-hash");
  if (pod.owner.kind != "ReplicaSet" || hash == pod.labels.end()) return;
  absl::string_view name = pod.owner.name;
  if (!absl::ConsumeSuffix(&name, absl::StrCat("-", hash->second)) || name.empty()) return;
  pod.owner = {"Deployment", std::string(name), pod.owner.group};
}

// Says of the pod's own choice of nodes whether it is one of capacity.
void FindOwnChoice(const PodShape& shape, CapacityWish& wish) {
  const auto is_of_class = [](absl::string_view label) {
    const auto rules = WellKnownClassRules();
    return std::any_of(rules.begin(), rules.end(),
                       [&](const ClassRule& rule) { return rule.label == label; });
  };
  for (const auto& [label, value] : shape.node_selector) wish.chooses_itself |= is_of_class(label);
  for (const NodeSelectorTerm& term : shape.required_affinity.value_or(std::vector<NodeSelectorTerm>())) {
    for (const LabelRequirement& requirement : term.labels)
      wish.chooses_itself |= is_of_class(requirement.key);
  }
  for (const Toleration& toleration : shape.tolerations) {
    wish.tolerates_spot |= IsSpotTaint(toleration.key);
  }
}

void DecodeClaims(const Fields& spec, const Fields& status, Pod& pod) {
  PodClaims claims{std::string(pod.name.ns()), {}};
  spec.ForEach("resourceClaims", [&](const Fields& ref) {
    claims.refs.push_back(
        {ref.String("name"), ref.String("resourceClaimName"), ref.String("resourceClaimTemplateName")});
  });
  if (claims.refs.empty()) return;
  pod.shape.claims = std::move(claims);
  std::map<std::string, std::string> made;
  status.ForEach("resourceClaimStatuses", [&](const Fields& claim) {
    made[claim.String("name")] = claim.String("resourceClaimName");
  });
  if (!made.empty()) pod.made_claims = std::move(made);
}

void DecodeConstraints(const Fields& spec, const Pod& pod, PodShape& shape) {
  shape.node_selector = spec.Strings("nodeSelector");
  shape.required_affinity = DecodeRequiredAffinity(spec);
  spec.ForEach("tolerations", [&](const Fields& t) { shape.tolerations.push_back(DecodeToleration(t)); });
  shape.terms = DecodePodTerms(spec, pod.name.ns(), pod.labels);
}

// What can't be read here must not make the pod vanish from where it is bound:
// the shape says so instead. REQUIRES: pod has its name, labels and node.
void DecodeShape(const ApiObject& object, Pod& pod) {
  PodShape& shape = pod.shape;
  absl::Status unreadable;
  const Fields counted(object, &unreadable);
  shape.requests = PodRequests(counted.At("spec"), counted.At("status"));
  if (!unreadable.ok() && pod.bound()) shape.requests.pods = kWholeNode;
  absl::Status unmodelled;
  DecodeConstraints(Fields(object, &unmodelled).At("spec"), pod, shape);
  shape.unmodelled = std::string((unreadable.ok() ? unmodelled : unreadable).message());
}

}  // namespace

std::optional<OwnedObject> DecodeOwned(const nlohmann::json& object) {
  if (!object.is_object()) return std::nullopt;
  absl::Status error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  const std::string ns = metadata.String("namespace");
  OwnedObject owned{GangId(ns.empty() ? "default" : ns, metadata.String("name")), std::nullopt};
  metadata.ForEach("ownerReferences", [&](const Fields& owner) {
    if (owner.Bool("controller")) owned.owner = OwnerOf(owner);
  });
  if (!error.ok() || owned.name.name().empty()) return std::nullopt;
  return owned;
}

std::optional<Pod> DecodePodAsUnknown(const ApiObject& object) {
  if (!CheckIsObject(object, "pod").ok()) return std::nullopt;
  absl::Status ignored;
  const Fields root(object, &ignored);
  Pod pod;
  DecodeMetadata(root.At("metadata"), pod);
  if (pod.name.name().empty()) return std::nullopt;
  pod.node = NodeName(root.At("spec").String("nodeName"));
  pod.phase = DecodePhase(root.At("status").String("phase"));
  pod.shape.requests.pods = kWholeNode;
  pod.shape.unmodelled = "it can't be read";
  return pod;
}

absl::StatusOr<Pod> DecodePod(const ApiObject& object) {
  absl::Status error = CheckIsObject(object, "pod");
  if (!error.ok()) return error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  const Fields spec = root.At("spec");
  const Fields status = root.At("status");

  Pod pod;
  DecodeMetadata(metadata, pod);
  pod.priority = static_cast<int32_t>(spec.Integer("priority", 0));
  pod.may_preempt = spec.String("preemptionPolicy") != "Never";
  pod.scheduler_name = spec.String("schedulerName");
  if (pod.scheduler_name.empty()) pod.scheduler_name = "default-scheduler";
  spec.ForEach("schedulingGates", [&](const Fields& gate) { pod.gates.push_back(gate.String("name")); });
  pod.node = NodeName(spec.String("nodeName"));
  pod.labels = metadata.Strings("labels");
  DecodeShape(object, pod);
  DecodeClaims(spec, status, pod);
  pod.nominated = NodeName(status.String("nominatedNodeName"));
  pod.phase = DecodePhase(status.String("phase"));
  pod.rejected = RejectionBy(status);
  pod.started =
      pod.phase == PodPhase::kRunning || (pod.finished() && pod.rejected.empty()) || AnyContainerRan(status);

  FindDeployment(pod);
  const Labels annotations = metadata.Strings("annotations");
  const auto consumes = annotations.find("autoscaling.x-k8s.io/consume-provisioning-request");
  if (consumes != annotations.end()) pod.consumes = consumes->second;
  const std::string pod_group = spec.At("schedulingGroup").String("podGroupName");
  const Fields ref = spec.At("workloadRef");
  const std::string workload = ref.String("name");
  const std::string workload_group = ref.String("podGroup");
  const std::string replica = ref.String("podGroupReplicaKey");
  const declare::PodFacts facts{pod.name.ns(), pod.name.name(), pod.labels,
                                annotations,   pod_group,       {workload, workload_group, replica},
                                pod.owner.name, pod.owner.kind};
  pod.membership = declare::Recognise(facts);
  pod.shape.gpu_wish = declare::ReadGpuWish(facts, pod.shape.gpu_problem);
  pod.capacity = declare::ReadCapacityWish(facts);
  FindOwnChoice(pod.shape, pod.capacity);
  if (!error.ok()) return error;
  return pod;
}

}  // namespace muster
