// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

Json PodWith(const Json& spec) {
  return {{"metadata", {{"name", "p"}, {"namespace", "ns"}, {"uid", "u"}}}, {"spec", spec}};
}
Json Container(const Json& requests) { return {{"name", "c"}, {"resources", {{"requests", requests}}}}; }

// The pod's CPU in millicores and its GPUs.
struct RequestsCase {
  std::string name;
  Json spec;
  int64_t cpu_millis;
  int64_t gpus;
};
void PrintTo(const RequestsCase& c, std::ostream* out) { *out << c.name; }

class PodRequestsOf : public testing::TestWithParam<RequestsCase> {};

TEST_P(PodRequestsOf, AreWhatKubeSchedulerCounts) {
  const auto pod = DecodePod(PodWith(GetParam().spec));
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->shape.requests.cpu_millis, GetParam().cpu_millis);
  EXPECT_EQ(pod->shape.requests.Get("nvidia.com/gpu"), GetParam().gpus);
  EXPECT_EQ(pod->shape.requests.pods, 1);
}

Json Init(const Json& requests, const char* restart) {
  Json container = Container(requests);
  if (restart != nullptr) container["restartPolicy"] = restart;
  return container;
}

INSTANTIATE_TEST_SUITE_P(
    Objects, PodRequestsOf,
    testing::Values(
        RequestsCase{"NoRequests", {{"containers", {Container(Json::object())}}}, 0, 0},
        RequestsCase{"SumOfContainers",
                     {{"containers",
                       {Container({{"cpu", "500m"}, {"nvidia.com/gpu", 1}}), Container({{"cpu", "1.5"}})}}},
                     2000,
                     1},
        RequestsCase{
            "LimitsWhereRequestsAreMissing",
            {{"containers",
              {{{"name", "c"},
                {"resources",
                 {{"limits", {{"cpu", "2"}, {"nvidia.com/gpu", "8"}}}, {"requests", {{"cpu", "1"}}}}}}}}},
            1000,
            8},
        RequestsCase{"LargestInitContainerWhereThatIsMore",
                     {{"containers", {Container({{"cpu", "1"}})}},
                      {"initContainers", {Init({{"cpu", "3"}}, nullptr), Init({{"cpu", "2"}}, nullptr)}}},
                     3000,
                     0},
        RequestsCase{"SidecarsBesideContainers",
                     {{"containers", {Container({{"cpu", "1"}})}},
                      {"initContainers", {Init({{"cpu", "2"}}, "Always")}}},
                     3000,
                     0},
        RequestsCase{"InitContainersBesideTheSidecarsBeforeThem",
                     {{"containers", {Container({{"cpu", "1"}})}},
                      {"initContainers", {Init({{"cpu", "2"}}, "Always"), Init({{"cpu", "4"}}, nullptr)}}},
                     6000,
                     0},
        RequestsCase{"RequestsOfThePodAsAWhole",
                     {{"containers", {Container({{"cpu", "1"}, {"nvidia.com/gpu", 2}})}},
                      {"resources", {{"requests", {{"cpu", "5"}}}}}},
                     5000,
                     2},
        RequestsCase{"OverheadOnTop",
                     {{"containers", {Container({{"cpu", "1"}})}}, {"overhead", {{"cpu", "250m"}}}},
                     1250,
                     0}),
    [](const auto& info) { return info.param.name; });

TEST(DecodePod, ReadsWhatPlacementNeeds) {
  const Json json = Json::parse(R"({
    "metadata": {"name": "w-0", "namespace": "ml", "uid": "u1", "resourceVersion": "42",
      "creationTimestamp": "2026-01-02T03:04:05Z", "deletionTimestamp": "2026-01-02T03:04:06Z",
      "labels": {"muster.dev/gang": "train", "muster.dev/gang-size": "4"},
      "annotations": {"batch.kubernetes.io/job-completion-index": "3"},
      "ownerReferences": [{"kind": "Job", "controller": true}]},
    "spec": {"schedulerName": "gpu", "priority": 7, "nodeName": "n1", "nodeSelector": {"a": "b"},
      "schedulingGates": [{"name": "x"}],
      "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]}}},
      "tolerations": [{"key": "t", "operator": "Exists", "effect": "NoSchedule"}],
      "containers": [{"name": "c"}]},
    "status": {"phase": "Running", "nominatedNodeName": "n2"}})");
  const auto pod = DecodePod(json);
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->name.text(), "ml/w-0");
  EXPECT_EQ(pod->resource_version, "42");
  EXPECT_TRUE(pod->deleting);
  EXPECT_TRUE(pod->has_controller);
  EXPECT_TRUE(pod->started);
  EXPECT_EQ(pod->scheduler_name, "gpu");
  EXPECT_EQ(pod->priority, 7);
  EXPECT_EQ(pod->node.text(), "n1");
  EXPECT_EQ(pod->nominated.text(), "n2");
  EXPECT_THAT(pod->gates, testing::ElementsAre("x"));
  EXPECT_EQ(pod->shape.node_selector.at("a"), "b");
  ASSERT_EQ(pod->shape.required_affinity->size(), 1u);
  EXPECT_EQ(pod->shape.tolerations[0].op, Toleration::Op::kExists);
  EXPECT_EQ(pod->membership->gang.text(), "ml/train");
  EXPECT_EQ(pod->membership->size, 4);
  EXPECT_EQ(pod->membership->rank, 3);
}

