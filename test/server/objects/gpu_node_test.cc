// SPDX-License-Identifier: Apache-2.0
// Nodes with GPUs as their device plugins, GPU Feature Discovery and clouds
// publish them.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

absl::string_view Word(GpuPool::Kind kind) {
  switch (kind) {
    case GpuPool::Kind::kWhole:
      return "whole";
    case GpuPool::Kind::kMig:
      return "mig";
    case GpuPool::Kind::kVirtual:
      return "virtual";
    case GpuPool::Kind::kPlain:
      return "plain";
  }
  return "";
}

// One line for the node and one for each pool, without "nvidia.com/".
std::string Describe(const Node& node) {
  if (!node.gpus.has_value()) return "no GPUs";
  const GpuInventory& gpus = *node.gpus;
  std::string text = absl::StrCat(
      gpus.product.empty() ? "?" : gpus.product, gpus.one_product ? "" : " and others", " ", gpus.gpus, " x ",
      gpus.memory_mib, " MiB", gpus.mig_geometry.empty() ? "" : " cut as ", gpus.mig_geometry);
  for (const GpuPool& pool : gpus.pools) {
    absl::string_view name = pool.resource;
    absl::ConsumePrefix(&name, "nvidia.com/");
    absl::StrAppend(&text, "; ", name, " ", pool.units, " ", Word(pool.kind), pool.profile.empty() ? "" : " ",
                    pool.profile, pool.shared() ? absl::StrCat(" for ", pool.sharers) : "", " ",
                    pool.memory_mib, " MiB");
  }
  return text;
}

std::vector<std::string> Problems(const Node& node) {
  std::vector<std::string> problems;
  if (!node.gpus.has_value()) return problems;
  for (const GpuProblem& problem : node.gpus->problems) {
    problems.push_back(absl::StrCat(Word(problem.kind), ": ", problem.text));
  }
  return problems;
}

// A node with these labels, the short ones below nvidia.com/.
Node Decoded(const Json& labels, const Json& allocatable, const Json& capacity = nullptr) {
  Json all = {{"kubernetes.io/hostname", "gpu-1"}, {"nvidia.com/gpu.present", "true"}};
  for (const auto& [key, value] : labels.items()) {
    all[key.find('/') == std::string::npos ? "nvidia.com/" + key : key] = value;
  }
  Json status = {{"allocatable", {{"cpu", "128"}, {"memory", "1Ti"}, {"pods", "110"}}}};
  status["capacity"] = status["allocatable"];
  status["allocatable"].update(allocatable);
  status["capacity"].update(capacity.is_null() ? allocatable : capacity);
  const absl::StatusOr<Node> node =
      DecodeNode(nlohmann::json{{"metadata", {{"name", "gpu-1"}, {"labels", all}}}, {"status", status}});
  EXPECT_TRUE(node.ok()) << node.status();
  return node.value_or(Node());
}

struct Published {
  std::string name;
  Json labels;
  Json allocatable;
  std::string read;
};
void PrintTo(const Published& published, std::ostream* out) { *out << published.name; }

class GpuNode : public testing::TestWithParam<Published> {};

TEST_P(GpuNode, IsReadAsPublished) {
  const Node node = Decoded(GetParam().labels, GetParam().allocatable);
  EXPECT_EQ(Describe(node), GetParam().read);
  EXPECT_THAT(Problems(node), IsEmpty());
}

Json Gfd(const std::string& product, int memory, int count, const std::string& family,
         const std::string& strategy = "single", const Json& more = Json::object()) {
  Json labels = {{"gpu.product", product},
                 {"gpu.memory", std::to_string(memory)},
                 {"gpu.count", std::to_string(count)},
                 {"gpu.replicas", "1"},
                 {"gpu.family", family},
                 {"gpu.machine", "DGXA100-920-23687-2530-000"},
                 {"gpu.mode", "compute"},
                 {"gpu.sharing-strategy", "none"},
                 {"mig.capable", "true"},
                 {"mig.strategy", strategy},
                 {"mps.capable", "false"},
                 {"gfd.timestamp", "1760000000"},
                 {"gpu.deploy.device-plugin", "true"},
                 {"mig.config", "all-disabled"},
                 {"mig.config.state", "success"}};
  labels.update(more);
  return labels;
}

