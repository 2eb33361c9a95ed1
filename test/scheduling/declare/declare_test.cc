// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"

namespace muster::declare {
namespace {

using testing::HasSubstr;

std::optional<Membership> RecogniseLabels(const Labels& labels, const Labels& annotations = {},
                                          absl::string_view pod_group = "") {
  return Recognise({"ml", "w-0", labels, annotations, pod_group});
}

TEST(Recognise, APodThatDeclaresNothingHasNoGang) {
  EXPECT_EQ(RecogniseLabels({{"app", "web"}}), std::nullopt);
}

TEST(Recognise, OurLabelsGiveGangSizeRoleRankAndDeadline) {
  const auto membership = RecogniseLabels({{"muster.dev/gang", "train"},
                                           {"muster.dev/gang-size", "8"},
                                           {"muster.dev/min-members", "6"},
                                           {"muster.dev/role", "worker"},
                                           {"muster.dev/rank", "3"}},
                                          {{"muster.dev/deadline", "10m"}});
  ASSERT_TRUE(membership.has_value());
  EXPECT_EQ(membership->gang.text(), "ml/train");
  EXPECT_EQ(membership->declared_by, "muster.dev");
  EXPECT_EQ(membership->size, 8);
  EXPECT_EQ(membership->min_members, 6);
  EXPECT_EQ(membership->role, "worker");
  EXPECT_EQ(membership->rank, 3);
  EXPECT_EQ(membership->deadline, absl::Minutes(10));
  EXPECT_EQ(membership->problem, "");
}

TEST(Recognise, TheMinimumIsTheSizeWhereItIsNotDeclared) {
  EXPECT_EQ(RecogniseLabels({{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "4"}})->min_members, 4);
}

TEST(Recognise, TheIndexOfAJobIsTheRankOfAnyDeclaration) {
  const Labels index = {{"batch.kubernetes.io/job-completion-index", "5"}};
  EXPECT_EQ(RecogniseLabels({{"scheduling.x-k8s.io/pod-group", "g"}}, index)->rank, 5);
  EXPECT_EQ(RecogniseLabels({}, index, "g")->rank, 5);
}

TEST(Recognise, JobsOfTwoKindsThatShareANameAreTwoGangsWhicheverComesFirst) {
  const auto set = RecogniseLabels({{"jobset.sigs.k8s.io/jobset-name", "train"}});
  const auto job = RecogniseLabels({{"training.kubeflow.org/job-name", "train"},
                                    {"training.kubeflow.org/operator-name", "pytorchjob-controller"}});
  EXPECT_EQ(set->gang.text(), "ml/jobset:train");
  EXPECT_EQ(set->object_id().text(), "ml/train");
  EXPECT_EQ(job->gang.text(), "ml/pytorchjob:train");
  EXPECT_EQ(job->object_id().text(), "ml/train");
}

TEST(Recognise, ThePodsOwnFieldGoesBeforeLabelsOfOthersAndTheseBeforeOurs) {
  const Labels both = {
      {"scheduling.x-k8s.io/pod-group", "a"}, {"muster.dev/gang", "b"}, {"muster.dev/gang-size", "1"}};
  EXPECT_EQ(RecogniseLabels(both)->declared_by, "PodGroup.scheduling.x-k8s.io");
  EXPECT_EQ(RecogniseLabels(both, {}, "c")->declared_by, "PodGroup.scheduling.k8s.io");
}

struct ProblemCase {
  std::string name;
  Labels labels;
  Labels annotations;
  std::string want;
};
void PrintTo(const ProblemCase& c, std::ostream* out) { *out << c.name; }

class Malformed : public testing::TestWithParam<ProblemCase> {};

TEST_P(Malformed, IsAProblemThatNamesPodAndField) {
  const auto membership = RecogniseLabels(GetParam().labels, GetParam().annotations);
  ASSERT_TRUE(membership.has_value());
  EXPECT_THAT(membership->problem, HasSubstr("pod ml/w-0: "));
  EXPECT_THAT(membership->problem, HasSubstr(GetParam().want));
  EXPECT_LT(membership->problem.size(), 400u);
}

INSTANTIATE_TEST_SUITE_P(
    Declare, Malformed,
    testing::Values(ProblemCase{"SizeMissing",
                                {{"muster.dev/gang", "g"}},
                                {},
                                "needs muster.dev/gang-size or muster.dev/min-members"},
                    ProblemCase{"SizeNoNumber",
                                {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "8 pods"}},
                                {},
                                "muster.dev/gang-size is \"8 pods\"; want a whole number from 1 to 100000"},
                    ProblemCase{"SizeZero",
                                {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "0"}},
                                {},
                                "muster.dev/gang-size is \"0\""},
                    ProblemCase{"SizeHuge",
                                {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "100001"}},
                                {},
                                "want a whole number from 1 to 100000"},
                    ProblemCase{"MinimumAboveSize",
                                {{"muster.dev/gang", "g"},
                                 {"muster.dev/gang-size", "2"},
                                 {"muster.dev/min-members", "3"}},
                                {},
                                "muster.dev/min-members is 3, more than muster.dev/gang-size, 2"},
                    ProblemCase{"LabelAndAnnotationDisagree",
                                {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "2"}},
                                {{"muster.dev/gang-size", "3"}},
                                "disagree: \"2\" and \"3\""},
                    ProblemCase{"GangWithSlash",
                                {},
                                {{"muster.dev/gang", "a/b"}, {"muster.dev/gang-size", "2"}},
                                "muster.dev/gang is \"a/b\""},
                    ProblemCase{"GangOf64KB",
                                {},
                                {{"muster.dev/gang", std::string(65536, 'x')}, {"muster.dev/gang-size", "2"}},
                                "(65536 bytes)"},
                    ProblemCase{"GangWithColon",
                                {},
                                {{"muster.dev/gang", "pod:web"}, {"muster.dev/gang-size", "2"}},
                                "muster.dev/gang is \"pod:web\"; want a name of at most 253 bytes"},
                    ProblemCase{"NoGang",
                                {{"muster.dev/gang", ""}, {"muster.dev/gang-size", "2"}},
                                {},
                                "muster.dev/gang is empty"},
                    ProblemCase{"LightweightWithoutMinimum",
                                {{"pod-group.scheduling.sigs.k8s.io/name", "g"}},
                                {},
                                "needs pod-group.scheduling.sigs.k8s.io/min-available"},
                    ProblemCase{"LightweightMinimumNoNumber",
                                {{"pod-group.scheduling.sigs.k8s.io/name", "g"},
                                 {"pod-group.scheduling.sigs.k8s.io/min-available", "two"}},
                                {},
                                "pod-group.scheduling.sigs.k8s.io/min-available is \"two\""},
                    ProblemCase{"GroveWithoutClique",
                                {{"grove.io/podgang", "g"}},
                                {},
                                "grove.io/podgang needs grove.io/podclique beside it"},
                    ProblemCase{"Deadline",
                                {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "2"}},
                                {{"muster.dev/deadline", "soon"}},
                                "muster.dev/deadline is \"soon\""}),
    [](const auto& info) { return info.param.name; });

