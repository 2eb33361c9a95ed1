// SPDX-License-Identifier: Apache-2.0
#include "server/cli/plan.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/embedded/manifests.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;

// One node of 8 GPUs, a gang of two that fits and one of two that does not.
constexpr const char* kCluster = R"(
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n0}, status: {allocatable: {cpu: 64, memory: 1Ti, pods: 110, nvidia.com/gpu: "8"}}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: a-0, labels: {muster.dev/gang: a, muster.dev/gang-size: "2", muster.dev/rank: "0", muster.dev/role: worker}}
spec: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 4}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: a-1, labels: {muster.dev/gang: a, muster.dev/gang-size: "2", muster.dev/rank: "1", muster.dev/role: worker}}
spec: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 4}}}]}
)";

constexpr const char* kTooMuch = R"(
---
apiVersion: v1
kind: Pod
metadata: {name: b-0, labels: {muster.dev/gang: b, muster.dev/gang-size: "1"}}
spec: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 4}}}]}
)";

class PlanCommand : public testing::Test {
 protected:
  int Run(const std::string& manifests, PlanFormat format) {
    std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(test.begin(), test.end(), '/', '_');
    const std::string path = absl::StrCat(testing::TempDir(), "/plan_test_", test, ".yaml");
    std::ofstream(path) << manifests;
    return Plan({{path}, format}, out_, err_);
  }

  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(PlanCommand, PlansAGroupOfGangsAsOne) {
  const auto pod = [](const std::string& name, const std::string& group) {
    return absl::StrCat("---\napiVersion: v1\nkind: Pod\nmetadata: {name: ", name,
                        "}\nspec: {schedulingGroup: {podGroupName: ", group,
                        "}, containers: [{name: main, resources: {limits: {nvidia.com/gpu: 8}}}]}\n");
  };
  const auto group = [](const std::string& name) {
    return absl::StrCat(
        "---\napiVersion: scheduling.k8s.io/v1beta1\nkind: PodGroup\nmetadata: {name: ", name,
        "}\nspec: {parentCompositePodGroupName: job, schedulingPolicy: {gang: {minCount: 1}}}\n");
  };
  const std::string node =
      "{apiVersion: v1, kind: Node, metadata: {name: n0}, status: {allocatable: {cpu: 64, pods: 110, "
      "nvidia.com/gpu: 8}}}\n";
  const std::string job =
      "---\napiVersion: scheduling.k8s.io/v1alpha3\nkind: CompositePodGroup\nmetadata: {name: job}\n"
      "spec: {schedulingPolicy: {gang: {minGroupCount: 2}}}\n";
  EXPECT_EQ(Run(node + job + group("a") + group("b") + pod("a-0", "a") + pod("b-0", "b"), PlanFormat::kTable),
            kSomethingDoesNotFit);
  EXPECT_THAT(out_.str(), HasSubstr("gang default/job: 1 of 2 members fit"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(PlanCommand, ExitsWithZeroWhenEverythingFits) {
  EXPECT_EQ(Run(kCluster, PlanFormat::kJson), kEverythingFits);
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json.at("gangs").size(), 1u);
  const auto& gang = json.at("gangs").at(0);
  EXPECT_EQ(gang.at("gang"), "default/a");
  EXPECT_EQ(gang.at("declaredBy"), "muster.dev");
  EXPECT_EQ(gang.at("outcome"), "placed");
  EXPECT_EQ(gang.at("seats").at(1), nlohmann::json({{"pod", "default/a-1"},
                                                    {"role", "worker"},
                                                    {"rank", 1},
                                                    {"node", "n0"},
                                                    {"gpus", 4},
                                                    {"capacity", "unknown"}}));
  EXPECT_THAT(err_.str(), HasSubstr("ignored 1 Deployment of apps/v1"));
}

TEST_F(PlanCommand, AFileOfWhichNothingIsReadIsBadInputIfThereIsNothingElseToPlan) {
  const char* job = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: train}}\n";
  EXPECT_EQ(Run(job, PlanFormat::kTable), kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr("ignored 1 CronJob of batch/v1"));
  EXPECT_THAT(err_.str(), HasSubstr("nothing to plan"));
}

TEST_F(PlanCommand, AJobWithoutItsPodsIsNothingToPlan) {
  EXPECT_EQ(Run("{apiVersion: batch/v1, kind: Job, metadata: {name: train}}\n", PlanFormat::kTable),
            kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr("holds no pods; give the pods themselves"));
}

TEST_F(PlanCommand, TopologiesOfOtherProjectsInAListAreReadAndMalformedOnesAreNamed) {
  const char* topologies = R"(
apiVersion: v1
kind: List
items:
- {apiVersion: kueue.x-k8s.io/v1beta2, kind: Topology, metadata: {name: gpus}, spec: {levels: [{nodeLabel: rack}]}}
- {apiVersion: kai.scheduler/v1alpha1, kind: Topology, metadata: {name: gpus}, spec: {levels: []}}
- {apiVersion: topology.volcano.sh/v1alpha1, kind: HyperNode, metadata: {name: r1}, spec: {tier: 1}}
)";
  Manifests manifests;
  ASSERT_TRUE(ReadManifestText("t", topologies, manifests).ok());
  EXPECT_EQ(manifests.view.topology_objects().size(), 3u);
  EXPECT_NE(manifests.view.topology_objects().Find({"Topology.kueue.x-k8s.io", "gpus"}), nullptr);
  EXPECT_THAT(manifests.notes,
              testing::ElementsAre("t: Topology.kai.scheduler gpus: /spec/levels is []; want a "
                                   "list of levels"));
  EXPECT_EQ(
      ReadManifestText("t", "{apiVersion: kai.scheduler/v1alpha1, kind: Topology}", manifests).message(),
      "t: document 1: Topology : Topology.kai.scheduler: /metadata/name: want a name");
}

