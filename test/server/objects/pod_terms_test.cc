// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Json PodWith(const std::string& spec, const std::string& labels = "{}") {
  return {{"metadata", {{"name", "p"}, {"namespace", "ns"}, {"labels", Json::parse(labels)}}},
          {"spec", Json::parse(spec)}};
}

PodShape ShapeOf(const Json& object) {
  const auto pod = DecodePod(object);
  EXPECT_TRUE(pod.ok()) << pod.status();
  return pod.ok() ? pod->shape : PodShape();
}

PodTerms TermsOf(const Json& object) {
  const PodShape shape = ShapeOf(object);
  EXPECT_EQ(shape.unmodelled, "");
  return shape.terms.has_value() ? *shape.terms : PodTerms();
}

LabelRequirement In(const std::string& key, const std::string& value) {
  return {key, LabelRequirement::Op::kIn, {value}};
}

TEST(PodTerms, AreUnsetForPodsThatSayNothingOfOthersWhateverTheirLabels) {
  const PodShape a =
      ShapeOf(PodWith(R"({"containers": [{"ports": [{"containerPort": 80}]}]})", R"({"index": "1"})"));
  const PodShape b =
      ShapeOf(PodWith(R"({"containers": [{"ports": [{"containerPort": 80}]}]})", R"({"index": "2"})"));
  EXPECT_FALSE(a.terms.has_value());
  EXPECT_EQ(a, b);
}

TEST(PodTerms, AreUnsetForMerePreferences) {
  EXPECT_FALSE(ShapeOf(PodWith(R"({
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
      {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}]}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
  })"))
                   .terms.has_value());
}

TEST(PodTerms, HoldHostPortsOfContainersAndSidecarsOnly) {
  const PodTerms terms = TermsOf(PodWith(R"({
    "initContainers": [
      {"ports": [{"hostPort": 1, "containerPort": 1}]},
      {"restartPolicy": "Always", "ports": [{"hostPort": 2, "containerPort": 1, "protocol": "UDP"}]}],
    "containers": [{"ports": [{"hostPort": 3, "containerPort": 1, "hostIP": "10.0.0.1"}, {"containerPort": 4}]}]
  })"));
  EXPECT_THAT(terms.ports, ElementsAre(HostPort{"0.0.0.0", "UDP", 2}, HostPort{"10.0.0.1", "TCP", 3}));
}

TEST(PodTerms, TakeAllPortsOfPodsInTheNetworkOfTheNode) {
  const PodTerms terms =
      TermsOf(PodWith(R"({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 80}]}]})"));
  EXPECT_THAT(terms.ports, ElementsAre(HostPort{"0.0.0.0", "TCP", 80}));
}

TEST(PodTerms, HoldRequiredAffinityWithItsNamespaces) {
  const PodTerms terms = TermsOf(PodWith(R"({"affinity": {
    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
      {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}]},
    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
      {"topologyKey": "host", "namespaces": ["a", "b"], "namespaceSelector": {"matchLabels": {"team": "x"}},
       "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}]}
  }})"));
  ASSERT_EQ(terms.affinity.size(), 1);
  EXPECT_EQ(terms.affinity[0].topology_key, "zone");
  EXPECT_THAT(terms.affinity[0].namespaces, ElementsAre("ns"));
  EXPECT_THAT(*terms.affinity[0].selector, ElementsAre(In("app", "db")));
  EXPECT_FALSE(terms.affinity[0].namespace_selector.has_value());
  ASSERT_EQ(terms.anti_affinity.size(), 1);
  EXPECT_THAT(terms.anti_affinity[0].namespaces, ElementsAre("a", "b"));
  EXPECT_THAT(*terms.anti_affinity[0].namespace_selector, ElementsAre(In("team", "x")));
}

