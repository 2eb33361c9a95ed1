// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "scheduling/model/ids.h"
#include "server/service.h"
#include "test/simulation/timeline.h"
#include "test/simulation/violations.h"

namespace muster::test {

// A bind call of kube-scheduler, as Muster holds it.
class SimulatedBindCall : public HeldCall {
 public:
  using Answered = std::function<void(const absl::Status&)>;

  SimulatedBindCall(const Timeline& timeline, Violations& violations, PodUid uid, NodeName node,
                    Answered answered)
      : timeline_(timeline),
        violations_(violations),
        uid_(std::move(uid)),
        node_(std::move(node)),
        answered_(std::move(answered)) {}

  bool Alive() const override { return timeline_.Now() < dies_; }
  void Answer(const absl::Status& status) override {
    if (over_) violations_.Add(absl::StrCat("the bind call of ", uid_.text(), " is answered twice"));
    over_ = true;
    if (Alive()) answered_(status);
  }

  // The caller is gone; Muster notices at `noticed`.
  void Dies(absl::Time noticed) { dies_ = std::min(dies_, noticed); }
  bool over() const { return over_; }
  const PodUid& uid() const { return uid_; }
  const NodeName& node() const { return node_; }

 private:
  const Timeline& timeline_;
  Violations& violations_;
  const PodUid uid_;
  const NodeName node_;
  const Answered answered_;
  absl::Time dies_ = absl::InfiniteFuture();
  bool over_ = false;
};

}  // namespace muster::test
