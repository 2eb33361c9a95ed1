// SPDX-License-Identifier: Apache-2.0
// Gangs that follow from the controller that made the pods; labels are those
// that the controllers of the versions named in the ecosystems' files set.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"
#include "test/support/declared.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using test::Decoded;
using test::PodWith;
using testing::ElementsAre;
using testing::HasSubstr;

// LeaderWorkerSet

const Labels kLeader = {{"leaderworkerset.sigs.k8s.io/name", "lws"},
                        {"leaderworkerset.sigs.k8s.io/group-index", "3"},
                        {"leaderworkerset.sigs.k8s.io/worker-index", "0"},
                        {"apps.kubernetes.io/pod-index", "3"}};
const Labels kWorker = {{"leaderworkerset.sigs.k8s.io/name", "lws"},
                        {"leaderworkerset.sigs.k8s.io/worker-index", "2"},
                        {"apps.kubernetes.io/pod-index", "2"}};

TEST(LeaderWorkerSet, AGroupIsAGangThatIsCalledLikeItsLeader) {
  const Pod leader = PodWith("lws-3", kLeader, {{"leaderworkerset.sigs.k8s.io/size", "4"}});
  const Pod worker = PodWith(
      "lws-3-2", kWorker,
      {{"leaderworkerset.sigs.k8s.io/size", "4"}, {"leaderworkerset.sigs.k8s.io/leader-name", "lws-3"}});
  ASSERT_TRUE(leader.membership.has_value());
  EXPECT_EQ(leader.membership->gang.text(), "default/leaderworkerset:lws-3");
  EXPECT_EQ(leader.membership->rank, 0);
  EXPECT_EQ(leader.membership->size, 4);
  EXPECT_EQ(leader.membership->object_id().text(), "default/lws");
  EXPECT_EQ(worker.membership->gang, leader.membership->gang);
  EXPECT_EQ(worker.membership->rank, 2);
}

TEST(LeaderWorkerSet, WithoutASizeIsAProblem) {
  EXPECT_THAT(PodWith("lws-3", kLeader).membership->problem,
              HasSubstr("needs leaderworkerset.sigs.k8s.io/size"));
  EXPECT_THAT(PodWith("lws-3", kLeader, {{"leaderworkerset.sigs.k8s.io/size", "big"}}).membership->problem,
              HasSubstr("leaderworkerset.sigs.k8s.io/size is \"big\""));
}

TEST(LeaderWorkerSet, AnExclusiveTopologyIsOneDomainWithoutOthers) {
  const Pod leader = PodWith("lws-3", kLeader,
                             {{"leaderworkerset.sigs.k8s.io/size", "4"},
                              {"leaderworkerset.sigs.k8s.io/exclusive-topology", "rack"}});
  EXPECT_EQ(leader.membership->topology.required, "rack");
  EXPECT_EQ(leader.membership->topology.exclusive, "rack");
}

TEST(LeaderWorkerSet, KueuesTopologyIsOfTheWholeGroup) {
  const Pod leader = PodWith(
      "lws-3", kLeader,
      {{"leaderworkerset.sigs.k8s.io/size", "4"}, {"kueue.x-k8s.io/podset-required-topology", "rack"}});
  EXPECT_EQ(leader.membership->topology.required, "rack");
}

TEST(LeaderWorkerSet, ASizeOfAWrongTypeIsAProblemOfTheObject) {
  EXPECT_THAT(Decoded(LeaderWorkerSet(), R"({"leaderWorkerTemplate": {"size": "4"}})").problem,
              HasSubstr("/spec/leaderWorkerTemplate/size"));
}

// JobSet

Pod JobSetPod(int job, int index, const Labels& annotations = {}) {
  return PodWith(absl::StrCat("train-w-", job, "-", index),
                 {{"jobset.sigs.k8s.io/jobset-name", "train"},
                  {"jobset.sigs.k8s.io/replicatedjob-name", "w"},
                  {"jobset.sigs.k8s.io/job-index", absl::StrCat(job)},
                  {"batch.kubernetes.io/job-completion-index", absl::StrCat(index)}},
                 annotations);
}

