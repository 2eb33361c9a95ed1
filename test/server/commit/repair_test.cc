// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/commit/decisions.h"
#include "test/support/builders.h"
#include "test/support/manual_api.h"

namespace muster {
namespace {

using test::BoundTo;
using test::ClusterOf;
using test::FakeClock;
using test::ManualApi;
using test::MemberOf;
using test::NodeOf;
using test::Published;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr absl::Duration kGrace = absl::Seconds(60);

// A gang of three, each as large as a node: two run, there is no room for the third.
class RepairTest : public testing::Test {
 protected:
  explicit RepairTest(Repair repair = Repair::kRestart)
      : decisions_(
            OptionsWith(repair), clock_, api_, [] { return true; }, nullptr) {
    for (int i = 0; i < 3; ++i) view_.Upsert(i < 2 ? Running(i) : MemberOf("train", 3, i, 8));
    Publish();
  }

  static DecisionsOptions OptionsWith(Repair repair) {
    DecisionsOptions options;
    options.engine.repair = repair;
    options.engine.repair_grace = kGrace;
    return options;
  }

  static Pod Running(int i) {
    Pod pod = BoundTo(MemberOf("train", 3, i, 8), absl::StrCat("node-0", i));
    pod.phase = PodPhase::kRunning;
    pod.started = true;
    return pod;
  }

  void Publish() { decisions_.Observe(Published(view_)); }

  void PassSeconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Advance(absl::Seconds(1));
      decisions_.Tick();
    }
  }

  std::vector<std::string> Outstanding() {
    std::vector<std::string> whats;
    for (const auto& call : api_.calls) whats.push_back(call.what);
    return whats;
  }

  void Change(int member, void (*change)(Pod&)) {
    Pod pod = *view_.FindPod(PodName("default", absl::StrCat("train-", member)));
    change(pod);
    view_.Upsert(pod);
    Publish();
  }

  // Its controller makes it again.
  void MakeAgain(int member) {
    Pod pod = MemberOf("train", 3, member, 8);
    pod.uid = PodUid(absl::StrCat("again-", member));
    view_.Upsert(pod);
    Publish();
  }

  ClusterView view_ = ClusterOf(2, 8);
  FakeClock clock_;
  ManualApi api_;
  Decisions decisions_;
};

TEST_F(RepairTest, AGangBelowItsMinimumIsRestartedWholeAfterItsGraceAndNotBefore) {
  PassSeconds(59);
  EXPECT_THAT(Outstanding(), IsEmpty());
  PassSeconds(2);
  ASSERT_THAT(Outstanding(), UnorderedElementsAre("evict default/train-0", "evict default/train-1"));
  // Whatever became of the pod meanwhile: a member that runs changes all the time.
  EXPECT_EQ(api_.calls[0].resource_version, "");
}

TEST_F(RepairTest, NothingOfItIsPlacedUntilAllThatRanAreGone) {
  PassSeconds(61);
  api_.calls.clear();
  view_.Upsert(NodeOf("node-02", 8));
  MakeAgain(0);
  PassSeconds(1);
  EXPECT_THAT(Outstanding(), IsEmpty());
  Change(1, [](Pod& pod) { pod.deleting = true; });
  PassSeconds(1);
  EXPECT_THAT(Outstanding(), IsEmpty());
  view_.Upsert(NodeOf("node-03", 8));
  MakeAgain(1);
  PassSeconds(1);
  EXPECT_THAT(Outstanding(),
              ElementsAre("nominate default/train-0 node-00", "nominate default/train-1 node-01",
                          "nominate default/train-2 node-02"));
}

TEST_F(RepairTest, ARefusedEvictionIsTriedAgainUntilTheDeadlineThenTheGangGoesOn) {
  PassSeconds(61);
  api_.calls.clear();
  PassSeconds(10);
  EXPECT_EQ(api_.calls.size(), 10u);  // each every two seconds
  PassSeconds(120);
  api_.calls.clear();
  PassSeconds(50);
  EXPECT_THAT(Outstanding(), IsEmpty());
  PassSeconds(12);
  EXPECT_FALSE(api_.calls.empty());
}

