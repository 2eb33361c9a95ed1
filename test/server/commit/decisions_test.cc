// SPDX-License-Identifier: Apache-2.0
#include "server/commit/decisions.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/server/commit/decisions_fixture.h"
#include "test/support/builders.h"
#include "test/support/manual_api.h"

namespace muster {
namespace {

using test::BoundTo;
using test::ClusterOf;
using test::DecisionsTest;
using test::FakeCall;
using test::kNodes;
using test::MemberOf;
using test::NodeOf;
using test::PodOf;
using test::Published;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// kube-scheduler tries a pod again only when something happens to it.
class DissolvedTest : public DecisionsTest {
 protected:
  DissolvedTest() { view_ = ClusterOf(2, 8); }

  static Pod RayPod(int i) {
    Pod pod = MemberOf("ray", 2, i, 0);
    pod.membership->declared_by = "RayCluster.ray.io";
    pod.membership->needs_object = true;
    return pod;
  }

  // The object comes, and asks for no gang.
  void Dissolve() {
    GangDeclaration object;
    object.gang = GangId("default", "ray");
    object.declared_by = "RayCluster.ray.io";
    object.all_or_none = false;
    view_.Upsert(object);
    Publish();
    TickAfter(absl::Seconds(1));
  }
};

TEST_F(DissolvedTest, PodsThatWereRefusedAreWokenOnceAndOthersAreNot) {
  for (int i = 0; i < 2; ++i) view_.Upsert(RayPod(i));
  Publish();
  EXPECT_EQ(Filter("ray-0"), NodeName());
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), IsEmpty());
  Dissolve();
  EXPECT_THAT(Outstanding(), ElementsAre("annotate default/ray-0"));
  api_.Succeed();
  Filter("ray-0");
  EXPECT_TRUE(std::holds_alternative<PassAll>(last_));
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), IsEmpty());
}

TEST_F(DissolvedTest, AWriteThatFailsIsTriedAgain) {
  view_.Upsert(RayPod(0));
  Publish();
  Filter("ray-0");
  Dissolve();
  api_.Answer(absl::UnavailableError("429"));
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), ElementsAre("annotate default/ray-0"));
}

TEST_F(DissolvedTest, APodThatWasRefusedBeforeItWasKnownIsWokenToo) {
  Publish();
  last_ = decisions_.Filter({RayPod(0), kNodes});
  ASSERT_TRUE(std::holds_alternative<Refused>(last_));
  view_.Upsert(RayPod(0));
  Dissolve();
  EXPECT_THAT(Outstanding(), ElementsAre("annotate default/ray-0"));
}

TEST_F(DecisionsTest, NothingIsWrittenBeforeTheWholeMinimumWaits) {
  const auto first = FilterAndBind("train-0");
  EXPECT_THAT(Outstanding(), IsEmpty());
  EXPECT_EQ(first->answers, 0);
  const auto second = FilterAndBind("train-1");
  EXPECT_THAT(Outstanding(), ElementsAre("bind default/train-0 node-00", "bind default/train-1 node-01"));
  api_.Succeed();
  EXPECT_TRUE(first->answer.ok());
  EXPECT_EQ(second->answers, 0);
  api_.Succeed();
  EXPECT_TRUE(second->answer.ok());
}

TEST_F(DecisionsTest, MembersCarryTheirGangCommitAndEpoch) {
  FilterAndBind("train-0");
  FilterAndBind("train-1");
  EXPECT_THAT(api_.calls[0].annotations,
              ElementsAre(testing::Pair("muster.dev/commit", "7-1"), testing::Pair("muster.dev/epoch", "7"),
                          testing::Pair("muster.dev/placed-gang", "default/train")));
}

TEST_F(DecisionsTest, ADeadCallerDoesNotCountAtTheBarrier) {
  const auto dead = FilterAndBind("train-0");
  dead->alive = false;
  FilterAndBind("train-1");
  EXPECT_THAT(Outstanding(), IsEmpty());
  // It comes again, and both are alive.
  FilterAndBind("train-0");
  EXPECT_THAT(Outstanding(), testing::SizeIs(2));
}

