// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/expansion.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ExpansionTest : public testing::Test {
 protected:
  // Pods of which the autoscaler speaks.
  void Wants(Pod pod) {
    expansion_.pods.push_back({pod.name, pod.uid});
    view_.Upsert(std::move(pod));
  }
  void WantsGang(
      const std::string& name, int64_t size, const std::function<void(Pod&)>& change = [](Pod&) {}) {
    for (int64_t rank = 0; rank < size; ++rank) {
      Pod pod = test::MemberOf(name, size, rank, 8);
      change(pod);
      Wants(std::move(pod));
    }
  }
  // An option that serves the first `pods`, or those from `first` on.
  ExpansionOption& Option(const std::string& id, size_t pods, size_t first = 0, int64_t nodes = 0) {
    ExpansionOption& option = expansion_.options.emplace_back();
    option.id = id;
    option.sample = test::NodeOf("template-" + id, 8);
    option.sample.capacity = CapacityClass::kOnDemand;
    for (size_t p = 0; p < pods; ++p) option.pods.push_back(first + p);
    option.nodes = nodes > 0 ? nodes : static_cast<int64_t>(pods);
    return option;
  }
  std::vector<std::string> Chosen(ExpanderOrder order = ExpanderOrder::kLeastCost) {
    choice_ = ChooseExpansion(view_, expansion_, capacity_, {}, order);
    std::vector<std::string> ids;
    for (const size_t o : choice_.options) ids.push_back(expansion_.options[o].id);
    return ids;
  }

  ClusterView view_;
  Expansion expansion_;
  CapacityOptions capacity_;
  ExpanderChoice choice_;
};

TEST_F(ExpansionTest, AnOptionForTheWholeGangGoesBeforeACheaperOneForAPart) {
  WantsGang("train", 4);
  Option("part", 3);
  Option("whole", 4);
  EXPECT_THAT(Chosen(), ElementsAre("whole"));
  EXPECT_THAT(choice_.why, HasSubstr("gang default/train whole"));
}

TEST_F(ExpansionTest, APartOfAGangAloneIsNotBought) {
  WantsGang("train", 4);
  Option("part", 3);
  Option("other-part", 1, 3);
  EXPECT_THAT(Chosen(), IsEmpty());
  EXPECT_THAT(choice_.why, HasSubstr("a part of a gang"));
}

TEST_F(ExpansionTest, APodWithoutAGangIsServedThoughThatBuysAPart) {
  WantsGang("train", 4);
  Wants(test::PodOf("web", 0));
  Option("part", 3);
  Option("part-and-pod", 2, 3);
  EXPECT_THAT(Chosen(), ElementsAre("part-and-pod"));
}

TEST_F(ExpansionTest, AGangOfWhichMembersAreMissingIsNotBoughtFor) {
  WantsGang("train", 4);
  view_.RemovePod(PodName("default", "train-3"));
  Option("all", 3);
  EXPECT_THAT(Chosen(), IsEmpty());
}

TEST_F(ExpansionTest, OneRackGoesBeforeALessCloseGroupThatCostsLess) {
  WantsGang("train", 2);
  Option("anywhere", 2);
  Option("rack", 2, 0, 3).sample.labels["topology.kubernetes.io/rack"] = "r7";
  EXPECT_THAT(Chosen(), ElementsAre("rack"));
}

TEST_F(ExpansionTest, AGangThatAsksForALevelGetsAGroupThatSaysItsDomain) {
  WantsGang("train", 2, [](Pod& pod) { pod.membership->topology.required = "example.com/pod"; });
  Option("rack", 2).sample.labels["topology.kubernetes.io/rack"] = "r7";
  Option("pod", 2).sample.labels["example.com/pod"] = "p1";
  EXPECT_THAT(Chosen(), ElementsAre("pod"));
}

TEST_F(ExpansionTest, TheRestOfAGangIsBoughtWhereItsMembersAre) {
  Node node = test::NodeOf("here", 8);
  node.labels["topology.kubernetes.io/rack"] = "r2";
  view_.Upsert(node);
  Pod bound = test::BoundTo(test::MemberOf("train", 2, 0, 8), "here");
  bound.membership->topology.required = "topology.kubernetes.io/rack";
  view_.Upsert(bound);
  Pod rest = test::MemberOf("train", 2, 1, 8);
  rest.membership->topology.required = "topology.kubernetes.io/rack";
  Wants(rest);
  Option("r1", 1).sample.labels["topology.kubernetes.io/rack"] = "r1";
  Option("r2", 1).sample.labels["topology.kubernetes.io/rack"] = "r2";
  EXPECT_THAT(Chosen(), ElementsAre("r2"));
}