struct ObjectCase {
  std::string name;
  const Ecosystem& ecosystem;
  nlohmann::json spec;
  int64_t min_members;
  bool all_or_none;
  std::string problem;  // part of it; empty for none
};
void PrintTo(const ObjectCase& c, std::ostream* out) { *out << c.name; }

class PodGroupObject : public testing::TestWithParam<ObjectCase> {};

TEST_P(PodGroupObject, BecomesADeclaration) {
  const auto declaration = GetParam().ecosystem.Decode(
      {{"metadata", {{"name", "train"}, {"namespace", "ml"}}}, {"spec", GetParam().spec}});
  ASSERT_TRUE(declaration.ok()) << declaration.status();
  EXPECT_EQ(declaration->gang.text(), "ml/train");
  EXPECT_EQ(declaration->min_members, GetParam().min_members);
  EXPECT_EQ(declaration->all_or_none, GetParam().all_or_none);
  EXPECT_THAT(declaration->problem, HasSubstr(GetParam().problem));
  EXPECT_EQ(declaration->problem.empty(), GetParam().problem.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Declare, PodGroupObject,
    testing::Values(
        ObjectCase{"Coscheduling", SchedulerPlugins(), {{"minMember", 3}}, 3, true, ""},
        ObjectCase{"CoschedulingWithoutMinimum", SchedulerPlugins(), nlohmann::json::object(), 1, true, ""},
        ObjectCase{"CoschedulingOfAnotherType",
                   SchedulerPlugins(),
                   {{"minMember", "three"}},
                   1,
                   true,
                   "/spec/minMember of PodGroup.scheduling.x-k8s.io ml/train is \"three\""},
        ObjectCase{"CoschedulingNegative",
                   SchedulerPlugins(),
                   {{"minMember", -1}},
                   1,
                   true,
                   "want a whole number from 1"},
        ObjectCase{
            "NativeGang", Native(), {{"schedulingPolicy", {{"gang", {{"minCount", 4}}}}}}, 4, true, ""},
        ObjectCase{"NativeBasic",
                   Native(),
                   {{"schedulingPolicy", {{"basic", nlohmann::json::object()}}}},
                   1,
                   false,
                   ""},
        ObjectCase{"NativeNeither",
                   Native(),
                   {{"schedulingPolicy", nlohmann::json::object()}},
                   1,
                   true,
                   "/spec/schedulingPolicy is {}; want gang or basic"}),
    [](const auto& info) { return info.param.name; });

TEST(PodGroupObject, WithoutANameIsAnError) {
  EXPECT_FALSE(Native().Decode(nlohmann::json::object()).ok());
  EXPECT_FALSE(SchedulerPlugins().Decode(nlohmann::json::parse(R"({"metadata": [1]})")).ok());
}

TEST(PodGroupObject, GivesDeadlineAndPriority) {
  EXPECT_EQ(SchedulerPlugins()
                .Decode({{"metadata", {{"name", "t"}}},
                         {"spec", {{"minMember", 1}, {"scheduleTimeoutSeconds", 90}}}})
                ->deadline,
            absl::Seconds(90));
  EXPECT_EQ(Native()
                .Decode({{"metadata", {{"name", "t"}}},
                         {"spec", {{"priority", 7}, {"schedulingPolicy", {{"gang", {{"minCount", 1}}}}}}}})
                ->priority,
            7);
}

GangDeclaration Native137(const Ecosystem& ecosystem, const std::string& spec) {
  const auto object = ecosystem.Decode(
      {{"metadata", {{"name", "train"}, {"namespace", "ml"}}}, {"spec", nlohmann::json::parse(spec)}});
  EXPECT_TRUE(object.ok()) << object.status();
  return object.value_or(GangDeclaration());
}

TEST(NativeObjects, HaveATopologyAndTheGroupThatTheyAreIn) {
  const char* const kSpec = R"({"parentCompositePodGroupName": "job",
    "schedulingConstraints": {"topology": [{"key": "example.com/rack"}]},
    "schedulingPolicy": {"gang": {"minCount": 2, "minGroupCount": 3}}})";
  const GangDeclaration gang = Native137(Native(), kSpec);
  EXPECT_EQ(gang.problem, "");
  EXPECT_EQ(gang.topology.required, "example.com/rack");
  EXPECT_EQ(gang.min_members, 2);
  EXPECT_EQ(gang.min_groups, std::nullopt);
  const DeclarationKey parent{"CompositePodGroup.scheduling.k8s.io", GangId("ml", "job")};
  EXPECT_EQ(gang.group.parent, parent);
  const GangDeclaration group = Native137(NativeComposite(), kSpec);
  EXPECT_EQ(group.problem, "");
  EXPECT_EQ(group.topology.required, "example.com/rack");
  EXPECT_EQ(group.min_groups, 3);
  EXPECT_EQ(group.group.parent, parent);
}