TEST_F(RepairTest, AGangThatIsWholeInTimeIsNotRestartedAndItsGraceBeginsAnew) {
  PassSeconds(50);
  view_.Upsert(NodeOf("node-02", 8));
  view_.Upsert(BoundTo(MemberOf("train", 3, 2, 8), "node-02"));
  Publish();
  PassSeconds(30);
  view_.RemoveNode(NodeName("node-02"));
  MakeAgain(2);
  PassSeconds(50);
  EXPECT_THAT(Outstanding(), IsEmpty());
  PassSeconds(12);
  EXPECT_THAT(Outstanding(), UnorderedElementsAre("evict default/train-0", "evict default/train-1"));
}

struct KeptCase {
  std::string name;
  void (*change)(Pod&);  // of the first member
};
void PrintTo(const KeptCase& c, std::ostream* out) { *out << c.name; }

class RestartSpares : public RepairTest, public testing::WithParamInterface<KeptCase> {};

TEST_P(RestartSpares, AGang) {
  Change(0, GetParam().change);
  PassSeconds(600);
  EXPECT_THAT(Outstanding(), testing::Each(testing::Not(testing::HasSubstr("evict"))));
}

INSTANTIATE_TEST_SUITE_P(
    Decisions, RestartSpares,
    testing::Values(KeptCase{"WhoseMemberNobodyWouldMakeAgain", [](Pod& pod) { pod.has_controller = false; }},
                    KeptCase{"OfWhichTooManyFinishedToBeWholeAgain",
                             [](Pod& pod) { pod.membership->gang = GangId("default", "elsewhere"); }}),
    [](const auto& info) { return info.param.name; });

class WaitTest : public RepairTest {
 protected:
  WaitTest() : RepairTest(Repair::kWait) {}
};

TEST_F(WaitTest, AGangWaitsForEverIfThatIsItsPolicy) {
  PassSeconds(3600);
  EXPECT_THAT(Outstanding(), IsEmpty());
}

TEST_F(WaitTest, ThePodsGoBeforeTheConfiguration) {
  for (int i = 0; i < 3; ++i) {
    Change(i, [](Pod& pod) { pod.membership->repair = {Repair::kRestart, absl::Seconds(5)}; });
  }
  PassSeconds(7);
  EXPECT_THAT(Outstanding(), UnorderedElementsAre("evict default/train-0", "evict default/train-1"));
}

class ReleaseTest : public RepairTest {
 protected:
  ReleaseTest() : RepairTest(Repair::kRelease) {
    // Two of three lack room, and one of them finds some.
    view_.Upsert(NodeOf("node-02", 8));
    view_.RemoveNode(NodeName("node-00"));
    MakeAgain(0);
  }
};

TEST_F(ReleaseTest, MembersArePlacedAsRoomAllowsAfterTheGraceAndNotBefore) {
  PassSeconds(59);
  EXPECT_THAT(Outstanding(), IsEmpty());
  PassSeconds(3);
  EXPECT_THAT(Outstanding(), ElementsAre("nominate default/train-0 node-02"));
}

TEST_F(WaitTest, KubeletsReasonIsReportedAndItsNodeAvoidedAlthoughItsPodsChange) {
  view_.Upsert(NodeOf("node-02", 8));
  Pod refused = BoundTo(MemberOf("train", 3, 2, 8), "node-02");
  refused.name = PodName("default", "train-2-first");
  refused.uid = PodUid("first");
  refused.phase = PodPhase::kFailed;
  refused.rejected = "UnexpectedAdmissionError";
  view_.Upsert(refused);
  Publish();
  PassSeconds(1);
  view_.Upsert(BoundTo(test::PodOf("plain", 0), "node-02"));
  Publish();
  PassSeconds(30);
  EXPECT_THAT(Outstanding(), IsEmpty());
  const auto report = decisions_.Explain(GangId("default", "train"));
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->rejected, ElementsAre(RejectedMember{PodName("default", "train-2-first"),
                                                           NodeName("node-02"), "UnexpectedAdmissionError"}));
  EXPECT_THAT(report->refusal->text, testing::HasSubstr("1 refused by kubelet (UnexpectedAdmissionError)"));
  PassSeconds(30);
  EXPECT_THAT(Outstanding(), ElementsAre("nominate default/train-2 node-02"));
}

}  // namespace
}  // namespace muster
