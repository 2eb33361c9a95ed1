// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/fleet_extender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);  // of a caller with a process that is stopped

absl::Status Refused() { return absl::UnavailableError("connection refused"); }

}  // namespace

absl::StatusOr<FilterAnswer> FleetExtender::Filter(const FilterCall& call) {
  Replica* replica = fleet_.Endpoint();
  if (replica == nullptr) return Refused();
  if (replica->process().stopped()) {
    filter_takes_until_ = std::min(replica->process().stopped_until(), timeline_.Now() + kPatience);
    return absl::UnavailableError("no answer");
  }
  if (absl::Status s = replica->decisions().MayDecide(); !s.ok()) return s;
  return replica->decisions().Filter(call);
}

absl::StatusOr<std::vector<EvictionOption>> FleetExtender::Preempt(const PreemptCall& call) {
  Replica* replica = fleet_.Endpoint();
  if (replica == nullptr) return Refused();
  if (absl::Status s = replica->decisions().MayDecide(); !s.ok()) return s;
  return replica->decisions().Preempt(call);
}

absl::Status FleetExtender::Bind(const BindCall& call, std::shared_ptr<SimulatedBindCall> held) {
  Replica* replica = fleet_.Endpoint();
  if (replica == nullptr) return Refused();
  replica->process().After(
      timeline_.Between(absl::Milliseconds(1), absl::Milliseconds(5)),
      [this, replica, call, held = std::move(held)] {
        if (absl::Status s = replica->decisions().MayDecide(); !s.ok()) return held->Answer(s);
        if (timeline_.tracing()) {
          timeline_.Note(absl::StrCat("bind call of ", call.pod.name(), " to ", call.node.text()));
        }
        replica->decisions().Bind(call, held);
      });
  return absl::OkStatus();
}

}  // namespace muster::test
