// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/fleet.h"

#include <utility>

namespace muster::test {

Fleet::Fleet(Timeline& timeline, ApiServer& api, const Faults& faults, Witness& witness)
    : timeline_(timeline), api_(api), faults_(faults), witness_(witness) {}

void Fleet::Start() {
  current_.resize(static_cast<size_t>(faults_.replicas));
  for (size_t slot = 0; slot < current_.size(); ++slot) StartReplica(slot);
}

void Fleet::StartReplica(size_t slot) {
  if (current_[slot] != nullptr) ended_.push_back(std::move(current_[slot]));
  const Replica::Events events{.announced = [this](Replica& replica) { endpoint_ = &replica; },
                               .died =
                                   [this, slot](Replica& replica) {
                                     if (endpoint_ == &replica) endpoint_ = nullptr;
                                     died_(replica);
                                     timeline_.After(
                                         timeline_.Between(absl::Milliseconds(300), absl::Seconds(4)),
                                         [this, slot] { StartReplica(slot); });
                                   }};
  current_[slot] = std::make_unique<Replica>(timeline_, api_, faults_, witness_, ++started_, events);
}

Replica* Fleet::Endpoint() { return endpoint_; }

Replica* Fleet::Leader() {
  for (const auto& replica : current_) {
    if (replica != nullptr && replica->Decides()) return replica.get();
  }
  return nullptr;
}

Replica* Fleet::Find(const Process& process) {
  for (const auto* replicas : {&current_, &ended_}) {
    for (const auto& replica : *replicas) {
      if (replica != nullptr && &replica->process() == &process) return replica.get();
    }
  }
  return nullptr;
}

Replica* Fleet::Any() {
  Replica* any =
      current_[static_cast<size_t>(timeline_.Pick(0, static_cast<int64_t>(current_.size()) - 1))].get();
  return any != nullptr && any->process().alive() ? any : nullptr;
}

void Fleet::KillOne() {
  if (Replica* replica = Any()) replica->Kill();
}

void Fleet::StopOne() {
  if (Replica* replica = Any()) replica->Stop();
}

void Fleet::PauseOne(absl::Duration duration) {
  if (Replica* replica = Any()) {
    if (timeline_.tracing()) timeline_.Note(replica->name() + " stops for " + absl::FormatDuration(duration));
    replica->process().StopFor(duration);
  }
}

absl::Time Fleet::LeadsSince() {
  Replica* leader = Leader();
  const bool works = leader != nullptr && !leader->process().stopped();
  if (!works || leader != led_) led_since_ = works ? timeline_.Now() : absl::InfiniteFuture();
  led_ = works ? leader : nullptr;
  return led_since_;
}

}  // namespace muster::test