TEST_F(DecisionsTest, ANewBindCallOfAPodReplacesTheOldOne) {
  const auto old = FilterAndBind("train-0");
  const auto fresh = FilterAndBind("train-0");
  EXPECT_EQ(old->answer.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(fresh->answers, 0);
}

TEST_F(DecisionsTest, ACallIsHeldNoLongerThanItsCallerWaits) {
  const auto first = FilterAndBind("train-0");
  TickAfter(absl::Seconds(54));
  EXPECT_EQ(first->answers, 0);
  TickAfter(absl::Seconds(2));
  EXPECT_EQ(first->answer.code(), absl::StatusCode::kUnavailable);
  // The seats are kept for the next round.
  EXPECT_EQ(decisions_.Count().promises, 1);
}

TEST_F(DecisionsTest, OnlyWhatFilterAnsweredCanBeBound) {
  const auto unasked = Bind("train-0", NodeName("node-00"));
  EXPECT_EQ(unasked->answer.code(), absl::StatusCode::kFailedPrecondition);
  const NodeName seat = Filter("train-0");
  const auto elsewhere = Bind("train-0", NodeName(seat.text() == "node-00" ? "node-01" : "node-00"));
  EXPECT_EQ(elsewhere->answer.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DecisionsTest, APodThatIsBoundThereAlreadyIsASuccess) {
  view_.Upsert(BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00"));
  Publish();
  EXPECT_TRUE(Bind("train-0", NodeName("node-00"))->answer.ok());
  EXPECT_EQ(Bind("train-0", NodeName("node-01"))->answer.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DecisionsTest, AMemberThatVanishesFromItsNodeWhileOthersWaitIsPlannedAnew) {
  const auto first = FilterAndBind("train-0");
  view_.RemoveNode(NodeName("node-00"));
  view_.Upsert(NodeOf("node-02", 8));
  Publish();
  TickAfter(absl::Milliseconds(100));
  EXPECT_EQ(first->answer.code(), absl::StatusCode::kAborted);
  const auto report = decisions_.Explain(GangId("default", "train"));
  ASSERT_EQ(report->seats.size(), 2u);
  EXPECT_EQ(report->seats[0].node, NodeName("node-02"));
}

TEST_F(DecisionsTest, AGangThatLosesAMemberGivesItsSeatsBack) {
  Filter("train-0");
  EXPECT_EQ(decisions_.Count().promises, 1);
  view_.RemovePod(PodName("default", "train-1"));
  Publish();
  EXPECT_EQ(decisions_.Count().promises, 0);
}

TEST_F(DecisionsTest, AConflictIsSettledByReadingThePod) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Answer(absl::AbortedError("conflict"));
  EXPECT_EQ(api_.calls.back().what, "read default/train-0");
  std::swap(api_.calls.front(), api_.calls.back());
  Pod fresher = *view_.FindPod(PodName("default", "train-0"));
  fresher.resource_version = "9";
  api_.Answer(fresher);
  EXPECT_EQ(first->answers, 0);
  EXPECT_EQ(api_.calls.back().what, "bind default/train-0 node-00");
  std::swap(api_.calls.front(), api_.calls.back());
  api_.Answer(absl::AbortedError("conflict"));
  std::swap(api_.calls.front(), api_.calls.back());
  api_.Answer(BoundTo(fresher, "node-00"));
  EXPECT_TRUE(first->answer.ok());
}

TEST_F(DecisionsTest, ALostAnswerIsReadBeforeItIsTriedAgain) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Answer(absl::UnavailableError("connection lost"));
  api_.Succeed();
  EXPECT_THAT(Outstanding(), IsEmpty());
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), ElementsAre("read default/train-0"));
  api_.Answer(BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00"));
  EXPECT_TRUE(first->answer.ok());
}

TEST_F(DecisionsTest, NothingIsSentForAPodWhoseCallerIsGoneUntilItComesAgain) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Answer(absl::PermissionDeniedError("refused by admission"));
  api_.Succeed();
  first->alive = false;
  for (int second = 0; second < 5; ++second) TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), IsEmpty());
  const auto again = Bind("train-0", Filter("train-0"));
  TickAfter(absl::Milliseconds(100));
  EXPECT_THAT(Outstanding(), ElementsAre("bind default/train-0 node-00"));
  api_.Succeed();
  EXPECT_TRUE(again->answer.ok());
}

// kube-scheduler holds no room for it, and may never come again.
TEST_F(DecisionsTest, AMemberWhoseCallerIsGoneDoesNotMakeItsGangWhole) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Answer(absl::PermissionDeniedError("refused by admission"));
  api_.Succeed();
  first->alive = false;
  // All that was bound of it goes, and is made anew.
  view_.RemovePod(PodName("default", "train-1"));
  view_.Upsert(MemberOf("train", 2, 2, 8));
  Publish();
  TickAfter(absl::Seconds(1));
  FilterAndBind("train-2");
  for (int second = 0; second < 5; ++second) TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), testing::Each(testing::Not(HasSubstr("bind"))));
  Bind("train-0", Filter("train-0"));
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(),
              testing::IsSupersetOf({HasSubstr("bind default/train-0"), HasSubstr("bind default/train-2")}));
}

