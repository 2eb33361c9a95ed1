// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/options.h"

namespace muster {
namespace {

using testing::HasSubstr;

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(ConfigTest, NothingGivenMeansTheDefaults) {
  for (const std::string yaml : {"", "# only a comment\n", "extender:\n  # listen: x\n"}) {
    const absl::StatusOr<Config> config = ParseConfig(yaml);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(*config, Config());
  }
}

TEST(ConfigTest, EveryKindOfOptionIsRead) {
  const absl::StatusOr<Config> config = ParseConfig(
      "extender:\n  listen: '[::1]:0'\n  httpTimeout: 90s\n  holdMargin: 2500ms\n  maxConnections: 100\n"
      "cluster:\n  files: [a.yaml, \"b c.json\"]\n"
      "topology:\n  levels: [{name: bay, key: example.com/bay}, {key: kubernetes.io/hostname, name: host}]\n"
      "log: {level: debug, format: text}\nstopGrace: 1m30s\n");
  ASSERT_TRUE(config.ok()) << config.status();
  Config expected;
  expected.extender.listen = "[::1]:0";
  expected.extender.http_timeout = absl::Seconds(90);
  expected.extender.hold_margin = absl::Milliseconds(2500);
  expected.extender.max_connections = 100;
  expected.cluster.files = {"a.yaml", "b c.json"};
  expected.topology.levels = {{"bay", "example.com/bay"}, {"host", "kubernetes.io/hostname"}};
  expected.log.level = "debug";
  expected.log.format = "text";
  expected.stop_grace = absl::Seconds(90);
  EXPECT_EQ(*config, expected);
}

TEST(ConfigTest, WhoMayShareGpusIsRead) {
  const absl::StatusOr<Config> config =
      ParseConfig("gpus: {separateTenants: instances, tenantLabel: example.com/team}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(TenantOptionsOf(config->gpus),
            (TenantOptions{"example.com/team", TenantOptions::Separate::kInstances}));
  EXPECT_EQ(TenantOptionsOf(Config::Gpus{"", "never"}).separate, TenantOptions::Separate::kNobody);
  EXPECT_EQ(TenantOptionsOf(Config::Gpus()), TenantOptions());
}

struct BadConfig {
  const char* name;
  const char* yaml;
  const char* message;
};
void PrintTo(const BadConfig& c, std::ostream* out) { *out << c.name; }

constexpr const char* kSeventeenLevels =
    "topology:\n  levels: [{name: a, key: a}, {name: b, key: b}, {name: c, key: c}, {name: d, key: d}, "
    "{name: e, key: e}, {name: f, key: f}, {name: g, key: g}, {name: h, key: h}, {name: i, key: i}, "
    "{name: j, key: j}, {name: k, key: k}, {name: l, key: l}, {name: m, key: m}, {name: n, key: n}, "
    "{name: o, key: o}, {name: p, key: p}, {name: q, key: q}]\n";

class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedByName) {
  const absl::StatusOr<Config> config = ParseConfig(GetParam().yaml);
  ASSERT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(config.status().message()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Config, BadConfigTest,
    testing::ValuesIn(std::vector<BadConfig>{
        {"AnUnknownKey", "extender:\n  httpTimout: 60s\n",
         "line 2: unknown key extender.httpTimout; did you mean httpTimeout?"},
        {"AnUnknownSection", "extneder:\n  listen: x:1\n",
         "line 1: unknown key extneder; did you mean extender?"},
        {"AKeyOfAnotherSection", "httpTimeout: 60s\n",
         "line 1: unknown key httpTimeout; did you mean extender.httpTimeout?"},
        {"AnEmptyKey", "\"\": 1\n", "line 1: unknown key ; did you mean tls?"},
        {"AKeyGivenTwice", "log:\n  level: info\n  level: debug\n", "line 3: log.level is given twice"},
        {"ASectionGivenTwice", "log: {}\nlog: {}\n", "line 2: log is given twice"},
        {"ADurationWithoutAUnit", "extender:\n  httpTimeout: 60\n",
         "line 2: extender.httpTimeout is \"60\"; want a duration from 5s to 10m, such as 250ms, 60s or "
         "1h30m"},
        {"ADurationOutOfRange", "extender:\n  idleTimeout: 90s\n",
         "line 2: extender.idleTimeout is \"90s\"; want a duration from 2m to 24h, such as 250ms, 60s or "
         "1h30m"},
        {"AnInfiniteDuration", "stopGrace: inf\n",
         "line 1: stopGrace is \"inf\"; want a duration from 0 to 5m, such as 250ms, 60s or 1h30m"},
        {"ANegativeDuration", "stopGrace: -1s\n",
         "line 1: stopGrace is \"-1s\"; want a duration from 0 to 5m, such as 250ms, 60s or 1h30m"},
        {"ANullDuration", "stopGrace:\n",
         "line 1: stopGrace is nothing; want a duration from 0 to 5m, such as 250ms, 60s or 1h30m"},
        {"ANumberOutOfRange", "extender:\n  maxConnections: 0\n",
         "line 2: extender.maxConnections is \"0\"; want a whole number from 16 to 65536"},
        {"AHugeNumber", "extender:\n  maxConnections: 99999999999999999999\n",
         "line 2: extender.maxConnections is \"99999999999999999999\"; want a whole number from 16 to 65536"},
        {"AFraction", "extender:\n  maxConnections: 16.5\n",
         "line 2: extender.maxConnections is \"16.5\"; want a whole number from 16 to 65536"},
        {"AQuotedNumber", "extender:\n  maxConnections: \"100\"\n",
         "line 2: extender.maxConnections is \"100\"; want a whole number from 16 to 65536"},
        {"AMappingForANumber", "extender:\n  maxConnections: {a: 1}\n",
         "line 2: extender.maxConnections is a mapping; want a whole number from 16 to 65536"},
        {"AnUnknownWord", "log:\n  level: verbose\n",
         "line 2: log.level is \"verbose\"; want one of debug, info, warning, error"},
        {"AnAddressWithoutAPort", "grpc:\n  listen: localhost\n",
         "line 2: grpc.listen is \"localhost\"; want host:port, such as \"0.0.0.0:8080\""},
        {"ATextForAList", "cluster:\n  files: a.yaml\n", "line 2: cluster.files is \"a.yaml\"; want a list"},
        {"AListInAList", "cluster:\n  files: [[a]]\n",
         "line 2: cluster.files is a list; want a list of texts"},
        {"ATextForALevel", "topology:\n  levels: [rack]\n",
         "line 2: topology.levels is \"rack\"; want a mapping with a name and a key for each level"},
        {"AListInALevel", "topology:\n  levels: [{name: [a], key: k}]\n",
         "line 2: topology.levels is a mapping; want a mapping with a name and a key for each level"},
        {"AnUnknownKeyOfALevel", "topology:\n  levels: [{name: a, label: k}]\n",
         "line 2: a level of topology.levels has the key label; want name and key"},
        {"AKeyOfALevelTwice", "topology:\n  levels: [{name: a, name: b, key: k}]\n",
         "line 2: a level of topology.levels has name twice"},
        {"ALevelWithoutAKey", "topology:\n  levels: [{name: a}]\n",
         "line 2: a level of topology.levels has no key"},
        {"SeventeenLevels", kSeventeenLevels, "topology.levels: 17 levels; want at most 16"},
        {"ALevelTwice", "topology:\n  levels: [{name: a, key: k}, {name: b, key: k}]\n",
         "topology.levels: label k is two levels"},
        {"AListForASection", "log: [1]\n", "line 1: log is a list; want a mapping of options"},
        {"ATextForAllOfIt", "hello\n", "line 1: the configuration is \"hello\"; want a mapping of options"},
        {"ASecondDocument", "log: {}\n---\nlog: {}\n", "line 3: a second document; want one"},
        {"NoYaml", "log: [\n", "line 2: end of sequence flow not found"},
        {"TwoSourcesOfACluster", "cluster:\n  kubeconfig: a.conf\n  files: [b.yaml]\n",
         "cluster.files and cluster.kubeconfig are both set; want one: a cluster in memory, or a live one"},
        {"AnUnknownCapacityClass", "capacity:\n  classes: [{label: a, class: cheap}]\n",
         "line 2: a rule of capacity.classes has the class \"cheap\"; want one of on-demand, reserved, spot, "
         "flex, unknown"},
        {"AClassRuleWithoutALabel", "capacity:\n  classes: [{class: spot}]\n",
         "line 2: a rule of capacity.classes has no label"},
        {"AClassRuleWithoutAClass", "capacity:\n  classes: [{label: a, values: [b]}]\n",
         "line 2: a rule of capacity.classes has no class"},
        {"AnUnknownKeyOfAClassRule", "capacity:\n  classes: [{label: a, class: spot, value: b}]\n",
         "line 2: a rule of capacity.classes has the key value with \"b\"; want label: text, values: a list, "
         "class: text"},
        {"AnUnknownPolicy", "capacity:\n  namespaces: {ml: cheap}\n",
         "line 2: capacity.namespaces is \"cheap\"; want a mapping of names to any, spot, on-demand, "
         "prefer-spot "
         "or prefer-on-demand"},
        {"ANegativePrice", "capacity:\n  prices: [{type: p5, hourly: -1}]\n",
         "line 2: an entry of capacity.prices has hourly \"-1\"; want a number of at least 0"},
        {"APriceWithoutAType", "capacity:\n  prices: [{hourly: 1}]\n",
         "line 2: an entry of capacity.prices has no type"},
        {"APriceThatIsMissing", "capacity:\n  prices: [{type: p5}]\n",
         "line 2: an entry of capacity.prices has no hourly"},
        {"APriceOfAnUnknownClass", "capacity:\n  prices: [{type: p5, class: cheap, hourly: 1}]\n",
         "line 2: an entry of capacity.prices has the class \"cheap\"; want on-demand, reserved, spot or "
         "flex"},
        {"AMarginBeyondTheTimeout", "extender:\n  httpTimeout: 5s\n",
         "extender.holdMargin is 5s; want less than extender.httpTimeout, 5s: set both"},
    }),
    [](const auto& info) { return info.param.name; });

TEST(ConfigTest, DescribedAndReadAgainIsTheSame) {
  Config config;
  config.extender.http_timeout = absl::Milliseconds(61500);
  config.cluster.files = {"one, two", "C:\\a \"b\"\n\tc"};
  config.topology.levels = {{"a \"b\"", "c\\d"}, {"host", "kubernetes.io/hostname"}};
  config.capacity.classes = {{"a", {"b", "\"c\""}, CapacityClass::kSpot}, {"d", {}, CapacityClass::kFlex}};
  config.capacity.namespaces = {{"ml", CapacityPolicy::kSpot}, {"shop", CapacityPolicy::kPreferOnDemand}};
  config.capacity.kinds = {{"MyJob", CapacityPolicy::kPreferSpot}};
  config.capacity.price_files = {"/a.csv"};
  NodePrice price;
  price.type = "p5.48xlarge";
  price.region = "r";
  price.capacity = CapacityClass::kSpot;
  price.hourly = 33.5;
  config.capacity.prices = {price};
  price.capacity.reset();
  config.capacity.prices.push_back(price);
  config.log.level = "warning";
  for (const std::string& text : {DescribeConfig(config), ShowConfig(config)}) {
    const absl::StatusOr<Config> again = ParseConfig(text);
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
    EXPECT_EQ(*again, config);
  }
}

TEST(ConfigTest, WhatFlagsSetIsCheckedLikeWhatAFileSays) {
  Config config;
  EXPECT_EQ(CheckConfig(config), absl::OkStatus());
  config.grpc.listen = "nowhere";
  EXPECT_EQ(CheckConfig(config), absl::InvalidArgumentError(
                                     "grpc.listen is \"nowhere\"; want host:port, such as \"0.0.0.0:8080\""));
}

TEST(ConfigTest, AnOrderOfNodeGroupsIsWhatThePriorityNeeds) {
  const auto said = [](const std::string& text) {
    return std::string(ParseConfig("capacity: {" + text + "}").status().message());
  };
  EXPECT_EQ(said("expander: priority, expanderGroups: ['^spot-', '-od$']"), "");
  EXPECT_THAT(said("expander: priority"), HasSubstr("capacity.expanderGroups has 0 patterns"));
  EXPECT_THAT(said("expander: most-pods, expanderGroups: [a]"), HasSubstr("has 1 patterns; want priority"));
  EXPECT_THAT(said("expander: priority, expanderGroups: ['a(']"),
              HasSubstr("the pattern \"a(\", which is none"));
}

TEST(ConfigTest, ACertificateWantsItsKeyAndAnAuthorityACertificate) {
  EXPECT_EQ(
      ParseConfig("tls: {certificate: a.crt}").status(),
      absl::InvalidArgumentError("tls.certificate is \"a.crt\" and tls.key is \"\"; want both, or neither"));
  EXPECT_EQ(
      ParseConfig("tls: {key: a.key}").status(),
      absl::InvalidArgumentError("tls.certificate is \"\" and tls.key is \"a.key\"; want both, or neither"));
  EXPECT_EQ(ParseConfig("tls: {clientCA: ca.crt}").status(),
            absl::InvalidArgumentError(
                "tls.clientCA is set without tls.certificate: no caller could show his own"));
  EXPECT_EQ(ParseConfig("tls: {certificate: a.crt, key: a.key, clientCA: ca.crt}")->tls,
            (TlsFiles{"a.crt", "a.key", "ca.crt"}));
}

TEST(ConfigTest, EveryOptionIsExplained) {
  for (const Option& option : Options()) EXPECT_GE(option.help.size(), 20u) << option.Path();
}

// Written with `muster serve --print-config`.
TEST(ConfigTest, TheShippedFileIsTheDefaultsWithAllExplanations) {
  EXPECT_EQ(Read(absl::StrCat(MUSTER_TEST_DATA, "/../manifests/base/config.yaml")), DescribeConfig(Config()));
}

TEST(ConfigTest, AFileIsNamedInItsErrors) {
  EXPECT_EQ(LoadConfig("/no/such/file").status(), absl::NotFoundError("can't read /no/such/file"));
  const std::string path = absl::StrCat(testing::TempDir(), "/config_test.yaml");
  std::ofstream(path) << "log:\n  levle: info\n";
  EXPECT_EQ(LoadConfig(path).status(),
            absl::InvalidArgumentError(path + ": line 2: unknown key log.levle; did you mean level?"));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace muster
