// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/gang_choice.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Weigh, TheSumIsWhatItSays) {
  // 16 nodes, each lost once in 20 days: 0.0333 an hour, each loses 40 minutes.
  const Weighing w = Weigh(40, 100, 16, 0.05, absl::Hours(24), absl::Hours(1), absl::Minutes(10));
  const double per_hour = 16 * 0.05 / 24;
  const double hours = 24 / (1 - per_hour * 2 / 3);
  EXPECT_EQ(w.lost, absl::Minutes(40));
  EXPECT_NEAR(absl::ToDoubleHours(w.spot_time), hours, 1e-6);
  EXPECT_NEAR(w.reclaims, per_hour * hours, 1e-9);
  EXPECT_NEAR(w.any, 1 - std::exp(-per_hour * hours), 1e-9);
  EXPECT_NEAR(w.spot_cost, 40 * hours, 1e-6);
  EXPECT_NEAR(w.kept_cost, 2400, 1e-9);
  EXPECT_TRUE(w.spot_is_cheaper());
  EXPECT_EQ(Describe(w),
            "spot 40.00/h for 24h + 0.82 losses of 40m (56% that any of 16 nodes is taken back) = 981.82; "
            "on demand 100.00/h for 24h = 2400.00");
}

TEST(Weigh, ALargeGangThatSavesItsWorkSeldomIsCheaperOnDemand) {
  const auto weigh = [](int64_t nodes, absl::Duration checkpoint) {
    return Weigh(40, 100, nodes, 0.2, absl::Hours(24), checkpoint, absl::Minutes(10));
  };
  EXPECT_TRUE(weigh(4, absl::Hours(8)).spot_is_cheaper());
  EXPECT_FALSE(weigh(20, absl::Hours(8)).spot_is_cheaper());
  EXPECT_TRUE(weigh(20, absl::Hours(1)).spot_is_cheaper());
}

TEST(Weigh, AGangThatLosesWorkFasterThanItWorksNeverEnds) {
  const Weighing w = Weigh(1, 100, 1000, 0.5, absl::Hours(24), absl::Hours(8), absl::Minutes(10));
  EXPECT_FALSE(w.spot_is_cheaper());
  EXPECT_THAT(Describe(w), HasSubstr("it would never end"));
}

Node NodeOfClass(const std::string& name, CapacityClass capacity) {
  Node node = test::NodeOf(name, 8);
  node.capacity = capacity;
  return node;
}

class Choices : public testing::Test {
 protected:
  Choices() {
    for (int n = 0; n < 3; ++n) {
      view_.Upsert(NodeOfClass(absl::StrCat("od-", n), CapacityClass::kOnDemand));
      view_.Upsert(NodeOfClass(absl::StrCat("spot-", n), CapacityClass::kSpot));
    }
    gang_.id = GangId("default", "train");
    for (int rank = 0; rank < 3; ++rank) Add(test::MemberOf("train", 3, rank, 8));
  }

  void Add(Pod pod) {
    view_.Upsert(pod);
    gang_.members.push_back(std::make_shared<const Pod>(std::move(pod)));
  }
  void Change(size_t member, const std::function<void(Pod&)>& change) {
    Pod pod = *gang_.members[member];
    change(pod);
    gang_.members[member] = std::make_shared<const Pod>(pod);
  }
  std::vector<GangChoice> Run() { return ChoicesFor(view_, gang_, kept_, options_, now_); }
  // The classes of the first choice.
  std::vector<ClassSet> First() { return Run().front().members; }

  ClusterView view_;
  Gang gang_;
  std::vector<Seat> kept_;
  CapacityOptions options_;
  absl::Time now_ = test::At(absl::ZeroDuration());
};

TEST_F(Choices, AGangIsOfOneClassTheCheaperOneFirst) {
  const auto choices = Run();
  ASSERT_EQ(choices.size(), 2);
  EXPECT_THAT(choices[0].members, ElementsAre(kSpotOnly, kSpotOnly, kSpotOnly));
  EXPECT_THAT(choices[1].members, ElementsAre(kKept, kKept, kKept));
  EXPECT_THAT(choices[0].text, HasSubstr("spot (a gang): spot 4.82/h for 8h"));
}

