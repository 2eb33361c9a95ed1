// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "scheduling/model/selector.h"

namespace muster {

// The address that stands for all addresses of a node.
inline constexpr absl::string_view kEveryAddress = "0.0.0.0";

// A port of the node that a pod takes for itself.
struct HostPort {
  std::string ip = std::string(kEveryAddress);
  std::string protocol = "TCP";
  int32_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Which pods a term means, by their labels: those of which all requirements
// hold. Unset: no pod at all; empty: every pod.
using PodSelector = std::optional<std::vector<LabelRequirement>>;

// A required affinity to other pods, or an anti-affinity: the pods that are
// meant, and the node label whose value they share or must not share.
struct PodAffinityTerm {
  std::string topology_key;
  PodSelector selector;
  absl::btree_set<std::string> namespaces;  // the pod's own where it names none
  PodSelector namespace_selector;           // more namespaces, by their labels

  friend bool operator==(const PodAffinityTerm&, const PodAffinityTerm&) = default;
};

// A topology spread constraint that must hold (DoNotSchedule). It counts pods
// of the pod's own namespace.
struct SpreadConstraint {
  std::string topology_key;
  int32_t max_skew = 1;
  int32_t min_domains = 1;
  PodSelector selector;
  bool honor_affinity = true;  // nodes that the pod's selector or affinity rules out are no domains
  bool honor_taints = false;   // nor those whose taints it does not tolerate

  friend bool operator==(const SpreadConstraint&, const SpreadConstraint&) = default;
};

// What a pod asks for about other pods: what kube-scheduler's NodePorts,
// InterPodAffinity and PodTopologySpread judge.
//
// Why:       the verdict on a node depends on the pods around it and on the
//            pod's own labels, because it may be meant by its own terms.
// Invariant: `ns` and `labels` are set only as far as the terms look at them,
//            so pods that differ in other labels (an index) have equal terms.
// Source:    k8s.io/api core/v1; preferences do not decide and are left out.
struct PodTerms {
  std::vector<HostPort> ports;
  std::vector<PodAffinityTerm> affinity;
  std::vector<PodAffinityTerm> anti_affinity;
  std::vector<SpreadConstraint> spread;
  std::string ns;
  Labels labels;

  bool empty() const { return ports.empty() && affinity.empty() && anti_affinity.empty() && spread.empty(); }
  friend bool operator==(const PodTerms&, const PodTerms&) = default;
};

// Says whether the labels satisfy the selector.
bool Matches(const PodSelector& selector, const Labels& labels);

// Says whether both can't be on one node.
bool Conflict(const HostPort& a, const HostPort& b);

// The selector for people: "pods app=x,!tier", "every pod", "no pod".
std::string Describe(const PodSelector& selector);

// Adds the label keys that the selector looks at.
void AddKeys(const PodSelector& selector, absl::btree_set<std::string>& keys);

// Those of `labels` whose keys are in `keys`.
Labels Only(const absl::btree_set<std::string>& keys, const Labels& labels);

// Sets `terms.ns` and `terms.labels` from those of the pod, as far as the terms
// look at them.
void Identify(absl::string_view ns, const Labels& labels, PodTerms& terms);

}  // namespace muster
