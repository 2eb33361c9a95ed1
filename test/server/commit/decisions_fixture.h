// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "server/commit/decisions.h"
#include "test/support/builders.h"
#include "test/support/manual_api.h"

namespace muster::test {

inline const std::vector<absl::string_view> kNodes = {"node-00", "node-01"};

// Two nodes of 8 GPUs and a gang of two members of 8 GPUs each.
class DecisionsTest : public testing::Test {
 protected:
  DecisionsTest() { Publish(); }

  static ClusterView TwoNodesAndAGangOfTwo() {
    ClusterView view = ClusterOf(2, 8);
    AddGang(view, "train", 2, 8);
    return view;
  }

  void Publish() { decisions_.Observe(Published(view_)); }

  NodeName Filter(const std::string& pod) {
    const Pod asked = *view_.FindPod(PodName("default", pod));
    last_ = decisions_.Filter({asked, kNodes});
    const auto* one = std::get_if<PassOne>(&last_);
    return one == nullptr ? NodeName() : one->node;
  }

  std::shared_ptr<FakeCall> Bind(const std::string& pod, const NodeName& node) {
    auto call = std::make_shared<FakeCall>();
    decisions_.Bind({PodName("default", pod), PodUid("uid-" + pod), node}, call);
    return call;
  }
  std::shared_ptr<FakeCall> FilterAndBind(const std::string& pod) { return Bind(pod, Filter(pod)); }

  void TickAfter(absl::Duration pause) {
    clock_.Advance(pause);
    decisions_.Tick();
  }

  std::vector<std::string> Outstanding() {
    std::vector<std::string> whats;
    for (const auto& call : api_.calls) whats.push_back(call.what);
    return whats;
  }

  ClusterView view_ = TwoNodesAndAGangOfTwo();
  FakeClock clock_;
  ManualApi api_;
  Decisions decisions_{{.engine = {}, .epoch = "7"}, clock_, api_, [] { return true; }, nullptr};
  FilterAnswer last_;
};

}  // namespace muster::test
