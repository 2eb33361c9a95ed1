// SPDX-License-Identifier: Apache-2.0
#include "server/lead/takeover.h"

#include <memory>
#include <utility>

namespace muster {

Takeover::Takeover(ClusterApi& api, std::string epoch) : epoch_(std::move(epoch)), touches_(api) {}

void Takeover::Begin(const ClusterView& view) {
  if (begun_) return;
  view.pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    const bool seated_here = pod->membership.has_value() || !pod->shape.requests.scalars.empty();
    if (pod->pending() && seated_here) touches_.Add({name, pod->uid, ""});
  });
  begun_ = true;
}

bool Takeover::Begun() const { return begun_; }

void Takeover::Tick() { touches_.Send({{"muster.dev/epoch", epoch_}}); }

bool Takeover::Done() const { return begun_ && touches_.Done(); }

}  // namespace muster