TEST_F(PlanCommand, TopologiesThatContradictThemselvesAreNamed) {
  std::string levels;
  for (int level = 0; level < 17; ++level)
    absl::StrAppend(&levels, level == 0 ? "" : ", ", "{nodeLabel: l", level, "}");
  Run(absl::StrCat(kCluster, R"(
---
apiVersion: v1
kind: List
items:
- {apiVersion: kueue.x-k8s.io/v1beta2, kind: Topology, metadata: {name: deep}, spec: {levels: [)",
                   levels, R"(]}}
- {apiVersion: topology.volcano.sh/v1alpha1, kind: HyperNode, metadata: {name: a}, spec: {tier: 1, members: [{type: HyperNode, selector: {exactMatch: {name: b}}}]}}
- {apiVersion: topology.volcano.sh/v1alpha1, kind: HyperNode, metadata: {name: b}, spec: {tier: 2, members: [{type: HyperNode, selector: {exactMatch: {name: a}}}]}}
)"),
      PlanFormat::kTable);
  EXPECT_THAT(err_.str(), testing::ContainsRegex("note: Topology.kueue.x-k8s.io deep: .*17"));
  EXPECT_THAT(err_.str(), testing::ContainsRegex("note: HyperNode.topology.volcano.sh [^\n]*: .*HyperNode"));
}

TEST_F(PlanCommand, LevelsOfTheConfigurationCount) {
  const std::string path = absl::StrCat(testing::TempDir(), "/plan_test_config");
  std::ofstream(path + ".yaml")
      << "{apiVersion: v1, kind: Node, metadata: {name: n0, labels: {bay: b1}},"
         " status: {allocatable: {cpu: 8, memory: 8Gi, pods: 10}}}\n---\n"
         "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {muster.dev/gang: g,"
         " muster.dev/gang-size: '1', muster.dev/topology-required: bay}},"
         " spec: {containers: [{name: main}]}}\n";
  PlanOptions options{.files = {path + ".yaml"}};
  EXPECT_EQ(Plan(options, out_, err_), kSomethingDoesNotFit);
  EXPECT_THAT(out_.str(), HasSubstr("no topology has a level \"bay\""));
  std::ofstream(path + ".conf") << "topology: {levels: [{name: bay, key: bay}]}\n";
  options.config = path + ".conf";
  EXPECT_EQ(Plan(options, out_, err_), kEverythingFits);
  options.config = path + ".none";
  EXPECT_EQ(Plan(options, out_, err_), kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr("plan_test_config.none"));
}

TEST_F(PlanCommand, AGangWithoutItsPodsIsBadInputIfThereIsNothingElseToPlan) {
  const char* group =
      "{apiVersion: scheduling.x-k8s.io/v1alpha1, kind: PodGroup, metadata: {name: g},"
      " spec: {minMember: 9}}\n";
  EXPECT_EQ(Run(group, PlanFormat::kTable), kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr("holds no pods"));
}

TEST_F(PlanCommand, AStrictGangIsNotSaidToFitWhereItWouldWait) {
  const auto half_busy = [](const char* name) {
    return absl::StrCat("---\n{apiVersion: v1, kind: Node, metadata: {name: ", name,
                        ", labels: {kubernetes.io/hostname: ", name,
                        "}}, status: {allocatable: {cpu: 8, memory: 8Gi, pods: 10, nvidia.com/gpu: 2}}}\n",
                        "---\n{apiVersion: v1, kind: Pod, metadata: {name: on-", name,
                        "}, spec: {nodeName: ", name,
                        ", containers: [{name: main, resources: {limits: {nvidia.com/gpu: 1}}}]}}\n");
  };
  const auto member = [](int i) {
    return absl::StrCat(
        "---\n{apiVersion: v1, kind: Pod, metadata: {name: g-", i,
        ", labels: {muster.dev/gang: g, muster.dev/gang-size: '2'}}, spec: {containers: [{name: main,"
        " resources: {limits: {nvidia.com/gpu: 1}}}]}}\n");
  };
  const std::string path = absl::StrCat(testing::TempDir(), "/plan_test_strict");
  std::ofstream(path + ".yaml") << half_busy("a") << half_busy("b") << member(0) << member(1);
  std::ofstream(path + ".conf") << "gangs: {closeness: strict, schedulerNames: [mine]}\n";
  PlanOptions options{.files = {path + ".yaml"}};
  EXPECT_EQ(Plan(options, out_, err_), kEverythingFits);
  options.config = path + ".conf";
  EXPECT_EQ(Plan(options, out_, err_), kSomethingDoesNotFit);
  EXPECT_THAT(out_.str(), HasSubstr("1 of 2 members fit in one host"));
  EXPECT_THAT(err_.str(), HasSubstr("gang default/g is of scheduler default-scheduler"));
}

TEST_F(PlanCommand, AClusterWithoutAPendingGangFits) {
  EXPECT_EQ(Run("{apiVersion: v1, kind: Node, metadata: {name: n0}}\n", PlanFormat::kTable), kEverythingFits);
}

TEST_F(PlanCommand, PlansTheMinimumOfEveryGangBeforeTheSurplusOfAny) {
  const std::string elastic = R"(
---
apiVersion: v1
kind: Pod
metadata: {name: elastic-RANK, creationTimestamp: "2026-01-01T00:00:00Z", labels: {muster.dev/gang: elastic, muster.dev/gang-size: "2", muster.dev/min-members: "1"}}
spec: {priority: 10, containers: [{name: main, resources: {limits: {nvidia.com/gpu: 4}}}]}
)";
  std::string manifests = absl::StrCat(kCluster, elastic, elastic);
  manifests.replace(manifests.find("RANK"), 4, "0");
  manifests.replace(manifests.find("RANK"), 4, "1");
  // Room for two pods: one of elastic, and gang a needs two.
  EXPECT_EQ(Run(manifests, PlanFormat::kJson), kSomethingDoesNotFit);
  const auto gangs = nlohmann::json::parse(out_.str()).at("gangs");
  EXPECT_EQ(gangs.at(0).at("gang"), "default/elastic");
  EXPECT_EQ(gangs.at(0).at("seats").size(), 2u);
  EXPECT_EQ(gangs.at(1).at("refusal").at("fits"), 1);
}

TEST_F(PlanCommand, ExitsWithOneWhenSomethingDoesNotFit) {
  EXPECT_EQ(Run(absl::StrCat(kCluster, kTooMuch), PlanFormat::kJson), kSomethingDoesNotFit);
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json.at("gangs").at(1).at("outcome"), "refused");
  EXPECT_EQ(json.at("gangs").at(1).at("refusal").at("fits"), 0);
  EXPECT_EQ(json.at("gangs").at(1).at("refusal").at("of"), 1);
}