TEST(NativeObjects, OfPolicyBasicHoldTogetherWhereTheyHaveATopology) {
  EXPECT_TRUE(Native137(NativeComposite(), R"({"schedulingPolicy": {"basic": {}}})").dissolved());
  const char* const kWithTopology =
      R"({"schedulingConstraints": {"topology": [{"key": "rack"}]}, "schedulingPolicy": {"basic": {}}})";
  EXPECT_FALSE(Native137(NativeComposite(), kWithTopology).dissolved());
  EXPECT_EQ(Native137(NativeComposite(), kWithTopology).min_groups, 1);
  EXPECT_TRUE(Native137(Native(), kWithTopology).all_or_none);
  EXPECT_EQ(Native137(Native(), kWithTopology).min_members, 1);
}

TEST(NativeObjects, ProblemsNameTheField) {
  const auto problem = [](const std::string& constraints) {
    return Native137(Native(),
                     R"({"schedulingPolicy": {"gang": {"minCount": 2}}, "schedulingConstraints": )" +
                         constraints + "}")
        .problem;
  };
  EXPECT_THAT(problem(R"({"topology": [{"key": "a"}, {"key": "b"}]})"),
              HasSubstr("PodGroup.scheduling.k8s.io ml/train: /spec/schedulingConstraints/topology is"));
  EXPECT_THAT(problem(R"({"topology": [{}]})"),
              HasSubstr("/spec/schedulingConstraints/topology/0/key is missing"));
  EXPECT_THAT(
      Native137(Native(), R"({"parentCompositePodGroupName": 1, "schedulingPolicy": {"basic": {}}})").problem,
      HasSubstr("/spec/parentCompositePodGroupName is 1; want text"));
  EXPECT_THAT(Native137(Native(), R"({"schedulingPolicy": {"gang": {}}})").problem,
              HasSubstr("/spec/schedulingPolicy/gang/minCount is missing; want a whole number from 1"));
  EXPECT_THAT(Native137(NativeComposite(), R"({"schedulingPolicy": {"gang": {}}})").problem,
              HasSubstr("/spec/schedulingPolicy/gang/minGroupCount is missing; want a whole number from 1"));
  EXPECT_THAT(Native137(Native(), R"({"schedulingPolicy": {"gang": {"minCount": 1}, "basic": {}}})").problem,
              HasSubstr("want one of gang and basic"));
}

