// SPDX-License-Identifier: Apache-2.0
#include "server/kube/provisioning.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

const char* OperatorOf(LabelRequirement::Op op) {
  switch (op) {
    case LabelRequirement::Op::kIn:
      return "In";
    case LabelRequirement::Op::kNotIn:
      return "NotIn";
    case LabelRequirement::Op::kExists:
      return "Exists";
    case LabelRequirement::Op::kDoesNotExist:
      return "DoesNotExist";
    case LabelRequirement::Op::kGt:
      return "Gt";
    case LabelRequirement::Op::kLt:
      return "Lt";
  }
  return "";
}

Json RequirementsJson(const std::vector<LabelRequirement>& requirements) {
  Json list = Json::array();
  for (const LabelRequirement& requirement : requirements) {
    Json next = {{"key", requirement.key}, {"operator", OperatorOf(requirement.op)}};
    if (!requirement.values.empty()) next["values"] = requirement.values;
    list.push_back(std::move(next));
  }
  return list;
}

// Without blockOwnerDeletion, which would need a right on the owner.
Json OwnerOf(const Json& pod) {
  const Json metadata = pod.value("metadata", Json::object());
  for (const Json& owner : metadata.value("ownerReferences", Json::array())) {
    if (!owner.value("controller", false)) continue;
    return {{"apiVersion", owner.value("apiVersion", "")},
            {"kind", owner.value("kind", "")},
            {"name", owner.value("name", "")},
            {"uid", owner.value("uid", "")}};
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"name", metadata.value("name", "")},
          {"uid", metadata.value("uid", "")}};
}

std::string TemplateName(const ProvisioningOrder& order, size_t set) {
  return absl::StrCat(order.name, "-", set);
}

Json MetadataOf(const ProvisioningOrder& order, const std::string& name, const Json& pod) {
  return {{"namespace", std::string(order.gang.ns())},
          {"name", name},
          {"labels", {{"app.kubernetes.io/managed-by", "muster"}}},
          {"annotations",
           {{"muster.dev/gang", std::string(order.gang.name())},
            {"muster.dev/attempt", absl::StrCat(order.attempt)},
            {"muster.dev/asked-for", order.what}}},
          {"ownerReferences", Json::array({OwnerOf(pod)})}};
}

}  // namespace

Json TermsJson(const std::vector<NodeSelectorTerm>& terms) {
  Json list = Json::array();
  for (const NodeSelectorTerm& term : terms) {
    Json& next = list.emplace_back(Json::object());
    if (!term.labels.empty()) next["matchExpressions"] = RequirementsJson(term.labels);
    if (!term.fields.empty()) next["matchFields"] = RequirementsJson(term.fields);
  }
  return list;
}

Json PodTemplateOf(const ProvisioningOrder& order, size_t set, const Json& pod) {
  Json spec = pod.value("spec", Json::object());
  for (const char* field : {"nodeName", "schedulingGates", "ephemeralContainers", "hostname", "subdomain"})
    spec.erase(field);
  if (!order.sets[set].affinity.empty()) {
    const Json::json_pointer required(
        "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    spec[required] = TermsJson(order.sets[set].affinity);
  }
  const Json metadata = pod.value("metadata", Json::object());
  return {
      {"apiVersion", "v1"},
      {"kind", "PodTemplate"},
      {"metadata", MetadataOf(order, TemplateName(order, set), pod)},
      {"template",
       {{"metadata", {{"labels", metadata.value("labels", Json::object())}}}, {"spec", std::move(spec)}}}};
}

Json RequestOf(const ProvisioningOrder& order, const Json& pod) {
  Json sets = Json::array();
  for (size_t set = 0; set < order.sets.size(); ++set) {
    sets.push_back(
        {{"podTemplateRef", {{"name", TemplateName(order, set)}}}, {"count", order.sets[set].count}});
  }
  return {{"apiVersion", "autoscaling.x-k8s.io/v1"},
          {"kind", "ProvisioningRequest"},
          {"metadata", MetadataOf(order, order.name, pod)},
          {"spec",
           {{"provisioningClassName", "best-effort-atomic-scale-up.autoscaling.x-k8s.io"},
            {"podSets", std::move(sets)}}}};
}

}  // namespace muster::kube
