// SPDX-License-Identifier: Apache-2.0
// Members that keep skews among each other, on clusters too large for a search
// of all assignments.
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

PodTerms Skewed(const std::string& key) {
  PodTerms terms;
  terms.spread.push_back(
      {key, 1, 1, std::vector<LabelRequirement>{{"app", LabelRequirement::Op::kIn, {"train"}}}, true, false});
  return terms;
}

// 100 nodes: zone a has 50 with 4 GPUs and 4 CPUs, zone b 50 with 64 CPUs.
ClusterView TwoZones() {
  ClusterView view;
  for (int n = 0; n < 100; ++n) {
    Node node = test::NodeOf(absl::StrCat("node-", 100 + n), n < 50 ? 4 : 0);
    node.labels["zone"] = n < 50 ? "a" : "b";
    node.allocatable.cpu_millis = n < 50 ? 4'000 : 64'000;
    view.Upsert(node);
  }
  return view;
}

void AddMembers(int first, int count, int size, const Resources& requests, ClusterView& view) {
  for (int m = first; m < first + count; ++m) {
    Pod pod = test::MemberOf("train", size, m, 0);
    pod.labels["app"] = "train";
    PodTerms terms = Skewed("zone");
    Identify("default", pod.labels, terms);
    pod.shape.terms = std::move(terms);
    pod.shape.requests = requests;
    view.Upsert(pod);
  }
}

std::variant<Seats, Refusal> Plan(const ClusterView& view) {
  const Gang gang = declare::AssembleGang(view, GangId("default", "train"));
  return PlanGang({view, Ledger(), gang, {}, Declined(), nullptr});
}

TEST(Skews, MembersOfTwoShapesLetEachOtherInInTurn) {
  ClusterView view = TwoZones();
  AddMembers(0, 20, 40, test::Amounts(1, 1), view);
  AddMembers(20, 20, 40, test::Amounts(16, 0), view);
  const auto result = Plan(view);
  ASSERT_TRUE(std::holds_alternative<Seats>(result)) << std::get<Refusal>(result).text;
}

TEST(Skews, MoreOfOneShapeThanTheOtherLetsInAreRefused) {
  ClusterView view = TwoZones();
  AddMembers(0, 20, 38, test::Amounts(1, 1), view);
  AddMembers(20, 18, 38, test::Amounts(16, 0), view);
  EXPECT_TRUE(std::holds_alternative<Refusal>(Plan(view)));
}

TEST(Skews, ANodeIsFilledBeforeTheNextWhereASkewIsOverZones) {
  ClusterView view = TwoZones();
  AddMembers(0, 8, 8, test::Amounts(1, 0), view);
  const auto result = Plan(view);
  ASSERT_TRUE(std::holds_alternative<Seats>(result)) << std::get<Refusal>(result).text;
  std::map<std::string, int> members;
  for (const Seat& seat : std::get<Seats>(result)) ++members[seat.node.text()];
  EXPECT_EQ(members.size(), 2) << "four in each zone, on one node";
}

}  // namespace
}  // namespace muster