TEST_F(Choices, WhereLossesCostMoreThanSpotSavesOnDemandGoesFirst) {
  options_.risk.reclaimed_per_day = 1;
  options_.risk.checkpoint_interval = absl::Hours(14);
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, ThePodsSayHowLongTheyWork) {
  options_.risk.reclaimed_per_day = 1;
  for (size_t m = 0; m < 3; ++m)
    Change(m, [](Pod& pod) { pod.capacity.checkpoint_interval = absl::Hours(14); });
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, WhereNoNodeSaysWhatItIsThereIsNothingToChoose) {
  ClusterView plain = test::ClusterOf(3, 8);
  EXPECT_THAT(ChoicesFor(plain, gang_, {}, options_, now_), IsEmpty());
}

TEST_F(Choices, AHardPolicyIsTheOnlyChoice) {
  for (size_t m = 0; m < 3; ++m) Change(m, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kOnDemand; });
  ASSERT_EQ(Run().size(), 1);
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, ALeaderIsOnDemandWhereThatIsAskedFor) {
  Change(0, [](Pod& pod) { pod.membership->role = "launcher"; });
  EXPECT_THAT(First(), ElementsAre(kSpotOnly, kSpotOnly, kSpotOnly));
  options_.leaders_on_demand = true;
  EXPECT_THAT(First(), ElementsAre(kKept, kSpotOnly, kSpotOnly));
  Change(0, [](Pod& pod) { pod.capacity.leaders_on_demand = false; });
  EXPECT_THAT(First(), ElementsAre(kSpotOnly, kSpotOnly, kSpotOnly));
}

TEST_F(Choices, EachRoleMayHaveItsOwnPolicy) {
  Change(0, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kOnDemand; });
  Change(1, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kSpot; });
  Change(2, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kSpot; });
  ASSERT_EQ(Run().size(), 1);
  EXPECT_THAT(First(), ElementsAre(kKept, kSpotOnly, kSpotOnly));
}

TEST_F(Choices, MembersFollowThoseThatArePlaced) {
  Change(1, [](Pod& pod) { pod.node = NodeName("od-1"); });
  ASSERT_EQ(Run().size(), 1);
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, MembersFollowSeatsThatStay) {
  kept_ = {SeatOf(*gang_.members[2], NodeName("od-1"))};
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, AMixIsOfTheFirstMembers) {
  for (size_t m = 0; m < 3; ++m) {
    Change(m, [](Pod& pod) {
      pod.capacity.mix.emplace();
      pod.capacity.mix->base = 1;
      pod.capacity.mix->fallback = absl::Minutes(5);
    });
  }
  gang_.created = now_;
  ASSERT_EQ(Run().size(), 1);
  EXPECT_THAT(First(), ElementsAre(kKept, kNotKept, kNotKept));
  now_ += absl::Minutes(5);
  EXPECT_EQ(Run().size(), 2);
}

TEST_F(Choices, NodesThatNobodyKnowsOfAreNotBesideOthers) {
  view_.Upsert(test::NodeOf("unlabelled", 8));
  std::vector<ClassSet> tries;
  for (const GangChoice& choice : Run()) {
    EXPECT_THAT(choice.members, testing::Each(choice.members.front()));
    tries.push_back(choice.members.front());
  }
  EXPECT_THAT(tries, ElementsAre(kSpotOnly, kKept, kUnknownOnly));
  // A leader that nobody spoke for may be on either, and so may its like.
  options_.leaders_on_demand = true;
  for (size_t m = 0; m < 3; ++m) Change(m, [](Pod& pod) { pod.membership->role = "leader"; });
  ASSERT_EQ(Run().size(), 2);
  EXPECT_THAT(Run()[0].members, ElementsAre(kKept, kKept, kKept));
  EXPECT_THAT(Run()[1].members, ElementsAre(kUnknownOnly, kUnknownOnly, kUnknownOnly));
  Change(1, [](Pod& pod) { pod.node = NodeName("unlabelled"); });
  ASSERT_EQ(Run().size(), 1);
  EXPECT_THAT(First(), ElementsAre(kUnknownOnly, kUnknownOnly, kUnknownOnly));
  // A member on spot nodes draws no other leader there.
  Change(1, [](Pod& pod) { pod.node = NodeName("spot-1"); });
  EXPECT_THAT(First(), ElementsAre(kKept, kKept, kKept));
}

TEST_F(Choices, HalfAndHalfIsAllowedWhereItIsAskedFor) {
  for (size_t m = 0; m < 3; ++m) Change(m, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kAny; });
  ASSERT_EQ(Run().size(), 1);
  EXPECT_EQ(First()[0], ClassSet::All());
}

}  // namespace
}  // namespace muster
