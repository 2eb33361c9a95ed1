// SPDX-License-Identifier: Apache-2.0
#include "server/cli/simulate.h"

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kNodes =
    "sn,cpu_milli,memory_mib,gpu,model\n"
    "a,64000,262144,8,G2\n"
    "b,64000,262144,0,\n"
    "c,64000,262144,2,T4\n";
constexpr const char* kPods =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
    "p0,1000,1024,1,500,\n"
    "p1,1000,1024,1,1000,T4|A10\n"
    "p2,1000,1024,0,0,\n"
    "p3,1000,1024,4,1000,G2\n";

class SimulateCommand : public testing::Test {
 protected:
  int Run(const std::string& nodes, const std::string& pods) {
    options_.nodes = Write("nodes.csv", nodes);
    options_.pods = Write("pods.csv", pods);
    return Run();
  }
  int Run() {
    out_.str("");
    err_.str("");
    return Simulate(options_, out_, err_);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::string path = absl::StrCat(testing::TempDir(), "/simulate-", test, "-", name);
    std::ofstream(path) << text;
    return path;
  }

  SimulateOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(SimulateCommand, PrintsTheRatioOfEachMarkAndSeed) {
  options_.format = SimulateFormat::kJson;
  options_.seeds = 3;
  options_.policies = {"muster", "first-fit"};
  ASSERT_EQ(Run(kNodes, kPods), 0) << err_.str();
  const nlohmann::json json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["nodes"], 2);
  EXPECT_EQ(json["gpus"], 10);
  EXPECT_EQ(json["policy"], "muster");
  double sum = 0;
  for (const auto& seed : json["perSeed"]) sum += seed["allocationRatio"]["100"].get<double>();
  EXPECT_EQ(json["perSeed"].size(), 3u);
  EXPECT_EQ(json["perSeed"][0]["seed"], 42);
  EXPECT_NEAR(json["allocationRatio"]["100"].get<double>(), sum / 3, 1e-3);
  EXPECT_GE(json["allocationRatio"]["130"], json["allocationRatio"]["100"]);
  EXPECT_GT(json["decisionMicroseconds"]["median"], 0);
  EXPECT_EQ(json["policies"][1]["policy"], "first-fit");
  EXPECT_THAT(err_.str(), HasSubstr("run 6 of 6\n"));
}

TEST_F(SimulateCommand, PrintsATableAndCsv) {
  options_.seeds = 1;
  ASSERT_EQ(Run(kNodes, kPods), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\nmuster "));
  options_.format = SimulateFormat::kCsv;
  ASSERT_EQ(Run(), 0);
  EXPECT_THAT(out_.str(), StartsWith("policy,seed,arrived,allocation_ratio,fragmentation\nmuster,42,80,"));
}

TEST_F(SimulateCommand, BadInputIsNamedWithItsFileAndLine) {
  const auto refused = [&](const std::string& nodes, const std::string& pods, const std::string& why) {
    EXPECT_EQ(Run(nodes, pods), 2);
    EXPECT_THAT(err_.str(), HasSubstr(why));
    EXPECT_EQ(out_.str(), "");
  };
  const std::string n = kNodes;
  const std::string p = kPods;
  refused("", p, "nodes.csv: is empty");
  refused("sn,cpu_milli\n", p, "nodes.csv:1: no column memory_mib");
  refused(n + "d,-1,1,1,A\n", p, "nodes.csv:5: cpu_milli \"-1\" is not a whole number from 0 to 10000000");
  refused(n + "d,1,1,65,A\n", p, "nodes.csv:5: gpu \"65\" is not a whole number from 0 to 64");
  refused(n + "d,1,1,1,\n", p, "nodes.csv:5: a node with GPUs needs their model");
  refused(n + "d,1,1\n", p, "nodes.csv:5: 3 cells; the first line has 5");
  refused(n, p + "p,1,1,1,1001,\n", "pods.csv:6: gpu_milli \"1001\" is not a whole number from 0 to 1000");
  refused(n, p + "p,1,1,1,0,\n", "pods.csv:6: gpu_milli \"0\" of one GPU is nothing");
  refused(n, p + "p,1,1,2,500,\n", "pods.csv:6: gpu_milli \"500\" of several GPUs");
  refused(n, p + "p,99999999999999999999,1,1,1,\n", "pods.csv:6: cpu_milli \"99999999999999999999\"");
  refused(n, "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1,1,0,0\n", "pods.csv: no pod asks for GPUs");
  refused("sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,\n", p, "nodes.csv: no node has GPUs");
}

TEST_F(SimulateCommand, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("needs --nodes FILE"));
  options_.nodes = "/does/not/exist";
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("needs --pods FILE"));
  options_.pods = "/does/not/exist";
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("/does/not/exist: can't be read"));
  options_.seeds = 0;
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--seeds 0 is not from 1 to 1000"));
  options_.seeds = 1;
  options_.policies = {"muster", "best"};
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--policy best is none of muster, first-fit, best-fit, fgd, hami"));
}

TEST_F(SimulateCommand, MigLossPrintsHamiMusterAndThePoolInOneRun) {
  options_.protocol = "mig-loss";
  options_.seeds = 1;
  options_.policies = {"muster", "packed"};
  options_.format = SimulateFormat::kJson;
  ASSERT_EQ(Run(), 0) << err_.str();
  const nlohmann::json json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["load"], 1.2);
  ASSERT_EQ(json["mixes"].size(), 4u);
  for (const auto& mix : json["mixes"]) {
    const double hami = mix["hami"];
    EXPECT_LT(hami, mix["muster"]);
    EXPECT_LT(mix["muster"], mix["pooled"]);
    EXPECT_NEAR(mix["gapClosed"].get<double>(),
                (mix["muster"].get<double>() - hami) / (mix["pooled"].get<double>() - hami), 2e-3);
    EXPECT_EQ(mix["policies"].size(), 3u);
    EXPECT_EQ(mix["policies"][1]["policy"], "packed");
    EXPECT_EQ(mix["policies"][1]["perSeed"].size(), 1u);
  }
  EXPECT_THAT(err_.str(), HasSubstr("run 4 of 4\n"));
}

TEST_F(SimulateCommand, MigLossPrintsATableAndCsv) {
  options_.protocol = "mig-loss";
  options_.seeds = 1;
  options_.load = 0.1;
  ASSERT_EQ(Run(), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\npooled "));
  options_.format = SimulateFormat::kCsv;
  ASSERT_EQ(Run(), 0);
  EXPECT_THAT(out_.str(), StartsWith("mix,policy,seed,acceptance\nuniform,hami,42,1.0000\n"));
}

TEST_F(SimulateCommand, OptionsOfMigLossThatMakeNoSenseAreRefused) {
  options_.protocol = "mig-loss";
  options_.load = 0;
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--load 0 is not from 0.01 to 10"));
  options_.load = 1;
  options_.policies = {"best"};
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(),
              HasSubstr("--policy best is none of muster, first-fit, best-fit, fgd, hami, packed"));
  options_.policies = {"muster"};
  options_.nodes = "nodes.csv";
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("mig-loss takes no --nodes and no --pods"));
}

}  // namespace
}  // namespace muster::cli
