// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/planner.h"

#include <map>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/topology/levels.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::AddGang;
using test::BoundTo;
using test::ClusterOf;
using test::MemberOf;
using test::NodeOf;
using test::PodOf;

std::variant<Seats, Refusal> Plan(const ClusterView& view, const std::string& gang,
                                  const Ledger& ledger = {}) {
  const Gang assembled = declare::AssembleGang(view, GangId("default", gang));
  return PlanGang({view, ledger, assembled, {}, Declined(), nullptr});
}

// "node-00:2 node-01:1": how many seats are on which node.
std::string Spread(const std::variant<Seats, Refusal>& result) {
  if (const auto* refusal = std::get_if<Refusal>(&result)) return refusal->text;
  std::map<std::string, int> count;
  for (const Seat& seat : std::get<Seats>(result)) ++count[seat.node.text()];
  return absl::StrJoin(count, " ", absl::PairFormatter(":"));
}

TEST(PlanGang, FillsAsFewNodesAsPossible) {
  ClusterView view = ClusterOf(4, 8);
  AddGang(view, "train", 4, 4);
  EXPECT_EQ(Spread(Plan(view, "train")), "node-00:2 node-01:2");
}

TEST(PlanGang, TakesTheTightestNodeThatHoldsTheWholeGang) {
  ClusterView view = ClusterOf(3, 8);
  view.Upsert(BoundTo(PodOf("other", 4), "node-01"));
  AddGang(view, "train", 4, 1);
  EXPECT_EQ(Spread(Plan(view, "train")), "node-01:4");
}

TEST(PlanGang, PutsNeighbouringRanksNextToEachOther) {
  ClusterView view = ClusterOf(2, 2);
  AddGang(view, "train", 4, 1);
  const auto result = Plan(view, "train");
  std::vector<std::string> nodes;
  for (const Seat& seat : std::get<Seats>(result)) nodes.push_back(seat.node.text());
  EXPECT_THAT(nodes, testing::ElementsAre("node-00", "node-00", "node-01", "node-01"));
}

TEST(PlanGang, RefusesWithTheNumberThatFitsAndWhatIsMissing) {
  ClusterView view = ClusterOf(7, 8);
  view.Upsert(NodeOf("small", 4));
  AddGang(view, "train", 8, 8);
  const auto result = Plan(view, "train");
  const Refusal& refusal = std::get<Refusal>(result);
  EXPECT_EQ(refusal.kind, Refusal::Kind::kNeverFits);
  EXPECT_EQ(refusal.fits, 7);
  EXPECT_EQ(refusal.of, 8);
  EXPECT_EQ(
      refusal.text,
      "gang default/train: 7 of 8 members fit; one more needs cpu 1, memory 1Gi, nvidia.com/gpu 8; of 8 "
      "nodes "
      "7 filled by this gang, 1 insufficient nvidia.com/gpu (most free on a node: 4 nvidia.com/gpu); even if "
      "every node were empty, only 7 would fit");
}

TEST(PlanGang, SaysThatItWouldFitIfNodesWereFree) {
  ClusterView view = ClusterOf(2, 8);
  view.Upsert(BoundTo(PodOf("other", 8), "node-00"));
  AddGang(view, "train", 2, 8);
  const auto result = Plan(view, "train");
  EXPECT_EQ(std::get<Refusal>(result).kind, Refusal::Kind::kNoRoom);
  EXPECT_THAT(std::get<Refusal>(result).text, testing::Not(testing::HasSubstr("even if")));
}

TEST(PlanGang, CountsEachCauseThatKeepsMembersOff) {
  ClusterView view;
  Node cordoned = NodeOf("cordoned", 8);
  cordoned.unschedulable = true;
  Node tainted = NodeOf("tainted", 8);
  tainted.taints = {{"dedicated", "infra", TaintEffect::kNoSchedule}};
  Node unready = NodeOf("unready", 8);
  unready.ready = false;
  for (const Node& node : {cordoned, tainted, unready, NodeOf("small", 1)}) view.Upsert(node);
  AddGang(view, "train", 1, 8);
  EXPECT_THAT(Spread(Plan(view, "train")),
              testing::HasSubstr("of 4 nodes 1 insufficient nvidia.com/gpu, 1 not ready, 1 unschedulable, 1 "
                                 "with taint dedicated=infra:NoSchedule"));
}