TEST_F(ExpansionTest, TheClassThatAGangPrefersGoesBeforeThePrice) {
  const auto prefers = [](CapacityPolicy policy) {
    return [policy](Pod& pod) { pod.capacity.policy = policy; };
  };
  WantsGang("train", 2, prefers(CapacityPolicy::kPreferOnDemand));
  Option("spot", 2).sample.capacity = CapacityClass::kSpot;
  Option("on-demand", 2);
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, AClassThatAPolicyForbidsServesNobody) {
  WantsGang("train", 2, [](Pod& pod) { pod.capacity.policy = CapacityPolicy::kOnDemand; });
  Option("spot", 2).sample.capacity = CapacityClass::kSpot;
  EXPECT_THAT(Chosen(), IsEmpty());
  Option("on-demand", 2);
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, OfTwoGroupsForTheSameGangTheCheaperOneIsBought) {
  WantsGang("train", 2);
  Option("five", 2, 0, 5);
  Option("two", 2, 0, 2);
  Option("three", 2, 0, 3);
  EXPECT_THAT(Chosen(), ElementsAre("two"));
}

TEST_F(ExpansionTest, EquallyGoodOptionsAreLeftToTheNextExpander) {
  WantsGang("train", 2);
  Option("a", 2);
  Option("b", 2);
  EXPECT_THAT(Chosen(), ElementsAre("a", "b"));
}

TEST_F(ExpansionTest, TheFirstGangInTheQueueDecides) {
  WantsGang("low", 2);
  WantsGang("high", 2, [](Pod& pod) { pod.priority = 100; });
  Option("for-low", 2, 0);
  Option("for-high", 2, 2);
  EXPECT_THAT(Chosen(), ElementsAre("for-high"));
}

TEST_F(ExpansionTest, EachKindOfAGangMayBeBoughtByItself) {
  Pod launcher = test::MemberOf("mpi", 3, 0, 0);
  Wants(launcher);
  Wants(test::MemberOf("mpi", 3, 1, 8));
  Wants(test::MemberOf("mpi", 3, 2, 8));
  Option("workers", 2, 1);
  EXPECT_THAT(Chosen(), IsEmpty()) << "nothing can be bought for the launcher";
  Option("launcher", 1, 0);
  EXPECT_EQ(Chosen().size(), 1);
}

TEST_F(ExpansionTest, PodsWithoutAGangFollowTheOrderThatIsConfigured) {
  for (int p = 0; p < 4; ++p) Wants(test::PodOf("web-" + std::to_string(p), 8));
  Option("dear-and-many", 4, 0, 4).sample.labels["node.kubernetes.io/instance-type"] = "dear";
  Option("cheap-and-few", 2, 0, 2).sample.labels["node.kubernetes.io/instance-type"] = "cheap";
  Option("wasteful", 2, 0, 4).sample.labels["node.kubernetes.io/instance-type"] = "free";
  const auto price = [&](const std::string& type, double hourly) {
    NodePrice p;
    p.type = type;
    p.hourly = hourly;
    capacity_.prices.Add(p);
  };
  price("dear", 100);
  price("cheap", 10);
  price("free", 1);
  EXPECT_THAT(Chosen(ExpanderOrder::kLeastCost), ElementsAre("wasteful"));
  EXPECT_THAT(Chosen(ExpanderOrder::kLeastWaste), ElementsAre("cheap-and-few"));
  EXPECT_THAT(Chosen(ExpanderOrder::kMostPods), ElementsAre("dear-and-many"));
}

TEST_F(ExpansionTest, PodsThatAreNotKnownAreLeftToTheNextExpander) {
  expansion_.pods.push_back({PodName("default", "new"), PodUid("new")});
  Option("a", 1);
  Option("b", 1);
  EXPECT_EQ(Chosen().size(), 2);
}

TEST_F(ExpansionTest, WithoutOptionsThereIsNoChoice) { EXPECT_THAT(Chosen(), IsEmpty()); }

}  // namespace
}  // namespace muster