TEST(JobSet, CountsThePodsOfAllJobs) {
  const GangDeclaration declaration = Decoded(JobSet(), R"({"replicatedJobs": [
    {"name": "driver", "template": {"spec": {}}},
    {"name": "w", "replicas": 3, "template": {"spec": {"parallelism": 4, "completions": 2}}}]})");
  EXPECT_EQ(declaration.problem, "");
  EXPECT_EQ(declaration.min_members, 7);
  EXPECT_EQ(declaration.size, 7);
}

TEST(JobSet, OrdersMembersByJobAndThenByIndex) {
  ClusterView view;
  for (const auto& [job, index] : {std::pair{10, 0}, {2, 1}, {2, 0}}) view.Upsert(JobSetPod(job, index));
  std::vector<std::string> order;
  for (const auto& member : AssembleGang(view, GangId("default", "jobset:train")).members)
    order.emplace_back(member->name.name());
  EXPECT_THAT(order, ElementsAre("train-w-2-0", "train-w-2-1", "train-w-10-0"));
}

TEST(JobSet, WaitsForItsObject) {
  ClusterView view;
  view.Upsert(JobSetPod(0, 0));
  EXPECT_EQ(AssembleGang(view, GangId("default", "jobset:train")).waiting_for,
            "JobSet.jobset.x-k8s.io default/train does not exist yet");
}

TEST(JobSet, JobsThatDependOnOthersAreStages) {
  const GangDeclaration declaration = Decoded(JobSet(), R"({"replicatedJobs": [
    {"name": "init", "template": {"spec": {}}},
    {"name": "w", "replicas": 2, "dependsOn": [{"name": "init", "status": "Complete"}], "template": {"spec": {}}}]})");
  ASSERT_EQ(declaration.subgroups.size(), 2u);
  EXPECT_EQ(declaration.subgroups[0].stage, 0);
  EXPECT_EQ(declaration.subgroups[1].stage, 1);
}

TEST(JobSet, AStageThatDoesNotExistYetIsNotPartOfTheMinimum) {
  ClusterView view;
  view.Upsert(Decoded(JobSet(), R"({"startupPolicy": {"startupPolicyOrder": "InOrder"}, "replicatedJobs": [
    {"name": "w", "replicas": 2, "template": {"spec": {}}}, {"name": "last", "replicas": 3, "template": {"spec": {}}}]})"));
  view.Upsert(JobSetPod(0, 0));
  view.Upsert(JobSetPod(1, 0));
  EXPECT_EQ(AssembleGang(view, GangId("default", "jobset:train")).min_members, 2);
  view.Upsert(test::BoundTo(JobSetPod(0, 0), "n0"));
  view.Upsert(test::BoundTo(JobSetPod(1, 0), "n1"));
  const Gang gang = AssembleGang(view, GangId("default", "jobset:train"));
  EXPECT_EQ(gang.min_members, 5);
  EXPECT_THAT(gang.early, ElementsAre(0, 1));
}

TEST(JobSet, AnExclusiveTopologyGivesEveryJobADomain) {
  const Pod pod = JobSetPod(1, 0, {{"alpha.jobset.sigs.k8s.io/exclusive-topology", "rack"}});
  ASSERT_EQ(pod.membership->subgroups.size(), 1u);
  EXPECT_EQ(pod.membership->subgroups[0].name, "w-1");
  EXPECT_EQ(pod.membership->subgroups[0].topology.exclusive, "rack");
}

TEST(JobSet, ObjectsOfWrongTypesNameThePath) {
  EXPECT_THAT(Decoded(JobSet(), R"({})").problem, HasSubstr("/spec/replicatedJobs is missing"));
  EXPECT_THAT(Decoded(JobSet(), R"({"replicatedJobs": [{"name": "w", "replicas": "2"}]})").problem,
              HasSubstr("JobSet.jobset.x-k8s.io default/train: /spec/replicatedJobs/0/replicas is \"2\""));
}

