// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "test/simulation/extender.h"
#include "test/simulation/fleet.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// The replica of Muster that the Service leads to, with what its HTTP adapter
// does: who may not decide answers with an error.
class FleetExtender : public SimulatedExtender {
 public:
  FleetExtender(Timeline& timeline, Fleet& fleet) : timeline_(timeline), fleet_(fleet) {}

  absl::StatusOr<FilterAnswer> Filter(const FilterCall& call) override;
  absl::StatusOr<std::vector<EvictionOption>> Preempt(const PreemptCall& call) override;
  absl::Status Bind(const BindCall& call, std::shared_ptr<SimulatedBindCall> held) override;
  absl::Time FilterTakesUntil() const override { return filter_takes_until_; }
  const void* Server() override { return fleet_.Endpoint(); }

 private:
  Timeline& timeline_;
  Fleet& fleet_;
  absl::Time filter_takes_until_ = absl::InfinitePast();
};

}  // namespace muster::test