// The labels of one profile under strategy mixed.
Json Mixed(const std::string& product, const std::string& profile, int count, int memory) {
  const std::string prefix = "mig-" + profile + ".";
  return {{prefix + "count", std::to_string(count)},   {prefix + "product", product + "-MIG-" + profile},
          {prefix + "memory", std::to_string(memory)}, {prefix + "replicas", "1"},
          {prefix + "sharing-strategy", "none"},       {prefix + "slices.gi", profile.substr(0, 1)}};
}

Json Together(std::initializer_list<Json> parts) {
  Json all = Json::object();
  for (const Json& part : parts) all.update(part);
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Whole, GpuNode,
    testing::Values(
        Published{"A100-40",
                  Gfd("NVIDIA-A100-SXM4-40GB", 40960, 8, "ampere"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-A100-SXM4-40GB 8 x 40960 MiB cut as A100-40GB; gpu 8 whole 40960 MiB"},
        Published{"A100-80",
                  Gfd("NVIDIA-A100-SXM4-80GB", 81920, 8, "ampere"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-A100-SXM4-80GB 8 x 81920 MiB cut as A100-80GB; gpu 8 whole 81920 MiB"},
        Published{"H100-80",
                  Gfd("NVIDIA-H100-80GB-HBM3", 81559, 8, "hopper"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-H100-80GB-HBM3 8 x 81559 MiB cut as H100-80GB; gpu 8 whole 81559 MiB"},
        Published{"H100-94",
                  Gfd("NVIDIA-H100-NVL", 95830, 4, "hopper"),
                  {{"nvidia.com/gpu", "4"}},
                  "NVIDIA-H100-NVL 4 x 95830 MiB cut as H100-94GB; gpu 4 whole 95830 MiB"},
        Published{"H200",
                  Gfd("NVIDIA-H200", 143771, 8, "hopper"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-H200 8 x 143771 MiB cut as H200-141GB; gpu 8 whole 143771 MiB"},
        Published{"B200",
                  Gfd("NVIDIA-B200", 183359, 8, "blackwell"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-B200 8 x 183359 MiB cut as B200-180GB; gpu 8 whole 183359 MiB"},
        Published{"A30",
                  Gfd("NVIDIA-A30", 24576, 4, "ampere"),
                  {{"nvidia.com/gpu", "4"}},
                  "NVIDIA-A30 4 x 24576 MiB cut as A30-24GB; gpu 4 whole 24576 MiB"},
        Published{"RtxPro6000",
                  Gfd("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", 97887, 8, "blackwell"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition 8 x 97887 MiB cut as RTX-PRO-6000-96GB; gpu "
                  "8 whole 97887 MiB"},
        Published{"T4",
                  Gfd("Tesla-T4", 15360, 4, "turing", "none", {{"mig.capable", "false"}}),
                  {{"nvidia.com/gpu", "4"}},
                  "Tesla-T4 4 x 15360 MiB; gpu 4 whole 15360 MiB"},
        Published{"OldDriverName",
                  Gfd("A100-SXM4-40GB", 40536, 8, "ampere"),
                  {{"nvidia.com/gpu", "8"}},
                  "A100-SXM4-40GB 8 x 40536 MiB cut as A100-40GB; gpu 8 whole 40536 MiB"},
        Published{"NoLabels", Json::object(), {{"nvidia.com/gpu", "8"}}, "? 0 x 0 MiB; gpu 8 whole 0 MiB"},
        Published{"NoGpus", Json::object(), Json::object(), "no GPUs"}),
    [](const auto& info) { return testing::PrintToString(info.index); });

INSTANTIATE_TEST_SUITE_P(
    Mig, GpuNode,
    testing::Values(
        Published{"None",
                  Gfd("NVIDIA-A100-SXM4-40GB", 40960, 8, "ampere", "none"),
                  {{"nvidia.com/gpu", "8"}},
                  "NVIDIA-A100-SXM4-40GB 8 x 40960 MiB cut as A100-40GB; gpu 8 whole 40960 MiB"},
        Published{"Single",
                  Gfd("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", 4864, 56, "ampere", "single",
                      {{"mig.config", "all-1g.5gb"}, {"gpu.slices.gi", "1"}}),
                  {{"nvidia.com/gpu", "56"}},
                  "NVIDIA-A100-SXM4-40GB 0 x 38146 MiB cut as A100-40GB; gpu 56 mig 1g.5gb 4864 MiB"},
        Published{
            "Mixed",
            Together({Gfd("NVIDIA-H100-80GB-HBM3", 81559, 8, "hopper", "mixed"),
                      {{"gpu.replicas", "0"}, {"mig.config", "all-balanced"}},
                      Mixed("NVIDIA-H100-80GB-HBM3", "1g.10gb", 16, 9984),
                      Mixed("NVIDIA-H100-80GB-HBM3", "2g.20gb", 8, 20096),
                      Mixed("NVIDIA-H100-80GB-HBM3", "3g.40gb", 8, 40448)}),
            {{"nvidia.com/gpu", "0"},
             {"nvidia.com/mig-1g.10gb", "16"},
             {"nvidia.com/mig-2g.20gb", "8"},
             {"nvidia.com/mig-3g.40gb", "8"}},
            "NVIDIA-H100-80GB-HBM3 8 x 81559 MiB cut as H100-80GB; gpu 0 whole 81559 MiB; mig-1g.10gb 16 mig "
            "1g.10gb 9984 MiB; mig-2g.20gb 8 mig 2g.20gb 20096 MiB; mig-3g.40gb 8 mig 3g.40gb 40448 MiB"},
        Published{
            "MixedBesideWhole",
            Together({Gfd("NVIDIA-A100-SXM4-80GB", 81920, 8, "ampere", "mixed"),
                      Mixed("NVIDIA-A100-SXM4-80GB", "1g.10gb", 14, 9728)}),
            {{"nvidia.com/gpu", "6"}, {"nvidia.com/mig-1g.10gb", "14"}},
            "NVIDIA-A100-SXM4-80GB 8 x 81920 MiB cut as A100-80GB; gpu 6 whole 81920 MiB; mig-1g.10gb 14 mig "
            "1g.10gb 9728 MiB"},
        Published{"MediaExtension",
                  Together({Gfd("NVIDIA-A100-SXM4-40GB", 40960, 1, "ampere", "mixed"),
                            Mixed("NVIDIA-A100-SXM4-40GB", "1g.5gb.me", 1, 4864)}),
                  {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-1g.5gb.me", "1"}},
                  "NVIDIA-A100-SXM4-40GB 1 x 40960 MiB cut as A100-40GB; gpu 0 whole 40960 MiB; "
                  "mig-1g.5gb.me 1 mig "
                  "1g.5gb.me 4864 MiB"},
        Published{
            "RtxPro6000WithoutMedia",
            Together({Gfd("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", 97887, 2, "blackwell", "mixed"),
                      Mixed("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "1g.24gb-me", 8, 24192)}),
            {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-1g.24gb-me", "8"}},
            "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition 2 x 97887 MiB cut as RTX-PRO-6000-96GB; gpu 0 "
            "whole "
            "97887 MiB; mig-1g.24gb-me 8 mig 1g.24gb-me 24192 MiB"},
        Published{
            "A30Mixed",
            Together({Gfd("NVIDIA-A30", 24576, 1, "ampere", "mixed"), Mixed("NVIDIA-A30", "1g.6gb", 2, 5836),
                      Mixed("NVIDIA-A30", "2g.12gb", 1, 11672)}),
            {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-1g.6gb", "2"}, {"nvidia.com/mig-2g.12gb", "1"}},
            "NVIDIA-A30 1 x 24576 MiB cut as A30-24GB; gpu 0 whole 24576 MiB; mig-1g.6gb 2 mig 1g.6gb 5836 "
            "MiB; mig-2g.12gb 1 mig 2g.12gb 11672 MiB"}),
    [](const auto& info) { return testing::PrintToString(info.index); });

INSTANTIATE_TEST_SUITE_P(
    Shared, GpuNode,
    testing::Values(
        Published{"TimeSlicing",
                  Gfd("Tesla-T4-SHARED", 15360, 2, "turing", "none",
                      {{"gpu.replicas", "4"}, {"gpu.sharing-strategy", "time-slicing"}}),
                  {{"nvidia.com/gpu", "8"}},
                  "Tesla-T4 2 x 15360 MiB; gpu 8 whole for 4 3840 MiB"},
        Published{"TimeSlicingRenamed",
                  Gfd("Tesla-T4", 15360, 2, "turing", "none",
                      {{"gpu.replicas", "4"}, {"gpu.sharing-strategy", "time-slicing"}}),
                  {{"nvidia.com/gpu", "0"}, {"nvidia.com/gpu.shared", "8"}},
                  "Tesla-T4 2 x 15360 MiB; gpu 0 whole 15360 MiB; gpu.shared 8 whole for 4 3840 MiB"},
        Published{"Mps",
                  Gfd("NVIDIA-A100-SXM4-80GB-SHARED", 81920, 8, "ampere", "none",
                      {{"gpu.replicas", "10"}, {"gpu.sharing-strategy", "mps"}, {"mps.capable", "true"}}),
                  {{"nvidia.com/gpu", "80"}},
                  "NVIDIA-A100-SXM4-80GB 8 x 81920 MiB cut as A100-80GB; gpu 80 whole for 10 8192 MiB"},
        Published{"SingleMigShared",
                  Gfd("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb-SHARED", 4864, 7, "ampere", "single",
                      {{"gpu.replicas", "2"}, {"gpu.sharing-strategy", "time-slicing"}}),
                  {{"nvidia.com/gpu", "14"}},
                  "NVIDIA-A100-SXM4-40GB 0 x 38146 MiB cut as A100-40GB; gpu 14 mig 1g.5gb for 2 2432 MiB"},
        Published{
            "MixedMigShared",
            Together({Gfd("NVIDIA-A100-SXM4-40GB", 40960, 1, "ampere", "mixed"),
                      Mixed("NVIDIA-A100-SXM4-40GB", "3g.20gb", 2, 19968),
                      {{"mig-3g.20gb.replicas", "4"}, {"mig-3g.20gb.sharing-strategy", "time-slicing"}}}),
            {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-3g.20gb.shared", "8"}},
            "NVIDIA-A100-SXM4-40GB 1 x 40960 MiB cut as A100-40GB; gpu 0 whole 40960 MiB; mig-3g.20gb.shared "
            "8 "
            "mig 3g.20gb for 4 4992 MiB"},
        Published{"Virtual",
                  Gfd("NVIDIA-A40-48Q", 49152, 2, "ampere", "none",
                      {{"vgpu.present", "true"}, {"vgpu.host-driver-branch", "r535_00"}}),
                  {{"nvidia.com/gpu", "2"}},
                  "NVIDIA-A40-48Q 2 x 49152 MiB; gpu 2 virtual 49152 MiB"},
        Published{"VirtualOfAProductThatCanBeCut",
                  Gfd("GRID-A100-40C", 40960, 1, "ampere", "none", {{"vgpu.present", "true"}}),
                  {{"nvidia.com/gpu", "1"}},
                  "GRID-A100-40C 1 x 40960 MiB; gpu 1 virtual 40960 MiB"}),
    [](const auto& info) { return testing::PrintToString(info.index); });

INSTANTIATE_TEST_SUITE_P(
    Clouds, GpuNode,
    testing::Values(
        Published{"Gke",
                  {{"cloud.google.com/gke-accelerator", "nvidia-h100-80gb"}},
                  {{"nvidia.com/gpu", "8"}},
                  "nvidia-h100-80gb 0 x 76293 MiB cut as H100-80GB; gpu 8 whole 76293 MiB"},
        Published{"GkePartition",
                  {{"cloud.google.com/gke-accelerator", "nvidia-tesla-a100"},
                   {"cloud.google.com/gke-gpu-partition-size", "1g.5gb"}},
                  {{"nvidia.com/gpu", "7"}},
                  "nvidia-tesla-a100 0 x 38146 MiB cut as A100-40GB; gpu 7 mig 1g.5gb 0 MiB"},
        Published{"GkeTimeSharing",
                  {{"cloud.google.com/gke-accelerator", "nvidia-tesla-t4"},
                   {"cloud.google.com/gke-gpu-sharing-strategy", "time-sharing"},
                   {"cloud.google.com/gke-max-shared-clients-per-gpu", "3"}},
                  {{"nvidia.com/gpu", "3"}},
                  "nvidia-tesla-t4 0 x 0 MiB; gpu 3 whole for 3 0 MiB"},
        Published{"Karpenter",
                  {{"karpenter.k8s.aws/instance-gpu-manufacturer", "nvidia"},
                   {"karpenter.k8s.aws/instance-gpu-name", "a100"},
                   {"karpenter.k8s.aws/instance-gpu-count", "8"},
                   {"karpenter.k8s.aws/instance-gpu-memory", "40960"}},
                  {{"nvidia.com/gpu", "8"}},
                  "a100 8 x 40960 MiB cut as A100-40GB; gpu 8 whole 40960 MiB"},
        Published{"Aks",
                  {{"kubernetes.azure.com/accelerator", "nvidia"}},
                  {{"nvidia.com/gpu", "1"}},
                  "? 0 x 0 MiB; gpu 1 whole 0 MiB"},
        Published{"Amd", Json::object(), {{"amd.com/gpu", "8"}}, "? 0 x 0 MiB; amd.com/gpu 8 plain 0 MiB"},
        Published{"Intel",
                  Json::object(),
                  {{"gpu.intel.com/i915", "4"}, {"gpu.intel.com/i915_monitoring", "1"}},
                  "? 0 x 0 MiB; gpu.intel.com/i915 4 plain 0 MiB"}),
    [](const auto& info) { return testing::PrintToString(info.index); });

TEST(GpuNodeProblems, FewerThanCountedAreUsedAndTold) {
  const Node node = Decoded(Gfd("NVIDIA-H200", 143771, 8, "hopper"), {{"nvidia.com/gpu", "7"}});
  EXPECT_EQ(node.allocatable.Get("nvidia.com/gpu"), 7);
  EXPECT_THAT(Problems(node),
              ElementsAre("fewer_units: label nvidia.com/gpu.count is 8, but nvidia.com/gpu is 7"));
}

TEST(GpuNodeProblems, MoreThanCountedMayBeOfAnotherProduct) {
  const Node node = Decoded(Gfd("NVIDIA-H200", 143771, 4, "hopper"), {{"nvidia.com/gpu", "8"}});
  EXPECT_EQ(node.allocatable.Get("nvidia.com/gpu"), 8);
  EXPECT_FALSE(node.gpus->one_product);
  EXPECT_THAT(Problems(node),
              ElementsAre("more_units: label nvidia.com/gpu.count is 4, but nvidia.com/gpu is 8"));
}

TEST(GpuNodeProblems, SharesAreCountedWithTheirReplicas) {
  const Node node = Decoded(Gfd("Tesla-T4-SHARED", 15360, 2, "turing", "none",
                                {{"gpu.replicas", "4"}, {"gpu.sharing-strategy", "time-slicing"}}),
                            {{"nvidia.com/gpu", "4"}});
  EXPECT_THAT(Problems(node),
              ElementsAre("fewer_units: label nvidia.com/gpu.count is 2, each for 4 pods, but "
                          "nvidia.com/gpu is 4"));
}

TEST(GpuNodeProblems, AnAmountThatCanNotBeIsNone) {
  for (const char* amount : {"-8", "eight", "1e12", ""}) {
    const Node node = Decoded(Json::object(), {{"nvidia.com/gpu", amount}});
    EXPECT_EQ(node.allocatable.Get("nvidia.com/gpu"), 0) << amount;
    EXPECT_EQ(node.allocatable.cpu_millis, 128'000) << amount;
    ASSERT_EQ(node.gpus->problems.size(), 1U) << amount;
    EXPECT_EQ(node.gpus->problems[0].kind, GpuProblem::Kind::kUnreadable) << amount;
  }
}

TEST(GpuNodeProblems, MoreThanTheCapacityIsNotThere) {
  const Node node = Decoded(Json::object(), {{"nvidia.com/gpu", "8"}}, {{"nvidia.com/gpu", "4"}});
  EXPECT_EQ(node.allocatable.Get("nvidia.com/gpu"), 4);
  EXPECT_THAT(Problems(node), ElementsAre("fewer_units: nvidia.com/gpu: allocatable 8, but capacity 4"));
}

TEST(GpuNodeProblems, LabelsThatAreNoNumbersAreNotUsed) {
  const Node node = Decoded({{"gpu.product", "NVIDIA-H200"},
                             {"gpu.count", "-8"},
                             {"gpu.memory", "lots"},
                             {"gpu.replicas", "999999"}},
                            {{"nvidia.com/gpu", "8"}});
  EXPECT_EQ(Describe(node), "NVIDIA-H200 0 x 0 MiB cut as H200-141GB; gpu 8 whole 0 MiB");
  EXPECT_THAT(Problems(node),
              ElementsAre("unreadable: label nvidia.com/gpu.count is \"-8\"; want 0 to 1024",
                          "unreadable: label nvidia.com/gpu.replicas is \"999999\"; want 0 to 1024",
                          "unreadable: label nvidia.com/gpu.memory is \"lots\"; want 0 to 4194304"));
}

TEST(GpuNodeProblems, ANodeWhoseMigIsBeingConfiguredIsOutOfUse) {
  for (const char* state : {"pending", "rebooting", "failed"}) {
    const Node node = Decoded(Gfd("NVIDIA-A30", 24576, 1, "ampere", "mixed", {{"mig.config.state", state}}),
                              {{"nvidia.com/gpu", "1"}});
    EXPECT_EQ(node.gpus->out_of_use, absl::StrCat("nvidia.com/mig.config.state is ", state));
    EXPECT_THAT(Problems(node),
                ElementsAre(absl::StrCat("out_of_use: nvidia.com/mig.config.state is ", state)));
  }
  const Node paused = Decoded(
      Gfd("NVIDIA-A30", 24576, 1, "ampere", "mixed", {{"gpu.deploy.device-plugin", "paused-for-mig-change"}}),
      {{"nvidia.com/gpu", "1"}});
  EXPECT_EQ(paused.gpus->out_of_use, "nvidia.com/gpu.deploy.device-plugin is paused-for-mig-change");
  const Node invalid =
      Decoded(Gfd("NVIDIA-A100-SXM4-40GB-MIG-INVALID", 0, 0, "ampere"), {{"nvidia.com/gpu", "0"}});
  EXPECT_EQ(invalid.gpus->out_of_use, "nvidia.com/gpu.product says MIG-INVALID");
}

TEST(GpuNodeProblems, UnknownProductsAndProfilesAreTold) {
  const Node product = Decoded(Together({Gfd("NVIDIA-X9000", 500'000, 1, "rubin", "mixed"),
                                         Mixed("NVIDIA-X9000", "1g.60gb", 7, 60'000)}),
                               {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-1g.60gb", "7"}});
  EXPECT_EQ(product.allocatable.Get("nvidia.com/mig-1g.60gb"), 7);
  EXPECT_THAT(Problems(product),
              ElementsAre("unknown_product: how NVIDIA-X9000 is cut into 1g.60gb is not known"));
  const Node profile = Decoded(
      Together({Gfd("NVIDIA-H200", 143771, 1, "hopper", "mixed"), Mixed("NVIDIA-H200", "1g.5gb", 7, 4864)}),
      {{"nvidia.com/gpu", "0"}, {"nvidia.com/mig-1g.5gb", "7"}});
  EXPECT_EQ(profile.gpus->mig_geometry, "");
  EXPECT_THAT(Problems(profile), ElementsAre("unknown_profile: H200-141GB has no profile 1g.5gb"));
}

TEST(GpuNodeProblems, InstancesThatSoManyGpusCanNotHaveAreTold) {
  const auto mixed = [](const char* profile, int instances, int gpus) {
    return Decoded(
        Together({Gfd("NVIDIA-A100-SXM4-40GB", 40960, gpus, "ampere", "mixed"),
                  Mixed("NVIDIA-A100-SXM4-40GB", profile, instances, 4864)}),
        {{"nvidia.com/gpu", "0"}, {absl::StrCat("nvidia.com/mig-", profile), std::to_string(instances)}});
  };
  EXPECT_THAT(Problems(mixed("1g.5gb", 14, 2)), IsEmpty());
  EXPECT_THAT(Problems(mixed("1g.5gb", 15, 2)),
              ElementsAre("impossible: 15 of 1g.5gb are offered, more than 2 GPUs of A100-40GB have"));
  const Node together = Decoded(Together({Gfd("NVIDIA-A100-SXM4-40GB", 40960, 1, "ampere", "mixed"),
                                          Mixed("NVIDIA-A100-SXM4-40GB", "3g.20gb", 2, 19968),
                                          Mixed("NVIDIA-A100-SXM4-40GB", "1g.5gb", 1, 4864)}),
                                {{"nvidia.com/mig-3g.20gb", "2"}, {"nvidia.com/mig-1g.5gb", "1"}});
  EXPECT_THAT(Problems(together),
              ElementsAre("impossible: 9 memory slices are offered, more than 1 GPUs of A100-40GB have"));
}

}  // namespace
}  // namespace muster
