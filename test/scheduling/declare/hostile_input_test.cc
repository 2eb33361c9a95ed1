// SPDX-License-Identifier: Apache-2.0
// Declarations as nobody writes them by hand: what is wrong is named with its
// number, in a message that can be read, and in bounded time.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/engine/plan_job.h"
#include "test/support/builders.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr size_t kLongestMessage = 1500;
constexpr int kMany = 10'000;

// Generous: it holds under sanitizers on a busy machine, and what grows with the
// square of the input takes minutes.
class HostileInput : public testing::Test {
 protected:
  void TearDown() override { EXPECT_LT(absl::Now() - began_, absl::Seconds(20)); }

 private:
  const absl::Time began_ = absl::Now();
};

Pod PodWith(const Labels& labels, const Labels& annotations) {
  Pod pod = test::PodOf("w-0", 1);
  pod.labels = labels;
  pod.membership = Recognise({"default", "w-0", labels, annotations, ""});
  return pod;
}

// What users read of the pod's gang.
std::string Refusal(const Pod& pod) {
  ClusterView view = test::ClusterOf(1, 8);
  view.Upsert(pod);
  std::string text;
  for (const GangReport& report : PlanAll(view, Ledger(), Declined(), {})) {
    if (report.refusal.has_value()) text += report.refusal->text;
  }
  return text;
}

struct LongCase {
  std::string name;
  Labels plain;     // labels that come with it
  std::string key;  // the annotation that is 64 KB long
};
void PrintTo(const LongCase& c, std::ostream* out) { *out << c.name; }

class Text64KB : public HostileInput, public testing::WithParamInterface<LongCase> {};