TEST(JobSet, WithNodesChosenBeforehandNoPodOfAJobIsCreatedBeforeTheOthers) {
  const std::string spec =
      R"({"replicatedJobs": [{"name": "w", "template": {"metadata": {"annotations": METADATA},
    "spec": {"parallelism": 2}}}]})";
  const std::string exclusive = R"({"alpha.jobset.sigs.k8s.io/exclusive-topology": "rack"})";
  const std::string chosen =
      R"({"alpha.jobset.sigs.k8s.io/exclusive-topology": "rack", "alpha.jobset.sigs.k8s.io/node-selector": "true"})";
  const auto parts_of = [&](const std::string& of_job, const std::string& of_set) {
    std::string text = spec;
    text.replace(text.find("METADATA"), 8, of_job);
    return Decoded(JobSet(), text, {{"annotations", json::parse(of_set)}}).subgroups.size();
  };
  EXPECT_EQ(parts_of(exclusive, "{}"), 2u);
  EXPECT_EQ(parts_of("{}", exclusive), 2u);
  EXPECT_EQ(parts_of(chosen, "{}"), 1u);
  EXPECT_EQ(parts_of("{}", chosen), 1u);
  EXPECT_EQ(parts_of(exclusive, chosen), 1u);
}

// Kubeflow

TEST(Kubeflow, EachOperatorHasItsKind) {
  const auto declared_by = [](const std::string& made_by) {
    return Recognise(
               {"ml",
                "p",
                {{"training.kubeflow.org/job-name", "j"}, {"training.kubeflow.org/operator-name", made_by}},
                {},
                ""})
        ->declared_by;
  };
  EXPECT_EQ(declared_by("pytorchjob-controller"), "PyTorchJob.kubeflow.org");
  EXPECT_EQ(declared_by("tfjob-controller"), "TFJob.kubeflow.org");
  EXPECT_EQ(declared_by("mpijob-controller"), "MPIJob.kubeflow.org");
  EXPECT_EQ(declared_by("mpi-operator"), "MPIJob.kubeflow.org");
  EXPECT_EQ(declared_by("xgboostjob-controller"), "XGBoostJob.kubeflow.org");
  EXPECT_EQ(declared_by("paddlejob-controller"), "PaddleJob.kubeflow.org");
  EXPECT_EQ(declared_by("mxjob-controller"), "MXJob.kubeflow.org");
  EXPECT_EQ(declared_by("jaxjob-controller"), "JAXJob.kubeflow.org");
}

TEST(Kubeflow, AWorkerHasItsTypeAsRoleAndItsIndexAsRank) {
  const auto membership = Recognise({"ml",
                                     "p",
                                     {{"training.kubeflow.org/job-name", "j"},
                                      {"training.kubeflow.org/operator-name", "pytorchjob-controller"},
                                      {"training.kubeflow.org/replica-type", "worker"},
                                      {"training.kubeflow.org/replica-index", "4"}},
                                     {},
                                     ""});
  EXPECT_EQ(membership->role, "worker");
  EXPECT_EQ(membership->rank, 4);
}

TEST(Kubeflow, RanksOfWorkersBeginWithTheFirstWhereTheLauncherIsAWorkerToo) {
  const auto rank = [](const std::string& name, const std::string& role, const std::string& index) {
    return Recognise({"ml",
                      name,
                      {{"training.kubeflow.org/job-name", "j"},
                       {"training.kubeflow.org/operator-name", "mpi-operator"},
                       {"training.kubeflow.org/job-role", role},
                       {"training.kubeflow.org/replica-index", index}},
                      {},
                      ""})
        ->rank;
  };
  EXPECT_EQ(rank("j-launcher-x", "launcher", "0"), 0);
  EXPECT_EQ(rank("j-worker-0", "worker", "1"), 0);
  EXPECT_EQ(rank("j-worker-9", "worker", "10"), 9);
  EXPECT_EQ(rank("j-worker-1", "worker", "1"), 1);
}

