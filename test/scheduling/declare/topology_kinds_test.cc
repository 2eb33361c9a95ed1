// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/topology_kind.h"
#include "test/support/hyper_nodes.h"

namespace muster::declare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Op = LabelRequirement::Op;

TopologyObject Decode(const TopologyKind& kind, const std::string& spec) {
  const auto decoded = kind.Decode(nlohmann::json::parse(R"({"metadata":{"name":"t"},"spec":)" + spec + "}"));
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.value_or(TopologyObject());
}

TEST(TopologyKinds, AreInTheOrderOfTheirNamesAndEachIsWatchedOnce) {
  std::vector<std::string> names;
  std::set<std::string> plurals;
  for (const TopologyKind* kind : TopologyKinds()) {
    names.push_back(kind->name());
    EXPECT_TRUE(plurals.insert(kind->object().group + "/" + kind->object().plural).second);
  }
  EXPECT_THAT(names,
              ElementsAre("ClusterNetworkTopology.scheduling.koordinator.sh", "ClusterTopology.grove.io",
                          "ClusterTopologyBinding.grove.io", "HyperNode.topology.volcano.sh",
                          "Topology.kai.scheduler", "Topology.kueue.x-k8s.io"));
}

TEST(TopologyKinds, AnObjectWithoutANameIsRefused) {
  for (const TopologyKind* kind : TopologyKinds()) {
    for (const char* object : {"{}", "[]", R"({"metadata":{"name":7}})", R"({"metadata":null})"}) {
      const auto decoded = kind->Decode(nlohmann::json::parse(object));
      EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument) << object;
      EXPECT_THAT(decoded.status().message(), HasSubstr("/metadata/name: want a name"));
    }
  }
}

TEST(TopologyKinds, KueueGivesLabelsOutermostFirst) {
  const TopologyObject topology =
      Decode(KueueTopology(),
             R"({"levels":[{"nodeLabel":"example.com/block"},{"nodeLabel":"kubernetes.io/hostname"}]})");
  EXPECT_EQ(topology.key, (TopologyKey{"Topology.kueue.x-k8s.io", "t"}));
  EXPECT_THAT(topology.levels, ElementsAre(Level{"example.com/block", "example.com/block"},
                                           Level{"kubernetes.io/hostname", "kubernetes.io/hostname"}));
  EXPECT_EQ(topology.problem, "");
}

TEST(TopologyKinds, KaiGivesLabelsAndAliases) {
  const TopologyObject topology = Decode(
      KaiTopology(), R"({"levels":[{"nodeLabel":"example.com/block","alias":"block"},{"nodeLabel":"r"}]})");
  EXPECT_EQ(topology.key.declared_by, "Topology.kai.scheduler");
  EXPECT_THAT(topology.levels, ElementsAre(Level{"block", "example.com/block"}, Level{"r", "r"}));
}

TEST(TopologyKinds, GroveGivesDomainsAndKeys) {
  for (const TopologyKind* kind : {&GroveTopology(), &OldGroveTopology()}) {
    const TopologyObject topology = Decode(
        *kind,
        R"({"levels":[{"domain":"rack","key":"example.com/r"},{"domain":"host","key":"kubernetes.io/hostname"}]})");
    EXPECT_EQ(topology.key.declared_by, kind->name());
    EXPECT_THAT(topology.levels,
                ElementsAre(Level{"rack", "example.com/r"}, Level{"host", "kubernetes.io/hostname"}));
  }
}

TEST(TopologyKinds, KoordinatorGivesLayersThatAreOrderedByTheirParents) {
  const TopologyObject topology = Decode(KoordinatorTopology(), R"({"networkTopologySpec":[
      {"topologyLayer":"NodeTopologyLayer","parentTopologyLayer":"BlockLayer"},
      {"topologyLayer":"BlockLayer","parentTopologyLayer":"SpineLayer","labelKey":["example.com/block"]},
      {"topologyLayer":"SpineLayer","parentTopologyLayer":"ClusterTopologyLayer","labelKey":["example.com/spine"]}]})");
  EXPECT_EQ(topology.problem, "");
  EXPECT_EQ(topology.key.declared_by, "ClusterNetworkTopology.scheduling.koordinator.sh");
  EXPECT_THAT(topology.levels,
              ElementsAre(Level{"SpineLayer", "example.com/spine"}, Level{"BlockLayer", "example.com/block"},
                          Level{"NodeTopologyLayer", "kubernetes.io/hostname"}));
}