TEST_F(PlanCommand, YamlReadsBackAsTheSameValue) {
  Run(kCluster, PlanFormat::kYaml);
  const auto yaml = ParseDocuments(out_.str());
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  std::ostringstream again;
  std::swap(out_, again);
  Run(kCluster, PlanFormat::kJson);
  EXPECT_EQ(yaml->at(0), nlohmann::json::parse(out_.str()));
}

TEST_F(PlanCommand, TheTableShowsWhereAndWhyNot) {
  Run(absl::StrCat(kCluster, kTooMuch), PlanFormat::kTable);
  EXPECT_THAT(out_.str(), HasSubstr("default/a  placed   2        2        2      1      8\n"));
  EXPECT_THAT(out_.str(), HasSubstr("default/a-1  worker  1     n0    4\n"));
  EXPECT_THAT(out_.str(), HasSubstr("gang default/b: 0 of 1 members fit"));
}

struct BadInput {
  std::string name;
  std::string text;
  std::string want;  // part of the error
};
void PrintTo(const BadInput& c, std::ostream* out) { *out << c.name; }

class BadManifests : public PlanCommand, public testing::WithParamInterface<BadInput> {};

TEST_P(BadManifests, ExitWithTwoAndNameWhatIsWrong) {
  EXPECT_EQ(Run(GetParam().text, PlanFormat::kTable), kBadInput);
  EXPECT_THAT(err_.str(), HasSubstr(GetParam().want));
  EXPECT_EQ(out_.str(), "");
}

