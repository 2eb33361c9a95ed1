// SPDX-License-Identifier: Apache-2.0
// Groups of gangs as one gang: what they need, wait for, and are refused for.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kGroups = "gang.scheduling.koordinator.sh/groups";

class Groups : public testing::Test {
 protected:
  void Add(const Ecosystem& ecosystem, const std::string& name, const std::string& spec,
           const std::string& groups = "") {
    json metadata = {{"name", name}, {"namespace", "default"}};
    if (!groups.empty()) metadata["annotations"] = {{kGroups, groups}};
    const auto object = ecosystem.Decode({{"metadata", metadata}, {"spec", json::parse(spec)}});
    ASSERT_TRUE(object.ok()) << object.status();
    view_.Upsert(*object);
  }
  void AddGroup(const std::string& name, int needs, const std::string& parent = "") {
    Add(NativeComposite(), name,
        absl::StrCat(R"({"schedulingPolicy": {"gang": {"minGroupCount": )", needs, "}}", Parent(parent),
                     "}"));
  }
  void AddPodGroup(const std::string& name, int needs, const std::string& parent = "") {
    Add(Native(), name,
        absl::StrCat(R"({"schedulingPolicy": {"gang": {"minCount": )", needs, "}}", Parent(parent), "}"));
  }
  static std::string Parent(const std::string& parent) {
    return parent.empty() ? "" : absl::StrCat(R"(, "parentCompositePodGroupName": ")", parent, "\"");
  }

  // Members NAME-0, NAME-1, ..., each letter one: p pending, b bound, r running,
  // s succeeded.
  void AddPods(const std::string& gang, const std::string& what, const std::string& ns = "default") {
    for (size_t i = 0; i < what.size(); ++i) {
      Pod pod = test::PodOf(absl::StrCat(gang, "-", i), 1);
      pod.name = PodName(ns, absl::StrCat(gang, "-", i));
      pod.membership = membership_(ns, gang);
      if (what[i] != 'p') pod.node = NodeName("n");
      if (what[i] == 'r') pod.phase = PodPhase::kRunning;
      if (what[i] == 's') pod.phase = PodPhase::kSucceeded;
      pod.started = what[i] == 'r' || what[i] == 's';
      view_.Upsert(pod);
    }
  }
  void UseKoordinator(const std::string& groups) {
    membership_ = [groups](const std::string& ns, const std::string& gang) {
      const Labels annotations = {{"gang.scheduling.koordinator.sh/name", gang},
                                  {"gang.scheduling.koordinator.sh/min-available", "2"},
                                  {kGroups, groups}};
      return *Recognise({ns, "p", {}, annotations, ""});
    };
  }

  Gang Assembled(const std::string& id, const std::string& ns = "default") {
    return AssembleGang(view_, GangId(ns, id));
  }
  static std::vector<std::string> Names(const Gang& gang) {
    std::vector<std::string> names;
    for (const Subgroup& subgroup : gang.subgroups) names.push_back(subgroup.name);
    return names;
  }

  ClusterView view_;
  std::function<Membership(const std::string&, const std::string&)> membership_ =
      [](const std::string& ns, const std::string& gang) {
        return *Recognise({ns, "p", {}, {}, gang});
      };
};