TEST(PlanGang, CountsPromisesOfOthersAsTaken) {
  ClusterView view = ClusterOf(1, 8);
  AddGang(view, "train", 1, 8);
  view.Upsert(MemberOf("other", 1, 0, 8));
  Ledger ledger;
  const Pod other = *view.FindPod(PodName("default", "other-0"));
  ASSERT_TRUE(ledger
                  .Reserve(view, GangId("default", "other"), {SeatOf(other, NodeName("node-00"))},
                           absl::InfiniteFuture())
                  .ok());
  EXPECT_THAT(Spread(Plan(view, "train", ledger)), testing::HasSubstr("1 promised to other gangs"));
}

TEST(PlanGang, CountsBoundAndFinishedMembersTowardsTheMinimum) {
  ClusterView view = ClusterOf(2, 8);
  AddGang(view, "train", 3, 8);
  view.Upsert(BoundTo(MemberOf("train", 3, 0, 8), "node-00"));
  Pod finished = MemberOf("train", 3, 1, 8);
  finished.phase = PodPhase::kSucceeded;
  view.Upsert(finished);
  EXPECT_EQ(Spread(Plan(view, "train")), "node-01:1");
}

TEST(PlanGang, WaitsWhileMembersAreMissingWithoutCountingThemInTheText) {
  ClusterView view = ClusterOf(8, 8);
  view.Upsert(MemberOf("train", 8, 0, 8));
  const std::string with_one = Spread(Plan(view, "train"));
  view.Upsert(MemberOf("train", 8, 1, 8));
  EXPECT_EQ(Spread(Plan(view, "train")), with_one);
  EXPECT_EQ(with_one, "gang default/train waits: not all of its 8 members exist yet");
}

TEST(PlanGang, WaitsForMembersThatAreGated) {
  ClusterView view = ClusterOf(2, 8);
  AddGang(view, "train", 2, 8);
  Pod gated = MemberOf("train", 2, 1, 8);
  gated.gates = {"example.com/quota"};
  view.Upsert(gated);
  EXPECT_EQ(Spread(Plan(view, "train")), "gang default/train waits: members still have scheduling gates");
}

TEST(PlanGang, SeatsSurplusMembersOnlyAsFarAsTheyFit) {
  ClusterView view = ClusterOf(3, 8);
  for (int i = 0; i < 5; ++i) {
    Pod member = MemberOf("train", 5, i, 8);
    member.membership->min_members = 2;
    view.Upsert(member);
  }
  EXPECT_EQ(Spread(Plan(view, "train")), "node-00:1 node-01:1 node-02:1");
}

TEST(PlanGang, FindsTheOneAssignmentOfMixedShapes) {
  // Largest first puts the 3 into the node of 4 (the tightest) and then has no
  // place for the second 2 ... only 3+3 on six and 2+2 on four holds all.
  ClusterView view;
  view.Upsert(NodeOf("four", 4));
  view.Upsert(NodeOf("six", 6));
  int rank = 0;
  for (const int64_t gpus : {3, 3, 2, 2}) view.Upsert(MemberOf("train", 4, rank++, gpus));
  EXPECT_EQ(Spread(Plan(view, "train")), "four:2 six:2");
}

TEST(PlanGang, PrefersTheWindowAndGoesBeyondItWhereItMust) {
  ClusterView view = ClusterOf(3, 8);
  AddGang(view, "train", 2, 8);
  const Gang gang = declare::AssembleGang(view, GangId("default", "train"));
  const absl::flat_hash_set<absl::string_view> window = {"node-02"};
  EXPECT_EQ(Spread(PlanGang({view, Ledger(), gang, {}, Declined(), &window})), "node-00:1 node-02:1");
}

TEST(PlanGang, AvoidsANodeThatKubeSchedulerDeclinedForTheShape) {
  ClusterView view = ClusterOf(2, 8);
  AddGang(view, "train", 1, 8);
  const Gang gang = declare::AssembleGang(view, GangId("default", "train"));
  Declined declined;
  declined.Learn(gang.members[0]->shape, NodeName("node-00"), absl::InfiniteFuture());
  EXPECT_EQ(Spread(PlanGang({view, Ledger(), gang, {}, declined, nullptr})), "node-01:1");
}