TEST(PodTerms, FillInTheLabelKeysThatTheApiServerHasNotYet) {
  const std::string spec =
      R"({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "zone", "labelSelector": {}, "matchLabelKeys": ["hash", "absent"], "mismatchLabelKeys": ["tenant"]},
    {"topologyKey": "zone", "labelSelector": {"matchExpressions": [
      {"key": "hash", "operator": "In", "values": ["old"]}]}, "matchLabelKeys": ["hash"]},
    {"topologyKey": "zone", "matchLabelKeys": ["hash"]}]}}})";
  const PodTerms terms = TermsOf(PodWith(spec, R"({"hash": "new", "tenant": "x"})"));
  ASSERT_EQ(terms.affinity.size(), 3);
  EXPECT_THAT(
      *terms.affinity[0].selector,
      ElementsAre(In("hash", "new"), LabelRequirement{"tenant", LabelRequirement::Op::kNotIn, {"x"}}));
  EXPECT_THAT(*terms.affinity[1].selector, ElementsAre(In("hash", "old")));
  EXPECT_FALSE(terms.affinity[2].selector.has_value());
}

TEST(PodTerms, HoldSpreadThatMustBeKept) {
  const PodTerms terms = TermsOf(PodWith(R"({"topologySpreadConstraints": [
    {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3,
     "labelSelector": {"matchLabels": {"app": "x"}}, "matchLabelKeys": ["hash"],
     "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor"}]})",
                                         R"({"hash": "new"})"));
  ASSERT_EQ(terms.spread.size(), 1);
  EXPECT_EQ(terms.spread[0].max_skew, 2);
  EXPECT_EQ(terms.spread[0].min_domains, 3);
  EXPECT_FALSE(terms.spread[0].honor_affinity);
  EXPECT_TRUE(terms.spread[0].honor_taints);
  EXPECT_THAT(*terms.spread[0].selector, ElementsAre(In("app", "x"), In("hash", "new")));
}

TEST(PodTerms, KnowOfTheLabelsOnlyWhatTheyLookAt) {
  const std::string spec = R"({"topologySpreadConstraints": [
    {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
     "labelSelector": {"matchLabels": {"app": "x"}}}]})";
  const PodShape first = ShapeOf(PodWith(spec, R"({"app": "x", "index": "1"})"));
  EXPECT_EQ(first, ShapeOf(PodWith(spec, R"({"app": "x", "index": "2"})")));
  EXPECT_NE(first, ShapeOf(PodWith(spec, R"({"app": "y", "index": "1"})")));
}

struct UnmodelledCase {
  std::string spec;
  std::string text;
};
class PodTermsOf : public testing::TestWithParam<UnmodelledCase> {};

TEST_P(PodTermsOf, AWrongFieldNameIt) {
  EXPECT_THAT(ShapeOf(PodWith(GetParam().spec)).unmodelled, HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    Objects, PodTermsOf,
    testing::Values(
        UnmodelledCase{R"({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "zone",
                           "whenUnsatisfiable": "DoNotSchedule"}]})",
                       "/spec/topologySpreadConstraints/0/maxSkew: want a number from 1 on, got 0"},
        UnmodelledCase{R"({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
                           "whenUnsatisfiable": "Perhaps"}]})",
                       "/spec/topologySpreadConstraints/0/whenUnsatisfiable: want DoNotSchedule or"},
        UnmodelledCase{
            R"({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                           {"labelSelector": {}}]}}})",
            "requiredDuringSchedulingIgnoredDuringExecution/0/topologyKey: want the key of a node label"},
        UnmodelledCase{
            R"({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                           {"topologyKey": "zone", "labelSelector": {"matchExpressions": [
                             {"key": "a", "operator": "Gt", "values": ["1"]}]}}]}}})",
            "matchExpressions/0/operator: selectors of pods do not compare numbers"},
        UnmodelledCase{R"({"containers": [{"ports": [{"hostPort": 70000}]}]})",
                       "/spec/containers/0/ports/0/hostPort: want a number up to 65535, got 70000"}));

}  // namespace
}  // namespace muster