// Why a pod failed, and whether kubelet did not admit it.
struct RejectedCase {
  std::string name;
  Json status;
  std::string rejected;
};
void PrintTo(const RejectedCase& c, std::ostream* out) { *out << c.name; }

class FailedPod : public testing::TestWithParam<RejectedCase> {};

TEST_P(FailedPod, WasRejectedOrHasRun) {
  Json json = PodWith({{"containers", {Container(Json::object())}}});
  json["status"] = GetParam().status;
  json["status"]["phase"] = "Failed";
  const auto pod = DecodePod(json);
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->rejected, GetParam().rejected);
  EXPECT_EQ(pod->started, GetParam().rejected.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Objects, FailedPod,
    testing::Values(
        RejectedCase{"OutOfAnyResource", {{"reason", "OutOfnvidia.com/gpu"}}, "OutOfnvidia.com/gpu"},
        RejectedCase{"Admission", {{"reason", "UnexpectedAdmissionError"}}, "UnexpectedAdmissionError"},
        RejectedCase{"Topology", {{"reason", "TopologyAffinityError"}}, "TopologyAffinityError"},
        RejectedCase{"NodeAffinity", {{"reason", "NodeAffinity"}}, "NodeAffinity"},
        RejectedCase{"AnyReasonWithTheMessageOfKubelet",
                     {{"reason", "Evicted"},
                      {"message", "Pod was rejected: The node had condition: [DiskPressure]. "}},
                     "Evicted"},
        RejectedCase{"EvictedWhileItRan",
                     {{"reason", "Evicted"}, {"message", "The node was low on resource: memory."}},
                     ""},
        RejectedCase{"ItsContainersFailed", Json::object(), ""}),
    [](const auto& info) { return info.param.name; });

TEST(DecodePod, ReadsUnsetPointersThatArriveAsNull) {
  const Json json = {{"metadata", {{"name", "p"}, {"labels", nullptr}, {"ownerReferences", nullptr}}},
                     {"spec", {{"containers", nullptr}, {"affinity", nullptr}, {"tolerations", nullptr}}},
                     {"status", nullptr}};
  EXPECT_TRUE(DecodePod(json).ok()) << DecodePod(json).status();
}

struct WrongCase {
  std::string name;
  Json json;
  std::string want;
};
void PrintTo(const WrongCase& c, std::ostream* out) { *out << c.name; }

class WrongPod : public testing::TestWithParam<WrongCase> {};

