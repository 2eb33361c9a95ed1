// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/solo_rules.h"

#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"

namespace muster {

SoloRules::SoloRules(const Pod& pod, const GangId& owner, const ClusterView& view, const Ledger& ledger,
                     const TenantOptions& tenants)
    : pod_(pod),
      owner_(owner),
      view_(view),
      tenants_(view, ledger, tenants),
      tenant_(TenantOf(pod, tenants)),
      gpus_(pod.shape, nullptr),
      ledger_(ledger),
      demand_(DemandOf(view, pod)),
      rooms_(view) {}

std::string SoloRules::Against(const NodeState& state) {
  if (std::string rule = gpus_.Against(*state.node); !rule.empty()) return rule;
  // kube-scheduler knows what is allocated; not what is promised.
  if (!demand_.claims.empty() && ledger_.Claiming(state.node->name) != nullptr &&
      DeviceLoads(view_, ledger_, state.node->name).CountFitting(rooms_, demand_, 1) == 0) {
    return "with devices that are promised to gangs";
  }
  if (!tenants_.Share(*state.node, pod_.shape.requests)) return "";
  const bool alone =
      tenants_.OtherOn(state, tenant_).empty() && tenants_.OtherSeatedOn(state, tenant_, owner_).empty();
  return alone ? "" : "with GPUs that another tenant shares";
}

std::string SoloRules::Survey() {
  std::map<std::string, int64_t> by_cause;
  int64_t nodes = 0;
  view_.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr || !Fits(pod_.shape.requests, state.node->allocatable)) return;
    ++nodes;
    if (std::string cause = Against(state); !cause.empty()) ++by_cause[cause];
  });
  std::string text;
  for (const auto& [cause, count] : by_cause) {
    absl::StrAppend(&text, text.empty() ? absl::StrCat("of ", nodes, " nodes that are large enough ") : ", ",
                    count, " ", cause);
  }
  return text;
}

}  // namespace muster