TEST_F(DecisionsTest, AConflictOfAPodWhoseCallerIsGoneIsReadAndNotSentAgain) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  first->alive = false;
  api_.Answer(absl::AbortedError("conflict"));
  api_.Succeed();
  ASSERT_THAT(Outstanding(), ElementsAre("read default/train-0"));
  api_.Answer(*view_.FindPod(PodName("default", "train-0")));
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), IsEmpty());
}

TEST_F(DecisionsTest, AConflictIsNotSentAgainToANodeThatShrankMeanwhile) {
  const auto first = FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Answer(absl::AbortedError("conflict"));
  api_.Succeed();
  view_.Upsert(NodeOf("node-00", 4));
  Publish();
  ASSERT_THAT(Outstanding(), ElementsAre("read default/train-0"));
  api_.Answer(*view_.FindPod(PodName("default", "train-0")));
  EXPECT_EQ(first->answer.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Outstanding(), testing::Each(testing::Not(HasSubstr("bind default/train-0 node-00"))));
}

TEST_F(DecisionsTest, AGangThatIsBoundInPartKeepsTheSeatsOfTheOthersFromThoseWhoWait) {
  FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Succeed();
  Pod runs = BoundTo(*view_.FindPod(PodName("default", "train-0")), "node-00");
  runs.started = true;
  view_.Upsert(runs);
  test::AddGang(view_, "other", 1, 8);
  Publish();
  for (int second = 0; second < 300; ++second) {
    while (!api_.calls.empty()) api_.Answer(absl::PermissionDeniedError("refused by admission"));
    TickAfter(absl::Seconds(1));
    ASSERT_EQ(Filter("other-0"), NodeName()) << second;
  }
  EXPECT_EQ(Filter("train-1"), NodeName("node-01"));
}

TEST_F(DecisionsTest, AGangAheadInTheQueueIsPlannedFirstWhoeverIsFilteredFirst) {
  for (int rank = 0; rank < 2; ++rank) {
    Pod urgent = MemberOf("urgent", 2, rank, 8);
    urgent.priority = 10;
    view_.Upsert(urgent);
  }
  Publish();
  EXPECT_EQ(Filter("train-0"), NodeName());
  EXPECT_EQ(Filter("urgent-0"), NodeName("node-00"));
}

TEST_F(DecisionsTest, MembersThatFilterDidNotAnswerAreNominated) {
  Filter("train-1");
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), ElementsAre("nominate default/train-0 node-00"));
}

TEST_F(DecisionsTest, ANominationWithoutASeatIsCleared) {
  Pod nominated = *view_.FindPod(PodName("default", "train-0"));
  nominated.nominated = NodeName("node-00");
  view_.Upsert(nominated);
  view_.RemovePod(PodName("default", "train-1"));
  Publish();
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), ElementsAre("nominate default/train-0 "));
}

TEST_F(DecisionsTest, ASeatThatKubeSchedulerDeclinesIsPlannedElsewhere) {
  view_.Upsert(NodeOf("node-02", 8));
  Publish();
  const NodeName seat = Filter("train-0");
  Pod declined = *view_.FindPod(PodName("default", "train-0"));
  declined.nominated = seat;
  // Its own filters left the nominated node out.
  const std::vector<absl::string_view> window = {"node-01", "node-02"};
  const FilterAnswer answer = decisions_.Filter({declined, window});
  ASSERT_TRUE(std::holds_alternative<PassOne>(answer)) << std::get<Refused>(answer).text;
  EXPECT_NE(std::get<PassOne>(answer).node, seat);
}

TEST_F(DecisionsTest, AnUnusedPromiseExpiresAndTheGangStandsBack) {
  Filter("train-0");
  TickAfter(absl::Minutes(3));
  EXPECT_EQ(decisions_.Count().promises, 0);
  EXPECT_EQ(Filter("train-0"), NodeName());
  EXPECT_THAT(std::get<Refused>(last_).text, HasSubstr("stands back"));
  TickAfter(absl::Seconds(11));
  EXPECT_NE(Filter("train-0"), NodeName());
}