TEST_P(WrongPod, IsAnErrorThatNamesTheField) {
  const auto pod = DecodePod(GetParam().json);
  ASSERT_EQ(pod.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pod.status().message()), HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(Objects, WrongPod,
                         testing::Values(WrongCase{"NotAnObject", Json::array(), "want an object, got array"},
                                         WrongCase{"NoName", Json::object(), "/metadata/name"},
                                         WrongCase{"LabelsOfAnotherType",
                                                   {{"metadata", {{"name", "p"}, {"labels", 3}}}},
                                                   "/metadata/labels"}),
                         [](const auto& info) { return info.param.name; });

class UnmodelledPod : public testing::TestWithParam<WrongCase> {};

TEST_P(UnmodelledPod, IsCountedAndSaysWhatCantBeRead) {
  const auto pod = DecodePod(GetParam().json);
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_THAT(pod->shape.unmodelled, HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Objects, UnmodelledPod,
    testing::Values(WrongCase{"ContainersOfAnotherType", PodWith({{"containers", "x"}}),
                              "/spec/containers: want an array"},
                    WrongCase{"NegativeQuantity", PodWith({{"containers", {Container({{"cpu", "-1"}})}}}),
                              "/spec/containers/0/resources/requests/cpu: quantity \"-1\" is negative"},
                    WrongCase{"UnknownOperator", PodWith({{"tolerations", {{{"operator", "Sometimes"}}}}}),
                              "/spec/tolerations/0/operator: unknown operator \"Sometimes\""}),
    [](const auto& info) { return info.param.name; });

TEST(DecodePod, ABoundPodWhoseRequestsCantBeReadTakesTheWholeNode) {
  Json json = PodWith({{"containers", {Container({{"cpu", "lots"}})}}, {"nodeName", "n"}});
  EXPECT_EQ(DecodePod(json)->shape.requests.pods, kWholeNode);
  json["spec"].erase("nodeName");
  EXPECT_EQ(DecodePod(json)->shape.requests.pods, 1);
}

TEST(DecodePod, TolerationsThatCompareTolerateNothing) {
  const auto pod =
      DecodePod(PodWith({{"tolerations", {{{"key", "k"}, {"operator", "Gt"}, {"value", "1"}}}}}));
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->shape.unmodelled, "");
  EXPECT_FALSE(Tolerates(pod->shape.tolerations[0], Taint{"k", "1", TaintEffect::kNoSchedule}));
}

// A pod of one container "c" that asks for 2 CPUs, with a status.
struct ResizeCase {
  std::string name;
  Json status;
  int64_t cpu_millis;
};
void PrintTo(const ResizeCase& c, std::ostream* out) { *out << c.name; }

class ResizedPod : public testing::TestWithParam<ResizeCase> {};

TEST_P(ResizedPod, CountsAsKubeSchedulerCountsIt) {
  Json json = PodWith({{"nodeName", "n"},
                       {"containers", {Container({{"cpu", "2"}})}},
                       {"initContainers", {{{"name", "i"}, {"resources", {{"requests", {{"cpu", "1"}}}}}}}}});
  json["status"] = GetParam().status;
  const auto pod = DecodePod(json);
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->shape.requests.cpu_millis, GetParam().cpu_millis) << json.dump();
}

Json ContainerStatus(const char* allocated, const char* actuated) {
  Json status = {{"name", "c"}};
  if (allocated != nullptr) status["allocatedResources"] = {{"cpu", allocated}};
  if (actuated != nullptr) status["resources"] = {{"requests", {{"cpu", actuated}}}};
  return {{"containerStatuses", {status}}};
}

Json Infeasible(Json status) {
  status["conditions"] = {{{"type", "PodResizePending"}, {"status", "True"}, {"reason", "Infeasible"}}};
  return status;
}

INSTANTIATE_TEST_SUITE_P(
    Objects, ResizedPod,
    testing::Values(ResizeCase{"WithoutAStatusTheSpec", Json::object(), 2000},
                    ResizeCase{"ShrinkingWhatItRunsWith", ContainerStatus("2", "4"), 4000},
                    ResizeCase{"ShrinkingWhatIsAllocated", ContainerStatus("3", "1"), 3000},
                    ResizeCase{"GrowingWhatItAsksFor", ContainerStatus("1", "1"), 2000},
                    ResizeCase{"InfeasibleWithoutTheSpec", Infeasible(ContainerStatus("1", "1")), 1000}),
    [](const auto& info) { return info.param.name; });

// Whatever a value is replaced by, decoding ends with a pod or an error.
TEST(DecodePod, SurvivesAnyValueAnywhere) {
  const Json good = Json::parse(
      R"({"metadata": {"name": "w", "labels": {"muster.dev/gang": "g", "muster.dev/gang-size": "4"},
    "ownerReferences": [{"controller": true}]}, "spec": {"priority": 1, "containers": [{"resources": {"requests": {"cpu": "1"},
    "limits": {"memory": "1Gi"}}}], "initContainers": [{"restartPolicy": "Always"}], "tolerations": [{"key": "a"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions":
    [{"key": "k", "operator": "Gt", "values": ["3"]}]}]}}}}, "status": {"containerStatuses": [{"state": {"running": {}}}]}})");
  const std::vector<Json> odd = {nullptr,
                                 true,
                                 -1,
                                 1e300,
                                 "",
                                 "\xff",
                                 Json::array(),
                                 Json::object(),
                                 Json::array({Json::array()}),
                                 std::string(100'000, 'x')};
  const Json flat = good.flatten();
  std::mt19937 random(3);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Json changed = good;
    auto at = flat.begin();
    std::advance(at, random() % flat.size());
    Json::json_pointer pointer(at.key());
    for (auto up = random() % 4; up > 0 && !pointer.empty(); --up) pointer.pop_back();
    changed[pointer] = odd[random() % odd.size()];
    accepted += DecodePod(changed).ok() ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

}  // namespace
}  // namespace muster
