// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/well_known.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/topology/levels.h"
#include "test/support/fabric.h"

namespace muster {
namespace {

using test::Fabric;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Labels WithHost(Labels labels) {
  labels["kubernetes.io/hostname"] = absl::StrCat("host-of-", labels.begin()->second);
  return labels;
}

std::vector<std::string> Described(const Topologies& topologies) {
  std::vector<std::string> described;
  for (const Topology& topology : topologies.all) {
    described.push_back(absl::StrCat(topology.key.name, ": ", LevelNames(topology.tree.levels())));
  }
  return described;
}

TEST(WellKnown, BareNodesHaveTheirHostsAlone) {
  EXPECT_THAT(Described(WellKnownTopologies(Fabric({WithHost({{"app", "x"}})}).nodes())),
              ElementsAre("kubernetes: host"));
  EXPECT_THAT(Described(WellKnownTopologies(Fabric(std::vector<Labels>(1)).nodes())), IsEmpty());
}

TEST(WellKnown, OfAwsTheHighestLayerIsTheClosestToTheHost) {
  const Fabric fabric({WithHost({{"topology.k8s.aws/network-node-layer-1", "nn-a"},
                                 {"topology.k8s.aws/network-node-layer-2", "nn-b"},
                                 {"topology.k8s.aws/network-node-layer-3", "nn-c"},
                                 {"topology.kubernetes.io/zone", "us-east-1a"}})});
  const Topologies topologies = WellKnownTopologies(fabric.nodes());
  EXPECT_THAT(Described(topologies),
              ElementsAre("aws: zone > layer-1 > layer-2 > layer-3 > host", "kubernetes: zone > host"));
  EXPECT_EQ(topologies.Default()->tree.PathOf(topologies.Default()->tree.DomainOf(0, 3)),
            "us-east-1a/nn-a/nn-b/nn-c");
}

TEST(WellKnown, OfTopographTierZeroIsTheClosestToTheHost) {
  const Fabric fabric({WithHost({{"fabric.topograph.run/tier-0", "leaf"},
                                 {"fabric.topograph.run/tier-1", "spine"},
                                 {"fabric.topograph.run/tier-10", "core"},
                                 {"fabric.topograph.run/tier-02", "not a tier"}})});
  EXPECT_THAT(Described(WellKnownTopologies(fabric.nodes())),
              ElementsAre("topograph: tier-10 > tier-1 > tier-0 > host", "kubernetes: host"));
}

TEST(WellKnown, FamiliesStandSideBySideThoseOnMoreNodesFirst) {
  const Fabric fabric({WithHost({{"cloud.google.com/gce-topology-block", "b"},
                                 {"cloud.google.com/gce-topology-subblock", "s"},
                                 {"nvidia.com/gpu.clique", "uuid.0"}}),
                       WithHost({{"cloud.google.com/gce-topology-block", "b"}})});
  EXPECT_THAT(Described(WellKnownTopologies(fabric.nodes())),
              ElementsAre("gcp: block > sub-block > host", "nvlink: nvlink > host", "kubernetes: host"));
}

TEST(WellKnown, OfLabelsThatMeanTheSameThatOnTheMostNodesCounts) {
  const Fabric fabric({{{"nvidia.com/gpu.clique", "a.0"}, {"ds.coreweave.com/nvlink.domain", "x"}},
                       {{"ds.coreweave.com/nvlink.domain", "y"}}});
  const Topologies topologies = WellKnownTopologies(fabric.nodes());
  ASSERT_THAT(Described(topologies), ElementsAre("nvlink: nvlink"));
  EXPECT_EQ(topologies.Default()->tree.levels()[0].key, "ds.coreweave.com/nvlink.domain");
}

TEST(WellKnown, ALabelOnHalfOfTheNodesLeavesTheOtherHalfOutside) {
  std::vector<Labels> labels;
  for (int n = 0; n < 10; ++n) {
    labels.push_back(WithHost({{"n", absl::StrCat(n)}}));
    if (n % 2 == 0) labels.back()["topology.kubernetes.io/rack"] = "r";
  }
  const Fabric fabric(std::move(labels));
  const Topologies topologies = WellKnownTopologies(fabric.nodes());
  ASSERT_THAT(Described(topologies), ElementsAre("kubernetes: rack > host"));
  EXPECT_EQ(topologies.Default()->tree.NodesOutside(0), 5);
}

TEST(WellKnown, MoreThanSixteenLevelsAreAProblemWithTheNumber) {
  Labels labels;
  for (int tier = 0; tier < 17; ++tier) labels[absl::StrCat("fabric.topograph.run/tier-", tier)] = "x";
  const Fabric fabric({labels});
  const Topologies topologies = WellKnownTopologies(fabric.nodes());
  EXPECT_THAT(Described(topologies), IsEmpty());
  ASSERT_EQ(topologies.problems.size(), 1u);
  EXPECT_EQ(topologies.problems[0].key.name, "topograph");
  EXPECT_THAT(topologies.problems[0].text, HasSubstr("17 levels; want at most 16"));
  EXPECT_EQ(FindLevel(topologies, "topograph", "tier-0").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(FindLevelInTopologies, LooksThroughAllUnlessOneIsNamed) {
  const Fabric fabric(
      {WithHost({{"oci.oraclecloud.com/rdma.hpc_island_id", "i"}, {"nvidia.com/gpu.clique", "c"}})});
  const Topologies topologies = WellKnownTopologies(fabric.nodes());
  EXPECT_EQ(FindLevel(topologies, "", "clique")->topology->key.name, "nvlink");
  EXPECT_EQ((**FindLevel(topologies, "", "island")).key, "oci.oraclecloud.com/rdma.hpc_island_id");
  EXPECT_THAT(std::string(FindLevel(topologies, "oci", "nvlink").status().message()),
              HasSubstr("topology oci: no level \"nvlink\" among island > host"));
  EXPECT_THAT(std::string(FindLevel(topologies, "", "rack").status().message()),
              HasSubstr("no topology has a level \"rack\"; there is oci (island > host); nvlink"));
  EXPECT_THAT(std::string(FindLevel(topologies, "default", "rack").status().message()),
              HasSubstr("no topology \"default\"; there is oci"));
}

}  // namespace
}  // namespace muster