std::string Nested(int levels) { return std::string(static_cast<size_t>(levels), '['); }

INSTANTIATE_TEST_SUITE_P(
    Plan, BadManifests,
    testing::Values(
        BadInput{"BrokenYaml", "apiVersion: v1\nkind: [", "line "},
        BadInput{"NothingBeginsWithThis", "a: 1\n---\n,\n", "line 3, column 1: nothing can begin with this"},
        BadInput{"NotAnObject", "- 1\n- 2\n", "want a Kubernetes object"},
        BadInput{"NoKind", "apiVersion: v1\n", "an object without kind"},
        BadInput{"NodeWithoutName", "apiVersion: v1\nkind: Node\n", "/metadata/name"},
        BadInput{"BadQuantity",
                 "apiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: lots}}",
                 "Node n: /status/allocatable/cpu: \"lots\" is no quantity"},
        BadInput{"WrongType", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: [a]}",
                 "Pod p: /metadata/labels: want an object, got array"},
        BadInput{"Empty", "", "is empty"}, BadInput{"NestedTooDeep", Nested(100'000), "nested deeper"},
        BadInput{"NestedByIndentation",
                 "a:\n" +
                     [] {
                       std::string text;
                       for (int i = 1; i < 2'000; ++i)
                         text += std::string(static_cast<size_t>(i), ' ') + "a:\n";
                       return text;
                     }(),
                 "line "},
        BadInput{"AliasBomb",
                 [] {
                   std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
                   for (int i = 1; i < 12; ++i) {
                     const std::string last = absl::StrCat("*a", i - 1);
                     text += absl::StrCat("a", i, ": &a", i, " [", last, ",", last, ",", last, ",", last, ",",
                                          last, ",", last, ",", last, ",", last, ",", last, ",", last, "]\n");
                   }
                   return text;
                 }(),
                 "aliases"}),
    [](const auto& info) { return info.param.name; });

TEST_F(PlanCommand, AListWithoutItemsIsFine) {
  EXPECT_EQ(Run("{apiVersion: v1, kind: PodList, items: null}", PlanFormat::kTable), kEverythingFits);
}

TEST_F(PlanCommand, AMemberThatCantBeReadIsNamedAndItsGangRefused) {
  constexpr const char* kOdd = R"(
---
apiVersion: v1
kind: Pod
metadata: {name: b-0, labels: {muster.dev/gang: b, muster.dev/gang-size: "1"}}
spec: {containers: [{name: main}], tolerations: [{key: a, operator: Perhaps}]}
)";
  EXPECT_EQ(Run(absl::StrCat(kCluster, kOdd), PlanFormat::kTable), kSomethingDoesNotFit);
  const std::string why = "default/b-0: /spec/tolerations/0/operator: unknown operator \"Perhaps\"";
  EXPECT_THAT(err_.str(), HasSubstr(why));
  EXPECT_THAT(out_.str(), HasSubstr(why));
}

TEST(PlanFiles, ADirectoryIsNamed) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(Plan({{testing::TempDir()}, PlanFormat::kTable}, out, err), kBadInput);
  EXPECT_THAT(err.str(), HasSubstr("is a directory"));
}

TEST(PlanFiles, AMissingFileIsNamed) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(Plan({{"/nonexistent/cluster.yaml"}, PlanFormat::kTable}, out, err), kBadInput);
  EXPECT_THAT(err.str(), HasSubstr("/nonexistent/cluster.yaml"));
}

}  // namespace
}  // namespace muster::cli