TEST_P(Text64KB, IsNamedAndShownShort) {
  Labels annotations = {{GetParam().key, std::string(65'536, 'x')}};
  const Pod pod = PodWith(GetParam().plain, annotations);
  ASSERT_TRUE(pod.membership.has_value());
  EXPECT_THAT(pod.membership->problem, AllOf(HasSubstr(GetParam().key), HasSubstr("(65536 bytes)")));
  EXPECT_LT(Refusal(pod).size(), kLongestMessage);
}

const Labels kMuster = {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "1"}};
const Labels kKoordinator = {{"pod-group.scheduling.sigs.k8s.io", "g"}};
const Labels kJobSet = {{"jobset.sigs.k8s.io/jobset-name", "g"}};
const Labels kRay = {{"ray.io/cluster", "g"}, {"ray.io/group", "w"}};
const Labels kLws = {{"leaderworkerset.sigs.k8s.io/name", "g"}};
const Labels kKueue = {{"kueue.x-k8s.io/pod-group-name", "g"}};

INSTANTIATE_TEST_SUITE_P(
    Declare, Text64KB,
    testing::Values(
        LongCase{"OurGang", {{"muster.dev/gang-size", "1"}}, "muster.dev/gang"},
        LongCase{"OurSize", {{"muster.dev/gang", "g"}}, "muster.dev/gang-size"},
        LongCase{"OurRole", kMuster, "muster.dev/role"}, LongCase{"OurRank", kMuster, "muster.dev/rank"},
        LongCase{"OurDeadline", kMuster, "muster.dev/deadline"},
        LongCase{"OurSlices", kMuster, "muster.dev/topology-slices"},
        LongCase{"OurCloseness", kMuster, "muster.dev/topology-closeness"},
        LongCase{"Volcano", {}, "scheduling.k8s.io/group-name"},
        LongCase{"VolcanoTask", kMuster, "scheduling.volcano.sh/group-name"},
        LongCase{"Kai", {}, "pod-group-name"},
        LongCase{"Koordinator",
                 {{"gang.scheduling.koordinator.sh/min-available", "1"}},
                 "gang.scheduling.koordinator.sh/name"},
        LongCase{"KoordinatorMinimum", kKoordinator, "gang.scheduling.koordinator.sh/min-available"},
        LongCase{"KoordinatorGroups", kKoordinator, "gang.scheduling.koordinator.sh/groups"},
        LongCase{"YuniKornGroup", {{"applicationId", "a"}}, "yunikorn.apache.org/task-group-name"},
        LongCase{"KueueCount", kKueue, "kueue.x-k8s.io/pod-group-total-count"},
        LongCase{"KueueLayers", kMuster, "kueue.x-k8s.io/podset-slice-required-topology-constraints"},
        LongCase{"KueueOffset", kMuster, "kueue.x-k8s.io/pod-index-offset"},
        LongCase{"JobSetRole", kJobSet, "jobset.sigs.k8s.io/replicatedjob-name"},
        LongCase{"JobSetIndex", kJobSet, "jobset.sigs.k8s.io/job-index"},
        LongCase{"RayReplica", kRay, "ray.io/worker-group-replica-index"},
        LongCase{"GroupSize", kLws, "leaderworkerset.sigs.k8s.io/size"}),
    [](const auto& info) { return info.param.name; });

TEST_F(HostileInput, ALevelOf64KilobytesIsRefusedInAMessageThatCanBeRead) {
  for (const char* key : {"muster.dev/topology-required", "muster.dev/topology-exclusive",
                          "muster.dev/topology-spread", "muster.dev/topology", "muster.dev/subgroup",
                          "kueue.x-k8s.io/podset-required-topology", "kueue.x-k8s.io/podset-group-name"}) {
    Labels annotations = {{key, std::string(65'536, 'x')}};
    if (std::string(key) == "kueue.x-k8s.io/podset-group-name") {
      annotations["kueue.x-k8s.io/podset-required-topology"] = "rack";
    }
    EXPECT_LT(Refusal(PodWith(kMuster, annotations)).size(), kLongestMessage) << key;
  }
}

struct ManyCase {
  const Ecosystem& ecosystem;
  std::string list;     // in the spec
  std::string element;  // with NUMBER for its own
  bool by_name = false;
};

TEST_F(HostileInput, TooManyPartsInAnObjectAreNamedWithTheirNumber) {
  const std::vector<ManyCase> cases = {
      {Kai(), "subGroups", R"({"name": "sNUMBER", "minMember": 1})"},
      {Grove(), "podgroups", R"({"name": "gNUMBER", "minReplicas": 1})"},
      {Volcano(), "minTaskMember", R"("tNUMBER": 1)", true},
      {Volcano(), "subGroupPolicy", R"({"name": "pNUMBER"})"},
      {JobSet(), "replicatedJobs", R"({"name": "jNUMBER", "template": {"spec": {}}})"},
      {PyTorchJob(), "pytorchReplicaSpecs", R"("rNUMBER": {"replicas": 1})", true}};
  for (const ManyCase& c : cases) {
    std::string text = absl::StrCat("{\"", c.list, "\": ", c.by_name ? "{" : "[");
    for (int i = 0; i < kMany; ++i) {
      std::string element = c.element;
      element.replace(element.find("NUMBER"), 6, absl::StrCat(i));
      absl::StrAppend(&text, i == 0 ? "" : ",", element);
    }
    absl::StrAppend(&text, c.by_name ? "}" : "]", "}");
    const auto declaration = c.ecosystem.Decode({{"metadata", {{"name", "g"}}}, {"spec", json::parse(text)}});
    ASSERT_TRUE(declaration.ok()) << declaration.status();
    EXPECT_THAT(declaration->problem,
                HasSubstr(absl::StrCat("/spec/", c.list, " has 10000 elements; the most is 1000")));
    EXPECT_LT(declaration->problem.size(), kLongestMessage);
  }
}

TEST_F(HostileInput, TooManyTaskGroupsInAnAnnotationAreNamedWithTheirNumber) {
  json groups = json::array();
  for (int i = 0; i < kMany; ++i) groups.push_back({{"name", absl::StrCat("g", i)}, {"minMember", 1}});
  const Pod pod = PodWith({{"applicationId", "a"}}, {{"yunikorn.apache.org/task-group-name", "g0"},
                                                     {"yunikorn.apache.org/task-groups", groups.dump()}});
  EXPECT_THAT(pod.membership->problem,
              HasSubstr("yunikorn.apache.org/task-groups has 10000 elements; the most is 1000"));
}

TEST_F(HostileInput, PodsThatNameTooManySubgroupsAreRefusedWithTheNumber) {
  ClusterView view;
  for (int i = 0; i < kMany; ++i) {
    Pod pod = test::PodOf(absl::StrCat("w-", i), 0);
    pod.membership = Recognise({"default",
                                pod.name.name(),
                                {{"muster.dev/gang", "g"},
                                 {"muster.dev/gang-size", "10000"},
                                 {"muster.dev/subgroup", absl::StrCat("s", i)}},
                                {},
                                ""});
    view.Upsert(std::move(pod));
  }
  EXPECT_EQ(AssembleGang(view, GangId("default", "g")).problem, "it has more than 1000 subgroups");
}

TEST_F(HostileInput, HundredsOfStagesOfThousandsOfMembersAreAssembled) {
  json jobs = json::array();
  for (int i = 0; i < 300; ++i) {
    jobs.push_back({{"name", absl::StrCat("j", i)},
                    {"template", {{"spec", {{"parallelism", 30}, {"completions", 30}}}}}});
  }
  auto declaration = JobSet().Decode(
      {{"metadata", {{"name", "s"}, {"namespace", "default"}}},
       {"spec", {{"startupPolicy", {{"startupPolicyOrder", "InOrder"}}}, {"replicatedJobs", jobs}}}});
  ASSERT_TRUE(declaration.ok()) << declaration.status();
  for (SubgroupSpec& part : declaration->subgroups) part.like.shape = std::make_shared<const PodShape>();
  ClusterView view;
  view.Upsert(*std::move(declaration));
  for (int i = 0; i < 30; ++i) {
    Pod pod = test::PodOf(absl::StrCat("s-", i), 0);
    pod.membership =
        Recognise({"default",
                   pod.name.name(),
                   {{"jobset.sigs.k8s.io/jobset-name", "s"}, {"jobset.sigs.k8s.io/replicatedjob-name", "j0"}},
                   {},
                   ""});
    view.Upsert(std::move(pod));
  }
  const Gang gang = AssembleGang(view, GangId("default", "jobset:s"));
  EXPECT_EQ(gang.problem, "");
  EXPECT_EQ(gang.min_members, 30);
  EXPECT_EQ(gang.later.count, 8'970);
  EXPECT_EQ(AssembleWithLater(view, gang).members.size(), 9'000);
}

// The subgroups s0, s1, ... with `parents` of each.
GangDeclaration KaiTree(const std::vector<std::string>& parents) {
  json subgroups = json::array();
  for (size_t i = 0; i < parents.size(); ++i) {
    subgroups.push_back({{"name", absl::StrCat("s", i)}, {"parent", parents[i]}, {"minMember", 1}});
  }
  return Kai()
      .Decode({{"metadata", {{"name", "g"}, {"namespace", "default"}}}, {"spec", {{"subGroups", subgroups}}}})
      .value_or(GangDeclaration());
}

TEST_F(HostileInput, ParentsInACircleAreRefusedWithOneOfThem) {
  for (const size_t size : {size_t{1}, size_t{2}, size_t{1000}}) {
    std::vector<std::string> parents;
    for (size_t i = 0; i < size; ++i) parents.push_back(absl::StrCat("s", (i + 1) % size));
    const GangDeclaration declaration = KaiTree(parents);
    EXPECT_THAT(declaration.problem, HasSubstr("/spec/subGroups is [{")) << size;
    EXPECT_THAT(declaration.problem, HasSubstr("want a parent for s0 that exists")) << size;
    EXPECT_LT(declaration.problem.size(), kLongestMessage);
  }
}

TEST_F(HostileInput, AThousandSubgroupsWithinEachOtherAreATree) {
  std::vector<std::string> parents;
  for (int i = 0; i < 1000; ++i) parents.push_back(i == 999 ? "" : absl::StrCat("s", i + 1));
  ClusterView view = test::ClusterOf(1, 8);
  view.Upsert(KaiTree(parents));
  for (int i = 0; i < 20; ++i) {
    Pod pod = test::PodOf(absl::StrCat("w-", i), 0);
    pod.labels = {{"kai.scheduler/subgroup-name", "s0"}};
    pod.membership = Recognise({"default", pod.name.name(), pod.labels, {{"pod-group-name", "g"}}, ""});
    view.Upsert(std::move(pod));
  }
  const Gang gang = AssembleGang(view, GangId("default", "g"));
  EXPECT_EQ(gang.problem, "");
  EXPECT_EQ(gang.subgroups.size(), 1000u);
  EXPECT_EQ(PlanAll(view, Ledger(), Declined(), {}).size(), 1u);
}

constexpr size_t kDeep = 100'000;

TEST_F(HostileInput, DeepJsonInAnAnnotationIsNamed) {
  const std::string lists = std::string(kDeep, '[') + std::string(kDeep, ']');
  const std::string open(kDeep, '[');
  std::string objects;
  for (size_t i = 0; i < kDeep; ++i) objects += "{\"a\":";
  objects += "1" + std::string(kDeep, '}');
  for (const std::string& deep : {lists, open, objects, "[" + objects + "]"}) {
    for (const char* key : {"kueue.x-k8s.io/podset-slice-required-topology-constraints",
                            "gang.scheduling.koordinator.sh/groups", "yunikorn.apache.org/task-groups"}) {
      Labels annotations = {{key, deep}};
      Labels labels = kMuster;
      if (std::string(key).find("yunikorn") == 0) {
        annotations["yunikorn.apache.org/task-group-name"] = "g";
        labels["applicationId"] = "a";
      } else if (std::string(key).find("gang.") == 0) {
        labels["pod-group.scheduling.sigs.k8s.io"] = "g";
      }
      const Pod pod = PodWith(labels, annotations);
      // A list is one gang, whatever that is.
      if (std::string(key).find("gang.") != 0 || deep == open || deep == objects) {
        EXPECT_THAT(pod.membership->problem, HasSubstr(key));
      }
      EXPECT_LT(pod.membership->problem.size(), kLongestMessage);
    }
    const auto declaration =
        Koordinator().Decode({{"metadata",
                               {{"name", "g"},
                                {"annotations",
                                 {{"gang.scheduling.koordinator.sh/network-topology-spec",
                                   absl::StrCat("{\"gatherStrategy\": ", deep, "}")}}}}},
                              {"spec", {{"minMember", 1}}}});
    ASSERT_TRUE(declaration.ok());
    EXPECT_THAT(declaration->problem, HasSubstr("network-topology-spec"));
    EXPECT_LT(declaration->problem.size(), kLongestMessage);
  }
}

TEST_F(HostileInput, DeepJsonInAFieldOfAnObjectIsNamed) {
  const std::string deep = std::string(kDeep, '[') + std::string(kDeep, ']');
  const std::vector<std::pair<const Ecosystem*, const char*>> fields = {{&Kai(), "minMember"},
                                                                        {&Volcano(), "minMember"},
                                                                        {&SchedulerPlugins(), "minMember"},
                                                                        {&Grove(), "podgroups"},
                                                                        {&JobSet(), "replicatedJobs"}};
  for (const auto& [ecosystem, field] : fields) {
    const json object = json::parse(
        absl::StrCat("{\"metadata\": {\"name\": \"g\"}, \"spec\": {\"", field, "\": ", deep, "}}"));
    const auto declaration = ecosystem->Decode(object);
    ASSERT_TRUE(declaration.ok());
    EXPECT_THAT(declaration->problem, HasSubstr(absl::StrCat("/spec/", field)));
    EXPECT_LT(declaration->problem.size(), kLongestMessage);
  }
}

}  // namespace
}  // namespace muster::declare
