// SPDX-License-Identifier: Apache-2.0
// Every example of manifests/examples, planned as its README says.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/cli/plan.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;

const std::string kFolder = absl::StrCat(MUSTER_TEST_DATA, "/../manifests/examples/");

struct Example {
  std::string name;
  std::string gang;
  std::string declared_by;
  size_t seats;  // of that gang
  size_t gangs = 1;
};
void PrintTo(const Example& example, std::ostream* out) { *out << example.name; }

const std::vector<Example>& Examples() {
  static const auto& examples = *new std::vector<Example>{
      {"argo-workflow", "default/pair", "muster.dev", 2},
      {"coscheduling", "default/train", "PodGroup.scheduling.x-k8s.io", 2},
      {"coscheduling-before-pod-groups", "default/train", "pod-group.scheduling.sigs.k8s.io/name", 2},
      {"cronjob", "default/retrain", "muster.dev", 2},
      {"dra", "default/claims", "muster.dev", 2},
      {"grove", "default/chat-0", "PodGang.scheduler.grove.io", 3},
      {"jobset", "default/jobset:train", "JobSet.jobset.x-k8s.io", 4},
      {"kai", "default/pg-train-8f0d6b1e-5f0c-4a52-9d0e-5b0b3a6c1d2e", "PodGroup.scheduling.run.ai", 2},
      {"koordinator", "default/train", "PodGroup.scheduling.sigs.k8s.io", 2},
      {"kserve", "default/leaderworkerset:llama-kserve-mn-0", "LeaderWorkerSet.leaderworkerset.x-k8s.io", 2},
      {"kubernetes-1.35-workload", "default/workload:train:workers", "Workload.scheduling.k8s.io", 2},
      {"kubernetes-pod-group", "default/train", "PodGroup.scheduling.k8s.io", 2},
      {"kueue-job", "default/job:train", "Job.batch", 2},
      {"kueue-pods", "default/train", "pod-group.kueue.x-k8s.io", 2},
      {"leaderworkerset", "default/leaderworkerset:vllm-0", "LeaderWorkerSet.leaderworkerset.x-k8s.io", 2, 2},
      {"mpijob", "default/mpijob:train", "MPIJob.kubeflow.org", 2},
      {"muster", "default/train", "muster.dev", 2},
      {"pytorchjob", "default/pytorchjob:train", "PyTorchJob.kubeflow.org", 3},
      {"raycluster", "default/raycluster:ray", "RayCluster.ray.io", 3},
      {"spark", "default/pi-1", "spark-app-id", 3},
      {"spot-batch", "default/batch", "muster.dev", 4},
      {"statefulset", "default/shards", "muster.dev", 3},
      {"team-quota", "team-a/train", "muster.dev", 2},
      {"training-job", "default/llm", "muster.dev", 4},
      {"trainjob", "default/jobset:train", "JobSet.jobset.x-k8s.io", 2},
      {"vllm-nodes", "default/leaderworkerset:large-0", "LeaderWorkerSet.leaderworkerset.x-k8s.io", 2},
      {"vllm-one-node", "default/chat", "muster.dev", 1},
      {"volcano", "default/train-8f0d6b1e-5f0c-4a52-9d0e-5b0b3a6c1d2e", "PodGroup.scheduling.volcano.sh", 3},
      {"yunikorn", "default/train-1", "task-groups.yunikorn.apache.org", 2},
  };
  return examples;
}

class ManifestExamples : public testing::TestWithParam<Example> {};

TEST_P(ManifestExamples, ArePlannedAsTheGangThatTheyAre) {
  const Example& example = GetParam();
  PlanOptions options;
  options.files = {kFolder + "cluster.yaml", absl::StrCat(kFolder, example.name, ".yaml"),
                   absl::StrCat(kFolder, "pods/", example.name, ".yaml")};
  options.format = PlanFormat::kJson;
  std::ostringstream out;
  std::ostringstream err;
  ASSERT_EQ(Plan(options, out, err), kEverythingFits) << out.str() << err.str();
  const auto gangs = nlohmann::json::parse(out.str()).at("gangs");
  ASSERT_EQ(gangs.size(), example.gangs);
  const auto& gang = gangs.at(0);
  EXPECT_EQ(gang.at("gang"), example.gang);
  EXPECT_EQ(gang.at("declaredBy"), example.declared_by);
  EXPECT_EQ(gang.at("outcome"), "placed");
  EXPECT_EQ(gang.at("seats").size(), example.seats);
}

INSTANTIATE_TEST_SUITE_P(Plan, ManifestExamples, testing::ValuesIn(Examples()), [](const auto& info) {
  std::string name = info.param.name;
  std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
  return name;
});

std::set<std::string> FilesIn(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") names.insert(entry.path().stem());
  }
  return names;
}

TEST(ExamplesFolder, IsPlannedAndListedWhole) {
  std::set<std::string> planned;
  for (const Example& example : Examples()) planned.insert(example.name);
  EXPECT_EQ(FilesIn(kFolder + "pods"), planned);
  std::ostringstream readme;
  readme << std::ifstream(kFolder + "README.md").rdbuf();
  for (const std::string& name : planned) {
    EXPECT_THAT(readme.str(), HasSubstr(absl::StrCat("| [", name, "](", name, ".yaml) |")));
  }
  planned.insert("cluster");
  EXPECT_EQ(FilesIn(kFolder), planned);
}

}  // namespace
}  // namespace muster::cli