TEST_F(DecisionsTest, AGangThatLetsItsPromiseExpireAgainStandsBackTwiceAsLong) {
  Filter("train-0");
  TickAfter(absl::Minutes(3));
  TickAfter(absl::Seconds(11));
  EXPECT_NE(Filter("train-0"), NodeName());
  TickAfter(absl::Minutes(3));
  TickAfter(absl::Seconds(11));
  EXPECT_EQ(Filter("train-0"), NodeName());
  TickAfter(absl::Seconds(10));
  EXPECT_NE(Filter("train-0"), NodeName());
}

TEST_F(DecisionsTest, APromiseHoldsUntilTheViewShowsWhatWasBound) {
  FilterAndBind("train-0");
  FilterAndBind("train-1");
  api_.Succeed();
  api_.Succeed();
  TickAfter(absl::Minutes(3));
  EXPECT_EQ(decisions_.Count().promises, 1);
  for (const char* pod : {"train-0", "train-1"}) {
    view_.Upsert(BoundTo(*view_.FindPod(PodName("default", pod)),
                         pod == std::string("train-0") ? "node-00" : "node-01"));
  }
  Publish();
  EXPECT_EQ(decisions_.Count().promises, 0);
}

TEST_F(DecisionsTest, AMemberIsNominatedAgainAfterARoundThatDidNotFill) {
  Filter("train-1");
  const auto waited = FilterAndBind("train-0");
  TickAfter(absl::Seconds(56));
  EXPECT_EQ(waited->answer.code(), absl::StatusCode::kUnavailable);
  api_.calls.clear();
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), testing::Contains("nominate default/train-0 node-00"));
}

TEST_F(DecisionsTest, AMemberWhoseWindowLacksItsNodeIsNominatedAgain) {
  const NodeName seat = Filter("train-0");
  const std::vector<absl::string_view> window = {seat.text() == "node-00" ? "node-01" : "node-00"};
  const Pod member = *view_.FindPod(PodName("default", "train-0"));
  EXPECT_TRUE(std::holds_alternative<Refused>(decisions_.Filter({member, window})));
  TickAfter(absl::Seconds(1));
  EXPECT_THAT(Outstanding(), testing::Contains("nominate default/train-0 " + seat.text()));
}

TEST_F(DecisionsTest, ANodeIsNotDeclinedIfItWasRefusedHereWhenTriedAlone) {
  Pod member = *view_.FindPod(PodName("default", "train-0"));
  member.nominated = NodeName("node-01");
  // Nominated to a node that is not its seat: tried alone, it is refused.
  const std::vector<absl::string_view> alone = {"node-01"};
  EXPECT_TRUE(std::holds_alternative<Refused>(decisions_.Filter({member, alone})));
  member.nominated = NodeName("node-00");
  EXPECT_TRUE(std::holds_alternative<Refused>(decisions_.Filter({member, alone})));
  EXPECT_EQ(Filter("train-0"), NodeName("node-00"));
}

TEST_F(DecisionsTest, ABindCallForAnotherNodeThanTheOneBeingWrittenIsRefused) {
  FilterAndBind("train-0");
  FilterAndBind("train-1");
  EXPECT_EQ(Bind("train-0", NodeName("node-01"))->answer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Bind("train-0", NodeName("node-00"))->answers, 0);
}

TEST_F(DecisionsTest, ASinglePodWhoseBindingIsUnderWayIsOfferedNoOtherNode) {
  view_.Upsert(PodOf("single", 1));
  Publish();
  const NodeName node = Filter("single");
  Bind("single", node);
  const Pod single = *view_.FindPod(PodName("default", "single"));
  const std::vector<absl::string_view> other = {node.text() == "node-00" ? "node-01" : "node-00"};
  EXPECT_TRUE(std::holds_alternative<Refused>(decisions_.Filter({single, other})));
  EXPECT_EQ(Filter("single"), node);
}