TEST(Kubeflow, TheMinimumIsAllReplicasOrWhatThePolicySays) {
  const std::string replicas = R"("pytorchReplicaSpecs": {"Master": {}, "Worker": {"replicas": 3}})";
  EXPECT_EQ(Decoded(PyTorchJob(), "{" + replicas + "}").min_members, 4);
  EXPECT_EQ(
      Decoded(PyTorchJob(), "{" + replicas + R"(, "runPolicy": {"schedulingPolicy": {"minAvailable": 2}}})")
          .min_members,
      2);
  EXPECT_THAT(
      Decoded(PyTorchJob(), "{" + replicas + R"(, "runPolicy": {"schedulingPolicy": {"minAvailable": 5}}})")
          .problem,
      HasSubstr("/spec/runPolicy/schedulingPolicy/minAvailable is 5; want a whole number from 1 to 4"));
  EXPECT_THAT(Decoded(PyTorchJob(), R"({"pytorchReplicaSpecs": {"Worker": {"replicas": -1}}})").problem,
              HasSubstr("/spec/pytorchReplicaSpecs/Worker/replicas is -1"));
  EXPECT_THAT(Decoded(PyTorchJob(), R"({"pytorchReplicaSpecs": []})").problem,
              HasSubstr("/spec/pytorchReplicaSpecs is []"));
}

TEST(Kubeflow, TheTimeoutOfThePolicyIsTheDeadline) {
  const auto decoded = [](const std::string& timeout) {
    return Decoded(
        PyTorchJob(),
        R"({"pytorchReplicaSpecs": {"Worker": {}}, "runPolicy": {"schedulingPolicy": {"scheduleTimeoutSeconds": )" +
            timeout + "}}}");
  };
  EXPECT_EQ(decoded("90").deadline, absl::Seconds(90));
  EXPECT_EQ(decoded("0").deadline, std::nullopt);
  EXPECT_THAT(decoded("-1").problem,
              HasSubstr("/spec/runPolicy/schedulingPolicy/scheduleTimeoutSeconds is -1"));
}

TEST(Kubeflow, AnMpiLauncherThatWaitsForWorkersIsALaterStage) {
  const GangDeclaration declaration = Decoded(MpiJob(), R"({"launcherCreationPolicy": "WaitForWorkersReady",
    "mpiReplicaSpecs": {"Launcher": {"replicas": 1}, "Worker": {"replicas": 2}}})");
  ASSERT_EQ(declaration.subgroups.size(), 2u);
  EXPECT_EQ(declaration.subgroups[0].role, "launcher");
  EXPECT_EQ(declaration.subgroups[0].stage, 1);
  EXPECT_EQ(declaration.subgroups[1].stage, 0);
}

// Spark

TEST(Spark, TheDriverSaysHowManyExecutorsCome) {
  const Labels driver = {{"spark-app-id", "a"}, {"spark-role", "driver"}};
  EXPECT_EQ(PodWith("d", driver, {{"spark-executor-count", "4"}}).membership->size, 5);
  const Pod dynamic = PodWith(
      "d", driver,
      {{"spark-dynamic-allocation-enabled", "true"}, {"spark-dynamic-allocation-min-executor-count", "2"}});
  EXPECT_EQ(dynamic.membership->min_members, 3);
  EXPECT_EQ(dynamic.membership->size, std::nullopt);
  EXPECT_THAT(PodWith("d", driver).membership->problem, HasSubstr("needs spark-executor-count"));
  EXPECT_THAT(PodWith("d", driver, {{"spark-executor-count", "few"}}).membership->problem,
              HasSubstr("spark-executor-count is \"few\""));
}

TEST(Spark, PodsOfSparkThatDeclareNothingAreNoGang) {
  EXPECT_EQ(PodWith("d", {{"spark-app-selector", "a"}, {"spark-role", "driver"}}).membership, std::nullopt);
}

TEST(Precedence, WhatNamesAGangGoesBeforeWhatFollowsFromAController) {
  Labels labels = kLeader;
  labels["muster.dev/gang"] = "mine";
  labels["muster.dev/gang-size"] = "2";
  const Pod pod = PodWith(
      "lws-3", labels, {{"leaderworkerset.sigs.k8s.io/size", "4"}, {"scheduling.k8s.io/group-name", "pg"}});
  EXPECT_EQ(pod.membership->declared_by, "PodGroup.scheduling.volcano.sh");
  EXPECT_THAT(pod.membership->ignored, ElementsAre("muster.dev", "LeaderWorkerSet.leaderworkerset.x-k8s.io"));
}

}  // namespace
}  // namespace muster::declare
