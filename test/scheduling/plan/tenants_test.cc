// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/tenants.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A node whose GPUs four pods share, or one that is cut into MIG instances.
Node Shared(const std::string& name) {
  Node node = test::NodeOf(name, 8);
  node.gpus = GpuInventory();
  node.gpus->pools = {{.resource = "nvidia.com/gpu", .units = 8, .sharers = 4}};
  return node;
}
Node Cut(const std::string& name) {
  Node node = test::NodeOf(name, 7);
  node.gpus = GpuInventory();
  node.gpus->pools = {
      {.resource = "nvidia.com/gpu", .kind = GpuPool::Kind::kMig, .profile = "1g.5gb", .units = 7}};
  return node;
}

Pod Of(const std::string& ns, const std::string& name, int64_t gpus) {
  Pod pod = test::PodOf(name, gpus);
  pod.name = PodName(ns, name);
  return pod;
}

std::vector<bool> ClosedFor(const ClusterView& view, const Ledger& ledger, const TenantOptions& options,
                            const std::vector<Pod>& members) {
  Gang gang;
  gang.id = GangId("default", "train");
  for (const Pod& member : members) gang.members.push_back(std::make_shared<const Pod>(member));
  return Tenants(view, ledger, options).ClosedFor(gang);
}

TEST(Tenants, AreSeparatedWherePodsShareGpus) {
  ClusterView view;
  for (const char* name : {"a", "b", "d"}) view.Upsert(Shared(name));
  view.Upsert(test::NodeOf("c", 8));
  view.Upsert(test::BoundTo(Of("other", "gpu-user", 1), "a"));
  view.Upsert(test::BoundTo(Of("other", "cpu-user", 0), "b"));
  view.Upsert(test::BoundTo(Of("other", "whole-user", 1), "c"));
  view.Upsert(test::BoundTo(Of("default", "own", 1), "d"));
  EXPECT_THAT(ClosedFor(view, Ledger(), {}, {test::PodOf("p", 1)}), ElementsAre(true, false, false, false));
  EXPECT_THAT(
      ClosedFor(view, Ledger(), {.separate = TenantOptions::Separate::kNobody}, {test::PodOf("p", 1)}),
      IsEmpty());
}

TEST(Tenants, AreSeparatedFromSeatsThatArePromised) {
  ClusterView view;
  view.Upsert(Shared("a"));
  view.Upsert(Shared("b"));
  Ledger ledger;
  const Pod theirs = Of("other", "theirs-0", 1);
  view.Upsert(theirs);
  ASSERT_TRUE(
      ledger.Reserve(view, GangId("other", "theirs"), {SeatOf(theirs, NodeName("b"))}, absl::InfiniteFuture())
          .ok());
  EXPECT_THAT(ClosedFor(view, ledger, {}, {test::PodOf("p", 1)}), ElementsAre(false, true));
}

TEST(Tenants, AreNamedByALabelWhereOneIsSet) {
  ClusterView view;
  view.Upsert(Shared("a"));
  view.Upsert(Shared("b"));
  Pod theirs = Of("default", "theirs", 1);
  theirs.labels["team"] = "red";
  view.Upsert(test::BoundTo(theirs, "a"));
  Pod own = Of("default", "own", 1);
  own.labels["team"] = "blue";
  const TenantOptions by_team{.label = "team"};
  EXPECT_THAT(ClosedFor(view, Ledger(), by_team, {own}), ElementsAre(true, false));
  EXPECT_THAT(ClosedFor(view, Ledger(), {}, {own}), IsEmpty());
  // Members of two tenants share nowhere, not even with each other.
  EXPECT_THAT(ClosedFor(view, Ledger(), by_team, {own, theirs}), ElementsAre(true, true));
}

TEST(Tenants, AreKeptApartByMigInstancesUnlessToldOtherwise) {
  ClusterView view;
  view.Upsert(Cut("a"));
  view.Upsert(test::BoundTo(Of("other", "theirs", 1), "a"));
  EXPECT_THAT(ClosedFor(view, Ledger(), {}, {test::PodOf("p", 1)}), IsEmpty());
  EXPECT_THAT(
      ClosedFor(view, Ledger(), {.separate = TenantOptions::Separate::kInstances}, {test::PodOf("p", 1)}),
      ElementsAre(true));
}

}  // namespace
}  // namespace muster