TEST(PlanGang, KeepsSeatsThatMustStay) {
  ClusterView view = ClusterOf(2, 8);
  AddGang(view, "train", 2, 8);
  const Gang gang = declare::AssembleGang(view, GangId("default", "train"));
  const std::vector<Seat> kept = {SeatOf(*gang.members[1], NodeName("node-00"))};
  const auto result = PlanGang({view, Ledger(), gang, kept, Declined(), nullptr});
  EXPECT_EQ(std::get<Seats>(result)[0], kept[0]);
  EXPECT_EQ(std::get<Seats>(result)[1].node, NodeName("node-01"));
}

// A gang of which `needed` of two replicas, of two pods each, have to run.
Gang ReplicasOf(ClusterView& view, int64_t needed) {
  for (int m = 0; m < 4; ++m) {
    Pod pod = MemberOf("serve", 4, m, 8);
    pod.membership->min_members = needed * 2;
    SubgroupSpec set;
    set.name = "replicas";
    set.min_subgroups = needed;
    SubgroupSpec replica;
    replica.name = absl::StrCat("replica-", m / 2);
    replica.parent = "replicas";
    replica.size = 2;
    pod.membership->subgroups = {set, replica};
    view.Upsert(pod);
  }
  return declare::AssembleGang(view, GangId("default", "serve"));
}

TEST(PlanGang, FillsAsManySubgroupsAsAreNeededAndLeavesNoneHalfFilled) {
  ClusterView view = ClusterOf(3, 8);
  const Gang gang = ReplicasOf(view, 1);
  EXPECT_EQ(Spread(PlanGang({view, Ledger(), gang, {}, Declined(), nullptr})), "node-00:1 node-01:1");
}

TEST(PlanGang, RefusesAGangOfWhichTooFewSubgroupsFit) {
  ClusterView view = ClusterOf(3, 8);
  const Gang gang = ReplicasOf(view, 2);
  EXPECT_THAT(Spread(PlanGang({view, Ledger(), gang, {}, Declined(), nullptr})),
              testing::HasSubstr("3 of 4 members fit"));
}

TEST(PlanGang, SeatsAHundredThousandMembersAndSaysHowManyOfThemFit) {
  ClusterView view = ClusterOf(1'000, 0);
  for (int64_t m = 0; m < kMaxMembers; ++m) {
    Pod pod = MemberOf("huge", kMaxMembers, m, 0);
    pod.shape.requests.cpu_millis = 10;
    pod.shape.requests.memory_bytes = 1;
    view.Upsert(pod);
  }
  const auto placed = Plan(view, "huge");
  ASSERT_TRUE(std::holds_alternative<Seats>(placed)) << std::get<Refusal>(placed).text;
  EXPECT_EQ(std::get<Seats>(placed).size(), kMaxMembers);

  for (int n = 900; n < 1'000; ++n) view.RemoveNode(NodeName(absl::StrCat("node-", n)));
  EXPECT_THAT(Spread(Plan(view, "huge")), testing::HasSubstr("99000 of 100000 members fit"));
}

TEST(PlanGang, RefusesMembersOfTooManyShapes) {
  ClusterView view = ClusterOf(1, 8);
  for (int m = 0; m < 300; ++m) {
    Pod pod = MemberOf("mixed", 300, m, 0);
    pod.shape.requests.cpu_millis = m;
    view.Upsert(pod);
  }
  EXPECT_THAT(Spread(Plan(view, "mixed")), testing::HasSubstr("more than 256 different things"));
}

// Each member keeps away from pods with its own label.
TEST(PlanGang, RefusesMembersOfTooManyTermsAndNamesOne) {
  ClusterView view = ClusterOf(1, 8);
  for (int m = 0; m < 20'000; ++m) {
    Pod pod = MemberOf("apart", 20'000, m, 0);
    pod.labels["number"] = absl::StrCat(m);
    PodTerms terms;
    terms.anti_affinity.push_back(
        {std::string(kHostnameLabel),
         std::vector<LabelRequirement>{{"number", LabelRequirement::Op::kIn, {absl::StrCat(m)}}},
         {"default"},
         std::nullopt});
    Identify("default", pod.labels, terms);
    pod.shape.terms = std::move(terms);
    view.Upsert(pod);
  }
  EXPECT_THAT(Spread(Plan(view, "apart")),
              testing::HasSubstr("more than 256 different things; the last is pod default/apart-"));
}

}  // namespace
}  // namespace muster