TEST_F(DecisionsTest, AHeldMemberThatIsDeletedIsAnsweredAlthoughItsGangCanComplete) {
  view_ = ClusterOf(3, 8);
  for (int i = 0; i < 3; ++i) {
    Pod member = MemberOf("train", 3, i, 8);
    member.membership->min_members = 2;
    view_.Upsert(member);
  }
  Publish();
  const auto held = FilterAndBind("train-0");
  EXPECT_EQ(held->answers, 0);
  view_.RemovePod(PodName("default", "train-0"));
  Publish();
  TickAfter(absl::Milliseconds(100));
  EXPECT_EQ(held->answer.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DecisionsTest, AGangOfAnotherSchedulerGetsNoSeatsAndNoNominations) {
  Decisions ours(
      {.engine = {.scheduler_names = {"default-scheduler"}}}, clock_, api_, [] { return true; }, nullptr);
  for (int i = 0; i < 2; ++i) {
    Pod member = MemberOf("train", 2, i, 8);
    member.scheduler_name = "volcano";
    member.nominated = NodeName("node-01");
    view_.Upsert(member);
  }
  ours.Observe(Published(view_));
  ours.Tick();
  EXPECT_EQ(ours.Count().promises, 0);
  EXPECT_THAT(Outstanding(), IsEmpty());
}

TEST_F(DecisionsTest, TheTextOfARefusalHoldsForHalfAMinute) {
  view_.RemoveNode(NodeName("node-01"));
  Publish();
  Filter("train-0");
  const std::string text = std::get<Refused>(last_).text;
  EXPECT_THAT(text, HasSubstr("1 of 2 members fit"));
  view_.Upsert(NodeOf("node-01", 4));
  Publish();
  Filter("train-1");
  EXPECT_EQ(std::get<Refused>(last_).text, text);
  clock_.Advance(absl::Seconds(31));
  Filter("train-0");
  EXPECT_THAT(std::get<Refused>(last_).text, HasSubstr("1 insufficient nvidia.com/gpu"));
}

TEST_F(DecisionsTest, APlainPodStaysOffPromisedRoom) {
  Filter("train-0");
  Pod big = PodOf("big", 0);
  big.shape.requests.cpu_millis = 64'000;
  view_.Upsert(big);
  Publish();
  Filter("big");
  EXPECT_TRUE(std::holds_alternative<Refused>(last_));
}

TEST_F(DecisionsTest, ASinglePodWithDevicesIsBoundAtOnceAndCountsAsUsage) {
  view_.RemovePod(PodName("default", "train-1"));
  view_.Upsert(PodOf("single", 8));
  Publish();
  const auto call = FilterAndBind("single");
  ASSERT_THAT(Outstanding(), testing::SizeIs(1));
  // Before the watch shows it, nobody else gets its room.
  view_.Upsert(MemberOf("train", 2, 1, 8));
  Publish();
  EXPECT_EQ(Filter("train-0"), NodeName());
  api_.Succeed();
  EXPECT_TRUE(call->answer.ok());
}

TEST_F(DecisionsTest, PreemptionForAMemberEvictsNobody) {
  const Pod member = *view_.FindPod(PodName("default", "train-0"));
  view_.Upsert(BoundTo(PodOf("low", 1), "node-00"));
  Publish();
  EXPECT_THAT(decisions_.Preempt({member, {{NodeName("node-00"), {PodUid("uid-low")}}}}), IsEmpty());
}

TEST_F(DecisionsTest, PreemptionSparesMembersOfGangsAndPromisedRoom) {
  view_.Upsert(BoundTo(PodOf("low", 4), "node-00"));
  view_.Upsert(BoundTo(MemberOf("other", 1, 0, 4), "node-01"));
  Publish();
  const Pod high = PodOf("high", 4);
  const std::vector<EvictionOption> options = {{NodeName("node-00"), {PodUid("uid-low")}},
                                               {NodeName("node-01"), {PodUid("uid-other-0")}},
                                               {NodeName("node-77"), {PodUid("uid-x")}},
                                               {NodeName("node-00"), {}}};
  const auto acceptable = decisions_.Preempt({high, options});
  ASSERT_EQ(acceptable.size(), 1u);
  EXPECT_EQ(acceptable[0].node, NodeName("node-00"));
}

TEST_F(DecisionsTest, StoppingRefusesThoseWhoWait) {
  const auto first = FilterAndBind("train-0");
  decisions_.Stop(absl::UnavailableError("muster is stopping"));
  EXPECT_EQ(first->answer.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FilterAndBind("train-1")->answer.code(), absl::StatusCode::kUnavailable);
}

TEST_F(DecisionsTest, PlansOfACallerAreDryRuns) {
  ClusterView other = ClusterOf(1, 8);
  test::AddGang(other, "dry", 1, 8);
  const auto reports = decisions_.Plan(&other);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].outcome, Outcome::kPlaced);
  EXPECT_EQ(decisions_.Count().promises, 0);
}

}  // namespace
}  // namespace muster