TEST(AssembleGang, OrdersMembersByRoleRankAndName) {
  ClusterView view;
  const auto add = [&](const std::string& name, const std::string& role, std::optional<int64_t> rank) {
    Pod pod = test::MemberOf("train", 4, 0, 0);
    pod.name = PodName("default", name);
    pod.membership->role = role;
    pod.membership->rank = rank;
    view.Upsert(pod);
  };
  add("d", "worker", std::nullopt);
  add("c", "worker", 1);
  add("b", "worker", 10);
  add("a", "launcher", std::nullopt);
  std::string order;
  for (const auto& member : AssembleGang(view, GangId("default", "train")).members)
    order += member->name.name()[0];
  EXPECT_EQ(order, "acbd");
}

TEST(AssembleGang, LeavesDeletedMembersOutAndTakesTheHighestPriority) {
  ClusterView view;
  test::AddGang(view, "train", 2, 0);
  Pod leaving = test::MemberOf("train", 2, 1, 0);
  leaving.deleting = true;
  view.Upsert(leaving);
  Pod first = test::MemberOf("train", 2, 0, 0);
  first.priority = 9;
  view.Upsert(first);
  const Gang gang = AssembleGang(view, GangId("default", "train"));
  EXPECT_EQ(gang.members.size(), 1u);
  EXPECT_EQ(gang.priority, 9);
}

TEST(AssembleGang, MembersOfDifferentSchedulersAreAProblemThatNamesThem) {
  ClusterView view;
  test::AddGang(view, "train", 2, 0);
  Pod other = test::MemberOf("train", 2, 1, 0);
  other.scheduler_name = "gpu-scheduler";
  view.Upsert(other);
  EXPECT_EQ(AssembleGang(view, GangId("default", "train")).problem,
            "pods default/train-0 and default/train-1 disagree on schedulerName: default-scheduler and "
            "gpu-scheduler");
}

}  // namespace
}  // namespace muster::declare
