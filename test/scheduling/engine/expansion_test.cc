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
  ExpansionOption& SpotOption(const std::string& id, size_t pods, size_t first = 0) {
    ExpansionOption& option = Option(id, pods, first);
    option.sample.capacity = CapacityClass::kSpot;
    return option;
  }
  void Price(const std::string& type, double hourly) {
    NodePrice price;
    price.type = type;
    price.hourly = hourly;
    capacity_.prices.Add(price);
  }
  std::vector<std::string> Chosen(ExpanderOrder order = ExpanderOrder::kLeastCost) {
    choice_ = ChooseExpansion(view_, expansion_, capacity_, {}, {.order = order, .groups = groups_}, now_);
    std::vector<std::string> ids;
    for (const size_t o : choice_.options) ids.push_back(expansion_.options[o].id);
    return ids;
  }

  ClusterView view_;
  Expansion expansion_;
  CapacityOptions capacity_;
  std::vector<std::string> groups_;  // of ExpanderOrder::kPriority
  absl::Time now_ = test::At(absl::ZeroDuration());
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
  node.capacity = CapacityClass::kOnDemand;
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
  Option("dear-and-many", 4, 0, 5).sample.labels["node.kubernetes.io/instance-type"] = "dear";
  Option("cheap-and-few", 2, 0, 2).sample.labels["node.kubernetes.io/instance-type"] = "cheap";
  Option("wasteful", 2, 0, 4).sample.labels["node.kubernetes.io/instance-type"] = "free";
  Price("dear", 100);
  Price("cheap", 10);
  Price("free", 1);
  EXPECT_THAT(Chosen(ExpanderOrder::kLeastCost), ElementsAre("wasteful"));
  EXPECT_THAT(Chosen(ExpanderOrder::kLeastWaste), ElementsAre("cheap-and-few"));
  EXPECT_THAT(Chosen(ExpanderOrder::kMostPods), ElementsAre("dear-and-many"));
}

TEST_F(ExpansionTest, ALeaderIsBoughtForOnDemandAndItsWorkersOnSpot) {
  for (int64_t rank = 0; rank < 5; ++rank) {
    Pod pod = test::MemberOf("train", 5, rank, 8);
    pod.membership->role = rank == 0 ? "driver" : "worker";
    pod.capacity.leaders_on_demand = true;
    Wants(std::move(pod));
  }
  SpotOption("spot", 5);
  EXPECT_THAT(Chosen(), IsEmpty()) << "the driver is not allowed there";
  Option("on-demand", 5);
  EXPECT_THAT(Chosen(), ElementsAre("spot"))
      << "the workers go there first, and the driver can be bought for";
  expansion_.options.erase(expansion_.options.begin());
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, AMixIsBoughtForOnTheSideThatComesNext) {
  for (int n = 0; n < 3; ++n) {
    Pod pod = test::PodOf("web-" + std::to_string(n), 8);
    pod.capacity.mix = CapacityMix{.base = 3, .percent_above = 100};
    pod.owner = {"ReplicaSet", "web"};
    Wants(std::move(pod));
  }
  SpotOption("spot", 3);
  EXPECT_THAT(Chosen(), ElementsAre("spot"))
      << "none serves a pod that may go there: the next expander decides";
  Option("on-demand", 3);
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, AMixedGangIsBoughtForOnBothSides) {
  WantsGang("train", 4, [](Pod& pod) { pod.capacity.mix = CapacityMix{.base = 2, .percent_above = 0}; });
  Option("on-demand", 4);
  EXPECT_THAT(Chosen(), IsEmpty()) << "two of its members may only be elsewhere";
  SpotOption("spot", 4);
  EXPECT_EQ(Chosen().size(), 1);
}