TEST(TopologyKinds, VolcanoGivesTierAndMembers) {
  const TopologyObject topology = Decode(VolcanoHyperNode(), R"({"tier":2,"tierName":"spine","members":[
      {"type":"HyperNode","selector":{"exactMatch":{"name":"rack-a"}}},
      {"type":"Node","selector":{"exactMatch":{"name":"n1"}}},
      {"type":"Node","selector":{"regexMatch":{"pattern":"^n[2-9]$"}}},
      {"type":"Node","selector":{"labelMatch":{"matchLabels":{"rack":"r1"},"matchExpressions":[
          {"key":"zone","operator":"NotIn","values":["a","b"]},{"key":"old","operator":"DoesNotExist"}]}}}]})");
  EXPECT_EQ(topology, (test::HyperNodeOf(
                          "t", 2,
                          {test::HyperNodeNamed("rack-a"), test::NodeNamed("n1"), test::NodesLike("^n[2-9]$"),
                           test::NodesWith({{"rack", Op::kIn, {"r1"}},
                                            {"zone", Op::kNotIn, {"a", "b"}},
                                            {"old", Op::kDoesNotExist, {}}})},
                          "spine")));
}

struct Malformed {
  std::string name;
  const TopologyKind& kind;
  std::string spec;
  std::string problem;
};

class MalformedTopology : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedTopology, IsAProblemThatNamesFieldAndValue) {
  EXPECT_EQ(Decode(GetParam().kind, GetParam().spec).problem, GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    Topology, MalformedTopology,
    testing::ValuesIn(std::vector<Malformed>{
        {"NoSpec", KueueTopology(), "null", "/spec/levels is missing; want a list of levels"},
        {"SpecOfAnotherType", KueueTopology(), "[]", "/spec is []; want an object"},
        {"LevelsOfAnotherType", KueueTopology(), R"({"levels":7})", "/spec/levels is 7; want a list"},
        {"LevelOfAnotherType", KueueTopology(), R"({"levels":["r"]})",
         "/spec/levels/0 is \"r\"; want an object"},
        {"NoLabel", KueueTopology(), R"({"levels":[{"nodeLabel":"a"},{}]})",
         "/spec/levels/1/nodeLabel is missing; want text"},
        {"EmptyLabel", KaiTopology(), R"({"levels":[{"nodeLabel":""}]})",
         "/spec/levels/0/nodeLabel is \"\"; want text"},
        {"AliasOfAnotherType", KaiTopology(), R"({"levels":[{"nodeLabel":"a","alias":1}]})",
         "/spec/levels/0/alias is 1; want text"},
        {"NoKey", GroveTopology(), R"({"levels":[{"domain":"rack"}]})",
         "/spec/levels/0/key is missing; want text"},
        {"NoLayers", KoordinatorTopology(), "{}",
         "/spec/networkTopologySpec is missing; want a list of layers"},
        {"TwoLabels", KoordinatorTopology(),
         R"({"networkTopologySpec":[{"topologyLayer":"a","labelKey":["b","c"]}]})",
         R"(/spec/networkTopologySpec/0/labelKey is ["b","c"]; want a list of one label)"},
        {"LayersInACycle", KoordinatorTopology(),
         R"({"networkTopologySpec":[{"topologyLayer":"a","parentTopologyLayer":"a","labelKey":["b"]}]})",
         R"(/spec/networkTopologySpec is [{"labelKey":["b"],"parentTopologyLayer":"a","topologyLayer":"a"}]; )"
         "want one layer within ClusterTopologyLayer"},
        {"NoTier", VolcanoHyperNode(), "{}",
         "/spec/tier is missing; want a whole number from 1 to 2147483647"},
        {"TierZero", VolcanoHyperNode(), R"({"tier":0})",
         "/spec/tier is 0; want a whole number from 1 to 2147483647"},
        {"HugeTier", VolcanoHyperNode(), R"({"tier":18446744073709551615})",
         "/spec/tier is 18446744073709551615; want a whole number from 1 to 2147483647"},
        {"UnknownMember", VolcanoHyperNode(), R"({"tier":1,"members":[{"type":"Rack"}]})",
         "/spec/members/0/type is \"Rack\"; want Node or HyperNode"},
        {"NoSelector", VolcanoHyperNode(), R"({"tier":1,"members":[{"type":"Node"}]})",
         "/spec/members/0/selector is missing; want one of exactMatch, regexMatch and labelMatch"},
        {"HyperNodeByPattern", VolcanoHyperNode(),
         R"({"tier":1,"members":[{"type":"HyperNode","selector":{"regexMatch":{"pattern":"a"}}}]})",
         R"(/spec/members/0/selector is {"regexMatch":{"pattern":"a"}}; want exactMatch for a HyperNode)"},
        {"UnknownOperator", VolcanoHyperNode(),
         R"({"tier":1,"members":[{"type":"Node","selector":{"labelMatch":{"matchExpressions":[{"key":"a","operator":"Gt"}]}}}]})",
         "/spec/members/0/selector/labelMatch/matchExpressions/0/operator is \"Gt\"; want In, NotIn, Exists "
         "or "
         "DoesNotExist"},
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace muster::declare