TEST_F(Groups, GangsAreSubgroupsWithTheNumbersOfTheirOwn) {
  AddGroup("job", 2);
  AddPodGroup("leader", 1, "job");
  AddPodGroup("workers", 3, "job");
  AddPods("leader", "p");
  AddPods("workers", "pppp");
  const Gang gang = Assembled("job");
  EXPECT_EQ(gang.problem + gang.waiting_for, "");
  EXPECT_EQ(gang.declared_by, "CompositePodGroup.scheduling.k8s.io");
  EXPECT_EQ(gang.min_members, 4);
  EXPECT_EQ(Count(gang).needed, 4);
  ASSERT_THAT(Names(gang), ElementsAre("leader", "workers"));
  EXPECT_EQ(gang.subgroups[1].min_members, 3);
  EXPECT_THAT(gang.subgroups[1].members, ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(Assembled("leader").members.empty());
}

TEST_F(Groups, TheMinimumIsOfTheFewestGangsThatSuffice) {
  AddGroup("job", 2);
  AddGroup("pair", 2, "job");
  AddPodGroup("a", 5, "pair");
  AddPodGroup("b", 5, "pair");
  AddPodGroup("c", 1, "job");
  AddPodGroup("d", 7, "job");
  AddPods("a", "p");
  const Gang gang = Assembled("job");
  EXPECT_EQ(gang.min_members, 1 + 7);
  ASSERT_THAT(Names(gang), ElementsAre("job", "pair", "a", "b", "c", "d"));
  EXPECT_EQ(gang.subgroups[0].min_subgroups, 2);
  EXPECT_EQ(gang.subgroups[1].min_subgroups, 0) << "all";
  EXPECT_EQ(gang.subgroups[2].parent, 1);
  EXPECT_EQ(gang.subgroups[4].parent, 0);
}

TEST_F(Groups, OfAGroupThatRanEachGangIsOnItsOwn) {
  AddGroup("job", 3);
  for (const char* name : {"a", "b", "c"}) AddPodGroup(name, 3, "job");
  AddPods("a", "rrp");
  AddPods("b", "rr");
  AddPods("c", "pp");
  const Gang gang = Assembled("job");
  EXPECT_EQ(gang.min_members, 9);
  EXPECT_EQ(Count(gang).needed, 3 + 2);
  ASSERT_THAT(Names(gang), ElementsAre("job", "a", "b", "c"));
  EXPECT_EQ(gang.subgroups[0].min_subgroups, 2);
  EXPECT_TRUE(gang.subgroups[1].ran);
  EXPECT_FALSE(gang.subgroups[3].ran);
  const std::vector<bool> placed(gang.members.size(), true);
  EXPECT_TRUE(SubgroupsAreWhole(gang, placed));
  EXPECT_THAT(InWholeSubgroups(gang, placed), ElementsAre(true, true, true, true, true, false, false));
}

TEST_F(Groups, PodsOfAnEarlierAttemptSatisfyNothing) {
  AddGroup("job", 2);
  AddPodGroup("a", 2, "job");
  AddPodGroup("b", 2, "job");
  AddPods("a", "sspp");
  AddPods("b", "ss");
  const Gang gang = Assembled("job");
  EXPECT_EQ(Count(gang).satisfied, 2);
  EXPECT_EQ(Count(gang).needed, 4);
}

TEST_F(Groups, PriorityIsOfTheOutermostGroupWhereItHasOne) {
  AddPodGroup("a", 1, "job");
  AddPods("a", "p");
  Add(NativeComposite(), "job", R"({"priority": 7, "schedulingPolicy": {"gang": {"minGroupCount": 1}}})");
  EXPECT_EQ(Assembled("job").priority, 7);
}

TEST_F(Groups, AGroupGoesAndItsGangsWaitForIt) {
  AddGroup("job", 1);
  AddPodGroup("a", 1, "job");
  AddPods("a", "p");
  EXPECT_EQ(Assembled("job").waiting_for, "");
  view_.RemoveDeclaration({"CompositePodGroup.scheduling.k8s.io", GangId("default", "job")});
  EXPECT_THAT(Assembled("job").waiting_for, HasSubstr("default/job does not exist yet"));
  view_.RemoveDeclaration({"PodGroup.scheduling.k8s.io", GangId("default", "a")});
  EXPECT_TRUE(Assembled("job").members.empty());
  EXPECT_THAT(Assembled("a").waiting_for,
              HasSubstr("PodGroup.scheduling.k8s.io default/a does not exist yet"));
}

TEST_F(Groups, MalformedObjectsRefuseTheWholeGroupWithTheirField) {
  AddGroup("job", 1);
  AddPodGroup("a", 1, "job");
  AddPods("a", "p");
  Add(Native(), "b", R"({"parentCompositePodGroupName": "job", "schedulingPolicy": {}})");
  EXPECT_THAT(Assembled("job").problem,
              HasSubstr("default/b: /spec/schedulingPolicy is {}; want gang or basic"));
  AddPodGroup("b", 1, "job");
  AddGroup("job", 0);
  EXPECT_THAT(Assembled("job").problem,
              HasSubstr("/spec/schedulingPolicy/gang/minGroupCount is 0; want a whole number from 1"));
}

TEST_F(Groups, GangsOfTwoSchedulersAreRefused) {
  AddGroup("job", 2);
  AddPodGroup("a", 1, "job");
  AddPodGroup("b", 1, "job");
  AddPods("a", "p");
  AddPods("b", "p");
  Pod other = *view_.FindPod(PodName("default", "b-0"));
  other.scheduler_name = "other";
  view_.Upsert(other);
  EXPECT_THAT(Assembled("job").problem,
              HasSubstr("pods default/a-0 and default/b-0 disagree on schedulerName"));
}

TEST_F(Groups, TooManyGangsAreRefused) {
  AddGroup("job", 1);
  for (size_t i = 0; i <= kMaxSubgroups; ++i) AddPodGroup(absl::StrCat("a", i), 1, "job");
  AddPods("a0", "p");
  EXPECT_THAT(Assembled("job").problem, HasSubstr("default/job has more than 1000 gangs and groups in it"));
}

TEST_F(Groups, GangsMayNameOnesOfOtherNamespaces) {
  UseKoordinator(R"(["a/x", "b/y"])");
  AddPods("x", "pp", "a");
  AddPods("y", "pp", "b");
  const Gang gang = Assembled("x", "a");
  EXPECT_EQ(gang.problem + gang.waiting_for, "");
  EXPECT_EQ(gang.min_members, 4);
  EXPECT_THAT(Names(gang), ElementsAre("x", "b/y"));
}

TEST_F(Groups, AnotherNamespaceCannotHinderAGang) {
  UseKoordinator(R"(["a/x", "b/y"])");
  AddPods("x", "pp", "a");
  UseKoordinator("[]");
  AddPods("y", "pp", "b");
  EXPECT_THAT(Assembled("x", "a").problem, HasSubstr("has b/y in it, which says nothing of a group"));
  EXPECT_EQ(Assembled("y", "b").problem, "");
}

TEST_F(Groups, GangsThatNameDifferentGroupsAreAllRefused) {
  UseKoordinator(R"(["default/x", "default/y"])");
  AddPods("x", "pp");
  UseKoordinator(R"(["default/y", "default/z"])");
  AddPods("y", "pp");
  AddPods("z", "pp");
  EXPECT_THAT(Assembled("x").problem,
              HasSubstr("of PodGroup.scheduling.sigs.k8s.io default/x has default/y in it, "
                        "which names another group"));
  EXPECT_THAT(Assembled("y").problem, HasSubstr("default/x has default/y in it"));
}

TEST_F(Groups, PodsThatDisagreeOnTheGroupAreRefused) {
  UseKoordinator(R"(["default/x", "default/y"])");
  AddPods("x", "pp");
  AddPods("y", "pp");
  UseKoordinator("[]");
  AddPods("y", "p");
  EXPECT_THAT(
      Assembled("x").problem,
      HasSubstr("pods default/y-0 and default/y-1 disagree on gang.scheduling.koordinator.sh/groups"));
}

TEST_F(Groups, PodsAndTheirPodGroupMustNotNameDifferentGroups) {
  UseKoordinator(R"(["default/x", "default/y"])");
  AddPods("x", "pp");
  Add(Koordinator(), "x", R"({"minMember": 2})", R"(["default/x", "default/z"])");
  Add(Koordinator(), "z", R"({"minMember": 2})", R"(["default/x", "default/z"])");
  EXPECT_THAT(Assembled("x").problem, HasSubstr("default/x and of its pods name different groups"));
}

TEST_F(Groups, AGangWithoutPodsIsWaitedForUnlessTheGroupRan) {
  Add(Koordinator(), "y", R"({"minMember": 2})", R"(["default/x", "default/y"])");
  UseKoordinator(R"(["default/x", "default/y"])");
  AddPods("x", "pp");
  EXPECT_THAT(Assembled("x").waiting_for,
              HasSubstr("gang default/y, which is in gang.scheduling.koordinator.sh/"
                        "groups of PodGroup.scheduling.sigs.k8s.io default/x, has no "
                        "pods yet"));
  AddPods("x", "rp");
  EXPECT_EQ(Assembled("x").waiting_for, "");
  EXPECT_EQ(Count(Assembled("x")).needed, 2);
}

}  // namespace
}  // namespace muster::declare