TEST_F(ExpansionTest, ThePodThatABudgetSparesIsBoughtForOnDemand) {
  Pod pod = test::PodOf("one", 8);
  pod.labels = {{"app", "one"}};
  pod.owner = {"ReplicaSet", "one"};
  Wants(std::move(pod));
  DisruptionBudget budget;
  budget.ns = "default";
  budget.name = "one";
  budget.selector = std::vector<LabelRequirement>{{"app", LabelRequirement::Op::kIn, {"one"}}};
  budget.spares_one = true;
  budget.expected_pods = 1;
  view_.Upsert(budget);
  SpotOption("spot", 1);
  Option("on-demand", 1);
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, AGangForWhichSpotIsTooRiskyIsBoughtForOnDemand) {
  WantsGang("train", 16);
  SpotOption("spot", 16).sample.labels["node.kubernetes.io/instance-type"] = "spot";
  Option("on-demand", 16).sample.labels["node.kubernetes.io/instance-type"] = "kept";
  Price("spot", 29);
  Price("kept", 30);
  capacity_.risk.reclaimed_per_day = 0.001;
  EXPECT_THAT(Chosen(), ElementsAre("spot"));
  capacity_.risk.reclaimed_per_day = 0.9;
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, APodWithoutAGangIsBoughtForWhereItPrefersToGo) {
  Pod pod = test::PodOf("one", 8);
  pod.capacity.policy = CapacityPolicy::kPreferOnDemand;
  Wants(pod);
  SpotOption("spot", 1);
  EXPECT_THAT(Chosen(), ElementsAre("spot"));
  Option("on-demand", 1);
  EXPECT_THAT(Chosen(), ElementsAre("on-demand"));
}

TEST_F(ExpansionTest, TheWholeGangInOneRackGoesBeforeAPartThatIsCheaperInAnother) {
  for (int64_t rank = 0; rank < 5; ++rank) {
    Pod pod = test::MemberOf("train", 5, rank, rank == 0 ? 0 : 8);
    pod.membership->topology.required = "topology.kubernetes.io/rack";
    Wants(std::move(pod));
  }
  ExpansionOption& all = Option("rack-a-all", 5);
  all.sample.labels = {{"topology.kubernetes.io/rack", "a"}, {"node.kubernetes.io/instance-type", "dear"}};
  ExpansionOption& driver = Option("rack-b-driver", 1);
  driver.sample.labels = {{"topology.kubernetes.io/rack", "b"},
                          {"node.kubernetes.io/instance-type", "cheap"}};
  Price("dear", 30);
  Price("cheap", 0.05);
  EXPECT_THAT(Chosen(), ElementsAre("rack-a-all"));
  // Nor does the driver go first where its workers can follow it.
  ExpansionOption& workers = Option("rack-b-workers", 4, 1);
  workers.sample.labels = driver.sample.labels;
  EXPECT_THAT(Chosen(), ElementsAre("rack-a-all"));
}

TEST_F(ExpansionTest, PartsOfAGangAreWorthNothingToTheRest) {
  WantsGang("train", 20);
  for (int n = 0; n < 5; ++n) Wants(test::PodOf("web-" + std::to_string(n), 8));
  ExpansionOption& parts = Option("ten-members-and-a-pod", 10, 0, 11);
  parts.pods.push_back(20);
  Option("five-pods", 5, 20, 6);
  for (const ExpanderOrder order :
       {ExpanderOrder::kLeastCost, ExpanderOrder::kLeastWaste, ExpanderOrder::kMostPods}) {
    EXPECT_THAT(Chosen(order), ElementsAre("five-pods")) << static_cast<int>(order);
  }
}

TEST_F(ExpansionTest, GroupsThatComeFirstAreGrownFirst) {
  Wants(test::PodOf("web", 8));
  Option("team-a-cheap", 1, 0, 1);
  Option("team-b-dear", 1, 0, 3);
  Option("team-b-cheap", 1, 0, 2);
  groups_ = {"^nobody$", "^team-b-", "team"};
  EXPECT_THAT(Chosen(ExpanderOrder::kPriority), ElementsAre("team-b-cheap"));
  groups_ = {"-a-"};
  EXPECT_THAT(Chosen(ExpanderOrder::kPriority), ElementsAre("team-a-cheap"));
  groups_ = {"none"};
  EXPECT_THAT(Chosen(ExpanderOrder::kPriority), ElementsAre("team-a-cheap")) << "the least price";
}

TEST_F(ExpansionTest, WasteIsThePartOfWhatIsBought) {
  for (int n = 0; n < 4; ++n) Wants(test::PodOf("web-" + std::to_string(n), 8));
  Option("half-of-two", 1, 0, 2);   // 8 GPUs left over
  Option("third-of-six", 4, 0, 6);  // 16 GPUs left over, a smaller part
  EXPECT_THAT(Chosen(ExpanderOrder::kLeastWaste), ElementsAre("third-of-six"));
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
