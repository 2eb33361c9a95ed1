// SPDX-License-Identifier: Apache-2.0
#include "scheduling/ledger/ledger.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "scheduling/ledger/device_loads.h"

namespace muster {
namespace {

bool MayClaim(const Seat& seat) { return seat.claims.has_value() || AsksForDevices(seat.requests); }

}  // namespace

const Seat* Promise::Find(const PodUid& uid) const {
  const auto at = std::lower_bound(seats.begin(), seats.end(), uid,
                                   [](const Seat& seat, const PodUid& u) { return seat.uid < u; });
  return at == seats.end() || at->uid != uid ? nullptr : &*at;
}

absl::Status Ledger::Reserve(const ClusterView& view, const GangId& gang, std::vector<Seat> seats,
                             absl::Time expires) {
  if (seats.empty())
    return absl::InvalidArgumentError(absl::StrFormat("gang %s: no seats to promise", gang.text()));
  // Work on a copy and install it last: a promise that does not fit must leave no trace.
  Ledger next = *this;
  next.Release(gang);
  for (const Seat& seat : seats) {
    const NodeState* state = view.FindNode(seat.node);
    if (state == nullptr) return absl::NotFoundError(absl::StrFormat("no node %s", seat.node.text()));
    const std::vector<Shortage> lacks = Shortages(seat.requests, next.Free(*state));
    if (!lacks.empty()) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("pod %s needs %d %s on node %s, %d are free", seat.pod.text(), lacks[0].requested,
                          lacks[0].resource, seat.node.text(), lacks[0].free));
    }
    next.Count(seat, +1);
  }
  DeviceRooms rooms(view);
  absl::flat_hash_set<NodeName> checked;
  for (const Seat& seat : seats) {
    const bool may_claim = seat.claims.has_value() || view.has_classes_of_resources();
    if (!may_claim || !checked.insert(seat.node).second) continue;
    if (!DeviceLoads(view, next, seat.node).Fit(rooms)) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "pod %s claims devices that node %s does not have free", seat.pod.text(), seat.node.text()));
    }
  }
  std::sort(seats.begin(), seats.end(), [](const Seat& a, const Seat& b) { return a.uid < b.uid; });
  next.promises_.Set(gang, std::make_shared<const Promise>(Promise{std::move(seats), expires}));
  *this = std::move(next);
  return absl::OkStatus();
}

void Ledger::Renew(const GangId& gang, absl::Time expires) {
  Promise next = *Find(gang);
  next.expires = expires;
  promises_.Set(gang, std::make_shared<const Promise>(std::move(next)));
}

bool Ledger::Release(const GangId& gang) {
  const Promise* promise = Find(gang);
  if (promise == nullptr) return false;
  for (const Seat& seat : promise->seats) Count(seat, -1);
  promises_.Erase(gang);
  return true;
}

void Ledger::ReleaseSeats(const GangId& gang, absl::Span<const PodUid> uids) {
  const Promise* promise = Find(gang);
  if (promise == nullptr || uids.empty()) return;
  const absl::flat_hash_set<PodUid> released(uids.begin(), uids.end());
  Promise next{.seats = {}, .expires = promise->expires};
  for (const Seat& seat : promise->seats) {
    if (released.contains(seat.uid)) {
      Count(seat, -1);
    } else {
      next.seats.push_back(seat);
    }
  }
  if (next.seats.empty()) {
    promises_.Erase(gang);
  } else if (next.seats.size() < promise->seats.size()) {
    promises_.Set(gang, std::make_shared<const Promise>(std::move(next)));
  }
}

const Promise* Ledger::Find(const GangId& gang) const {
  const auto* promise = promises_.Find(gang);
  return promise == nullptr ? nullptr : promise->get();
}

const Resources* Ledger::Promised(const NodeName& node) const { return promised_.Find(node); }

std::vector<NodeName> Ledger::PromisedNodes() const {
  std::vector<NodeName> nodes;
  nodes.reserve(promised_.size());
  promised_.ForEach([&](const NodeName& node, const Resources&) { nodes.push_back(node); });
  return nodes;
}

Resources Ledger::Free(const NodeState& state) const {
  Resources free = state.free;
  if (const Resources* promised = Promised(state.node->name)) free -= *promised;
  return free;
}

void Ledger::CountClaims(const Seat& seat, int64_t sign) {
  const auto old = Claiming(seat.node);
  std::vector<Seat> next = old == nullptr ? std::vector<Seat>() : *old;
  if (sign > 0) {
    next.push_back(seat);
  } else {
    const auto at = std::find(next.begin(), next.end(), seat);
    if (at != next.end()) next.erase(at);
  }
  if (next.empty()) {
    claiming_.Erase(seat.node);
  } else {
    claiming_.Set(seat.node, std::make_shared<const std::vector<Seat>>(std::move(next)));
  }
}

void Ledger::Count(const Seat& seat, int64_t sign) {
  if (MayClaim(seat)) CountClaims(seat, sign);
  const Resources* old = Promised(seat.node);
  Resources next = old == nullptr ? Resources{} : *old;
  if (sign > 0) {
    next += seat.requests;
  } else {
    next -= seat.requests;
  }
  // Every seat takes a pod slot, so no slots means no seats.
  if (next.pods == 0) {
    promised_.Erase(seat.node);
  } else {
    promised_.Set(seat.node, std::move(next));
  }
}

}  // namespace muster
