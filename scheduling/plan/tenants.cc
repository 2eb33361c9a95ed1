// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/tenants.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "scheduling/plan/gpu_rules.h"

namespace muster {
namespace {

bool IsSharedIn(const GpuPool& pool, TenantOptions::Separate separate) {
  return pool.shared() ||
         (separate == TenantOptions::Separate::kInstances && pool.kind == GpuPool::Kind::kMig);
}

// Whether the node has GPUs that more than one pod is on.
bool HasShares(const Node& node, TenantOptions::Separate separate) {
  return node.gpus.has_value() &&
         std::any_of(node.gpus->pools.begin(), node.gpus->pools.end(),
                     [separate](const GpuPool& pool) { return IsSharedIn(pool, separate); });
}

// The tenant of the members that ask for GPUs; unset if they are of several.
std::optional<std::string> TenantOfGang(const Gang& gang, const TenantOptions& options) {
  std::optional<std::string> tenant;
  for (const auto& member : gang.members) {
    if (member->finished() || !AsksForGpus(member->shape.requests)) continue;
    std::string own = TenantOf(*member, options);
    if (tenant.has_value() && *tenant != own) return std::nullopt;
    tenant = std::move(own);
  }
  return tenant.value_or("");
}

}  // namespace

bool Tenants::Share(const Node& node, const Resources& requests) const {
  if (options_.separate == TenantOptions::Separate::kNobody || !node.gpus.has_value()) return false;
  return std::any_of(requests.scalars.begin(), requests.scalars.end(), [&](const auto& entry) {
    const GpuPool* pool = entry.second > 0 ? node.gpus->Find(entry.first) : nullptr;
    return pool != nullptr && IsSharedIn(*pool, options_.separate);
  });
}

std::string Tenants::OtherOn(const NodeState& node, absl::string_view tenant) const {
  for (const auto& pod : node.pods) {
    if (!Share(*node.node, pod->shape.requests)) continue;
    std::string other = TenantOf(*pod, options_);
    if (other != tenant) return other;
  }
  return "";
}

std::string Tenants::OtherSeatedOn(const NodeState& node, absl::string_view tenant,
                                   const GangId& owner) const {
  std::string found;
  if (ledger_.Promised(node.node->name) == nullptr) return found;
  ledger_.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    if (gang == owner || !found.empty()) return;
    for (const Seat& seat : promise->seats) {
      if (seat.node != node.node->name || !Share(*node.node, seat.requests)) continue;
      std::string other = TenantOfSeat(seat);
      if (other == tenant) continue;
      found = std::move(other);
      return;
    }
  });
  return found;
}

std::string Tenants::TenantOfSeat(const Seat& seat) const {
  const std::shared_ptr<const Pod> pod = view_.FindPod(seat.pod);
  if (pod != nullptr) return TenantOf(*pod, options_);
  // A pod that the view does not show yet may have any label.
  return options_.label.empty() ? std::string(seat.pod.ns()) : absl::StrCat("pod ", seat.pod.text());
}

std::vector<bool> Tenants::ClosedFor(const Gang& gang) const {
  std::vector<bool> closed;
  if (options_.separate == TenantOptions::Separate::kNobody) return closed;
  const std::optional<std::string> tenant = TenantOfGang(gang, options_);
  absl::flat_hash_map<NodeName, size_t> sharing;  // nodes with shared GPUs, by their number
  size_t number = 0;
  const auto close = [&closed](size_t n) {
    if (closed.size() <= n) closed.resize(n + 1);
    closed[n] = true;
  };
  view_.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    const size_t n = number++;
    if (!HasShares(*state.node, options_.separate)) return;
    sharing.emplace(name, n);
    if (!tenant.has_value() || !OtherOn(state, *tenant).empty()) close(n);
  });
  if (!tenant.has_value() || sharing.empty()) return closed.resize(closed.empty() ? 0 : number), closed;
  ledger_.promises().ForEach([&](const GangId& owner, const std::shared_ptr<const Promise>& promise) {
    if (owner == gang.id) return;
    for (const Seat& seat : promise->seats) {
      const auto at = sharing.find(seat.node);
      if (at == sharing.end() || !Share(*view_.FindNode(seat.node)->node, seat.requests)) continue;
      if (TenantOfSeat(seat) != *tenant) close(at->second);
    }
  });
  if (!closed.empty()) closed.resize(number);
  return closed;
}

}  // namespace muster
