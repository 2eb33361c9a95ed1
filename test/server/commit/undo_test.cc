// SPDX-License-Identifier: Apache-2.0
// Gangs that could not be completed are undone, where that harms nobody.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/server/commit/decisions_fixture.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::BoundTo;
using test::ClusterOf;
using test::DecisionsTest;
using test::MemberOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(DecisionsTest, ABindingThatKeepsFailingIsUndoneAfterTheDeadline) {
  FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Succeed();
  view_.Upsert(BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00"));
  Publish();
  for (int second = 0; second < 300 && Outstanding() != std::vector<std::string>{"evict default/train-0"};
       ++second) {
    if (!api_.calls.empty()) api_.Answer(absl::PermissionDeniedError("refused by admission"));
    TickAfter(absl::Seconds(1));
  }
  ASSERT_THAT(Outstanding(), ElementsAre("evict default/train-0"));
  // One that starts before the eviction arrives is another version, and stays.
  EXPECT_EQ(api_.calls.front().resource_version,
            view_.FindPod(PodName("default", "train-0"))->resource_version);
}

// Each of two is tried for a deadline from when kube-scheduler brings it, so that
// one of them is at any time, be they refused at once or by a webhook that takes long.
class FailInTurns : public DecisionsTest, public testing::WithParamInterface<absl::Duration> {
 protected:
  FailInTurns() {
    view_ = ClusterOf(2, 16);
    for (int i = 0; i < 4; ++i) {
      Pod member = MemberOf("train", 4, i, 8);
      member.membership->min_members = 3;
      view_.Upsert(member);
    }
    Publish();
    for (const char* pod : {"train-0", "train-1", "train-2"}) FilterAndBind(pod);
    for (const char* pod : {"train-0", "train-1"}) {
      view_.Upsert(BoundTo(*view_.FindPod(PodName("default", pod)), api_.calls.front().what.substr(21)));
      api_.Succeed();
    }
    Publish();
  }

  // Answers what has been asked for that long: bindings are refused. Evictions stay.
  void AnswerWhatIsDue() {
    while (asked_.size() < api_.calls.size()) asked_.push_back(clock_.Now());
    while (!api_.calls.empty() && clock_.Now() - asked_.front() >= GetParam()) {
      const std::string what = api_.calls.front().what;
      if (what.rfind("evict", 0) == 0) return;
      asked_.pop_front();
      what.rfind("bind", 0) == 0 ? api_.Answer(absl::PermissionDeniedError("refused by admission"))
                                 : api_.Succeed();
    }
  }

  std::deque<absl::Time> asked_;
};

TEST_P(FailInTurns, MembersDoNotKeepTheirGangFromBeingUndone) {
  const absl::Duration deadline = EngineOptions().gang_deadline;
  const absl::Time began = clock_.Now();
  const auto evictions = [&] {
    const std::vector<std::string> calls = Outstanding();
    return std::count_if(calls.begin(), calls.end(),
                         [](const auto& call) { return call.rfind("evict", 0) == 0; });
  };
  for (int second = 1; evictions() == 0 && clock_.Now() < began + 4 * deadline; ++second) {
    TickAfter(absl::Seconds(1));
    AnswerWhatIsDue();
    if (second % 5 != 0) continue;
    for (const char* pod : {"train-2", "train-3"}) {
      if (pod == std::string("train-3") && clock_.Now() < began + deadline / 2) continue;
      const NodeName node = Filter(pod);
      if (!node.empty()) Bind(pod, node);
    }
  }
  EXPECT_EQ(evictions(), 2);
  EXPECT_LE(clock_.Now(), began + deadline + absl::Seconds(20));
}

INSTANTIATE_TEST_SUITE_P(Decisions, FailInTurns, testing::Values(absl::ZeroDuration(), absl::Seconds(9)),
                         [](const auto& info) { return absl::FormatDuration(info.param); });

struct SparedCase {
  std::string name;  // why the bound member is not evicted
  void (*change)(Pod&);
};
void PrintTo(const SparedCase& c, std::ostream* out) { *out << c.name; }

class UndoSpares : public DecisionsTest, public testing::WithParamInterface<SparedCase> {};

TEST_P(UndoSpares, AMemberThatMustNotBeEvicted) {
  Pod bound = BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00");
  GetParam().change(bound);
  view_.Upsert(bound);
  view_.RemoveNode(NodeName("node-01"));
  Publish();
  for (int i = 0; i < 300; ++i) TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), testing::Each(testing::Not(HasSubstr("evict"))));
}

TEST_F(DecisionsTest, AMemberThatKubeletRefusedDoesNotKeepItsGangFromBeingUndone) {
  Pod refused = BoundTo(MemberOf("train", 2, 1, 8), "node-01");
  refused.name = PodName("default", "train-1-first");
  refused.uid = PodUid("uid-train-1-first");
  refused.phase = PodPhase::kFailed;
  refused.started = true;
  view_.Upsert(refused);
  view_.Upsert(BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00"));
  view_.RemoveNode(NodeName("node-01"));
  Publish();
  for (int second = 0; second < 300 && Outstanding().empty(); ++second) TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), ElementsAre("evict default/train-0"));
}

INSTANTIATE_TEST_SUITE_P(
    Decisions, UndoSpares,
    testing::Values(SparedCase{"HasStarted", [](Pod& pod) { pod.started = true; }},
                    SparedCase{"HasNoController", [](Pod& pod) { pod.has_controller = false; }},
                    SparedCase{"HasFinished", [](Pod& pod) { pod.phase = PodPhase::kSucceeded; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace muster
