// SPDX-License-Identifier: Apache-2.0
#include "server/objects/pod_terms.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/objects/requirement.h"

namespace muster {
namespace {

int32_t Positive(const Fields& fields, absl::string_view key) {
  const int64_t number = fields.Integer(key, 1);
  if (number < 1 || number > std::numeric_limits<int32_t>::max()) {
    fields.Reject(key, absl::StrCat("want a number from 1 on, got ", number));
    return 1;
  }
  return static_cast<int32_t>(number);
}

std::string TopologyKey(const Fields& fields) {
  std::string key = fields.String("topologyKey");
  if (key.empty()) fields.Reject("topologyKey", "want the key of a node label");
  return key;
}

void AddPorts(const Fields& container, bool in_network_of_node, std::vector<HostPort>& ports) {
  container.ForEach("ports", [&](const Fields& fields) {
    int64_t number = fields.Integer("hostPort", 0);
    if (number == 0 && in_network_of_node) number = fields.Integer("containerPort", 0);
    if (number <= 0) return;
    if (number > std::numeric_limits<uint16_t>::max()) {
      fields.Reject("hostPort", absl::StrCat("want a number up to 65535, got ", number));
      return;
    }
    HostPort port;
    port.port = static_cast<int32_t>(number);
    const std::string ip = fields.String("hostIP");
    if (!ip.empty()) port.ip = ip;
    const std::string protocol = fields.String("protocol");
    if (!protocol.empty()) port.protocol = protocol;
    ports.push_back(std::move(port));
  });
}

std::vector<HostPort> DecodePorts(const Fields& spec) {
  const bool in_network_of_node = spec.Bool("hostNetwork");
  std::vector<HostPort> ports;
  spec.ForEach("initContainers", [&](const Fields& container) {
    // Only sidecars run as long as the pod.
    if (container.String("restartPolicy") == "Always") AddPorts(container, in_network_of_node, ports);
  });
  spec.ForEach("containers", [&](const Fields& c) { AddPorts(c, in_network_of_node, ports); });
  return ports;
}

// Where the selector holds a requirement on a key, the API server put it there,
// by the labels that the pod had then.
void MergeKeys(const Fields& fields, absl::string_view list, LabelRequirement::Op op, const Labels& labels,
               std::vector<LabelRequirement>& selector) {
  fields.ForEach(list, [&](const Fields& element) {
    const std::string key = element.Text();
    const auto label = labels.find(key);
    if (label == labels.end() || absl::c_any_of(selector, [&](const auto& r) { return r.key == key; }))
      return;
    selector.push_back({key, op, {label->second}});
  });
}

std::vector<PodAffinityTerm> DecodeTerms(const Fields& affinity, absl::string_view ns, const Labels& labels) {
  std::vector<PodAffinityTerm> terms;
  affinity.ForEach("requiredDuringSchedulingIgnoredDuringExecution", [&](const Fields& fields) {
    PodAffinityTerm& term = terms.emplace_back();
    term.topology_key = TopologyKey(fields);
    term.selector = DecodeSelector(fields, "labelSelector");
    if (term.selector.has_value()) {
      MergeKeys(fields, "matchLabelKeys", LabelRequirement::Op::kIn, labels, *term.selector);
      MergeKeys(fields, "mismatchLabelKeys", LabelRequirement::Op::kNotIn, labels, *term.selector);
    }
    fields.ForEach("namespaces", [&](const Fields& name) { term.namespaces.insert(name.Text()); });
    term.namespace_selector = DecodeSelector(fields, "namespaceSelector");
    if (term.namespaces.empty() && !term.namespace_selector.has_value()) term.namespaces.emplace(ns);
  });
  return terms;
}

// Whether nodes that the policy is about are to be left out.
bool Honors(const Fields& fields, absl::string_view key, bool otherwise) {
  const std::string policy = fields.String(key);
  if (policy == "Honor") return true;
  if (policy == "Ignore") return false;
  if (!policy.empty()) fields.Reject(key, absl::StrCat("want Honor or Ignore, got \"", policy, "\""));
  return otherwise;
}

std::vector<SpreadConstraint> DecodeSpread(const Fields& spec, const Labels& labels) {
  std::vector<SpreadConstraint> constraints;
  spec.ForEach("topologySpreadConstraints", [&](const Fields& fields) {
    const std::string unsatisfiable = fields.String("whenUnsatisfiable");
    if (unsatisfiable == "ScheduleAnyway") return;
    if (unsatisfiable != "DoNotSchedule") {
      fields.Reject("whenUnsatisfiable",
                    absl::StrCat("want DoNotSchedule or ScheduleAnyway, got \"", unsatisfiable, "\""));
    }
    SpreadConstraint& constraint = constraints.emplace_back();
    constraint.topology_key = TopologyKey(fields);
    constraint.max_skew = Positive(fields, "maxSkew");
    constraint.min_domains = Positive(fields, "minDomains");
    constraint.selector = DecodeSelector(fields, "labelSelector");
    constraint.honor_affinity = Honors(fields, "nodeAffinityPolicy", true);
    constraint.honor_taints = Honors(fields, "nodeTaintsPolicy", false);
    if (!constraint.selector.has_value()) return;
    // kube-scheduler adds these itself, whatever the API server did.
    std::vector<LabelRequirement> keys;
    MergeKeys(fields, "matchLabelKeys", LabelRequirement::Op::kIn, labels, keys);
    for (LabelRequirement& key : keys) {
      if (!absl::c_linear_search(*constraint.selector, key)) constraint.selector->push_back(std::move(key));
    }
  });
  return constraints;
}

}  // namespace

std::optional<PodTerms> DecodePodTerms(const Fields& spec, absl::string_view ns, const Labels& labels) {
  PodTerms terms;
  terms.ports = DecodePorts(spec);
  const Fields affinity = spec.At("affinity");
  terms.affinity = DecodeTerms(affinity.At("podAffinity"), ns, labels);
  terms.anti_affinity = DecodeTerms(affinity.At("podAntiAffinity"), ns, labels);
  terms.spread = DecodeSpread(spec, labels);
  if (terms.empty()) return std::nullopt;
  Identify(ns, labels, terms);
  return terms;
}

}  // namespace muster
