// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/cluster_view.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::BoundTo;
using test::MemberOf;
using test::NodeOf;
using test::PodOf;

// Slow and obviously right: everything computed from the pods.
void ExpectConsistent(const ClusterView& view) {
  std::map<NodeName, Resources> used;
  std::map<GangId, std::set<PodName>> members;
  std::map<GangId, int64_t> pending;
  std::map<GangId, int64_t> exclusive;
  view.pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    if (pod->bound() && !pod->finished()) used[pod->node] += pod->shape.requests;
    if (!pod->membership.has_value()) return;
    members[pod->membership->gang].insert(name);
    if (pod->pending()) ++pending[pod->membership->gang];
    if (!pod->finished() && pod->membership->topology.exclusive == "rack") ++exclusive[pod->membership->gang];
  });
  view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    Resources want = state.node == nullptr ? Resources{} : state.node->allocatable;
    want -= used[name];
    EXPECT_EQ(state.free.cpu_millis, want.cpu_millis) << name.text();
    EXPECT_EQ(state.free.pods, want.pods) << name.text();
    EXPECT_EQ(state.free.Get("nvidia.com/gpu"), want.Get("nvidia.com/gpu")) << name.text();
    EXPECT_EQ(static_cast<int64_t>(state.pods.size()), used[name].pods) << name.text();
    EXPECT_TRUE(state.node != nullptr || !state.pods.empty()) << name.text();
  });
  EXPECT_EQ(view.gangs().size(), members.size());
  view.gangs().ForEach([&](const GangId& id, const ClusterView::Members& found) {
    std::set<PodName> names;
    found.ForEach([&](const PodName& name, const auto&) { names.insert(name); });
    EXPECT_EQ(names, members[id]) << id.text();
  });
  std::map<GangId, int64_t> counted;
  view.pending_gangs().ForEach([&](const GangId& id, int64_t count) { counted[id] = count; });
  EXPECT_EQ(counted, pending);
  counted.clear();
  view.exclusive_gangs().ForEach([&](const GangId& id, int64_t count) { counted[id] = count; });
  EXPECT_EQ(counted, exclusive);
}

TEST(ClusterView, StaysConsistentUnderAnyOrderOfChanges) {
  std::mt19937 random(11);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  ClusterView view;
  for (int step = 0; step < 5'000; ++step) {
    const std::string node = "node-" + std::to_string(pick(4));
    Pod pod = pick(2) == 0 ? PodOf("p" + std::to_string(pick(10)), 1)
                           : MemberOf("g" + std::to_string(pick(3)), 4, pick(6), 1);
    pod.uid = PodUid(std::to_string(pick(2)));
    if (pod.membership.has_value() && pick(3) == 0) pod.membership->topology.exclusive = "rack";
    if (pick(2) == 0) pod.node = NodeName(node);
    if (pick(6) == 0) pod.phase = PodPhase::kFailed;
    if (pick(6) == 0) pod.deleting = true;
    switch (pick(6)) {
      case 0:
        view.Upsert(NodeOf(node, pick(8)));
        break;
      case 1:
        view.RemoveNode(NodeName(node));
        break;
      case 2:
        view.RemovePod(pod.name);
        break;
      default:
        view.Upsert(pod);
    }
    if (step % 50 == 0) ExpectConsistent(view);
  }
}

TEST(ClusterView, ACopyDoesNotSeeLaterChanges) {
  ClusterView view = test::ClusterOf(1, 8);
  const ClusterView before = view;
  view.Upsert(BoundTo(PodOf("p", 4), "node-00"));
  EXPECT_EQ(before.FindNode(NodeName("node-00"))->free.Get("nvidia.com/gpu"), 8);
  EXPECT_EQ(view.FindNode(NodeName("node-00"))->free.Get("nvidia.com/gpu"), 4);
}

TEST(ClusterView, GrowsWhenAGangMightFitAndNotOtherwise) {
  ClusterView view = test::ClusterOf(1, 8);
  view.Upsert(PodOf("p", 4));
  auto grew = [&, last = view.growth()]() mutable {
    return std::exchange(last, view.growth()) != view.growth();
  };
  view.Upsert(BoundTo(PodOf("p", 4), "node-00"));
  EXPECT_FALSE(grew()) << "a pod that takes room";
  view.Upsert(NodeOf("node-00", 8));
  EXPECT_FALSE(grew()) << "a node that is as it was";
  view.RemovePod(PodName("default", "p"));
  EXPECT_TRUE(grew()) << "a pod that left its node";
  view.Upsert(NodeOf("node-01", 8));
  EXPECT_TRUE(grew()) << "a new node";
  view.Upsert(MemberOf("train", 2, 0, 1));
  EXPECT_TRUE(grew()) << "a new member";
  view.Upsert(BoundTo(MemberOf("train", 2, 0, 1), "node-00"));
  EXPECT_FALSE(grew()) << "a member that was bound";
}

TEST(ClusterView, TheMarkOfTheFabricChangesWithNodesLabelsAndTopologyObjectsAlone) {
  ClusterView view;
  EXPECT_EQ(view.fabric(), nullptr);
  auto last = view.fabric();
  uint64_t growth = view.growth();
  const auto changed = [&] { return std::exchange(last, view.fabric()) != view.fabric(); };
  const auto grew = [&] { return std::exchange(growth, view.growth()) != view.growth(); };

  Node node = NodeOf("a", 8);
  view.Upsert(node);
  EXPECT_TRUE(changed());
  node.unschedulable = true;
  node.allocatable.Set("nvidia.com/gpu", 7);
  view.Upsert(node);
  EXPECT_FALSE(changed());
  node.labels["rack"] = "r1";
  view.Upsert(node);
  EXPECT_TRUE(changed());
  view.Upsert(node);
  view.Upsert(BoundTo(MemberOf("g", 2, 0, 1), "a"));
  view.Upsert(BoundTo(PodOf("p", 1), "b"));
  EXPECT_FALSE(changed()) << "b is bound to, but no node yet";
  view.RemoveNode(NodeName("b"));
  EXPECT_FALSE(changed());
  view.RemoveNode(NodeName("a"));
  EXPECT_TRUE(changed());
  view.RemovePod(PodName("default", "p"));
  EXPECT_FALSE(changed());

  TopologyObject object{{"Topology.kueue.x-k8s.io", "gpus"}, {{"rack", "rack"}}, std::nullopt, ""};
  grew();
  view.Upsert(object);
  EXPECT_TRUE(changed() && grew());
  view.Upsert(object);
  EXPECT_FALSE(changed() || grew());
  object.problem = "some";
  view.Upsert(object);
  EXPECT_TRUE(changed() && grew());
  view.RemoveTopologyObject(object.key);
  EXPECT_TRUE(changed() && grew());
  view.RemoveTopologyObject(object.key);
  EXPECT_FALSE(changed() || grew());
}

TEST(ClusterView, TheMarkOfTheFabricTellsViewsApartThatGrewAlike) {
  ClusterView a;
  a.Upsert(NodeOf("a", 8));
  ClusterView b;
  b.Upsert(NodeOf("b", 8));
  EXPECT_NE(a.fabric(), b.fabric());
  const ClusterView copy = a;
  EXPECT_EQ(a.fabric(), copy.fabric());
}

Pod KeepingApart(Pod pod) {
  pod.shape.terms.emplace();
  pod.shape.terms->anti_affinity.emplace_back();
  return pod;
}

Pod WithAffinity(Pod pod) {
  pod.shape.terms.emplace();
  pod.shape.terms->affinity.emplace_back();
  return pod;
}

TEST(ClusterView, KnowsWhoKeepsOthersAway) {
  ClusterView view = test::ClusterOf(1, 8);
  view.Upsert(PodOf("plain", 1));
  view.Upsert(WithAffinity(PodOf("attracted", 1)));
  EXPECT_TRUE(view.repelling().empty());
  view.Upsert(KeepingApart(PodOf("p", 1)));
  view.Upsert(BoundTo(KeepingApart(PodOf("p", 1)), "node-00"));
  EXPECT_EQ(view.repelling().size(), 1);
  EXPECT_TRUE((*view.repelling().Find(PodName("default", "p")))->bound());
  Pod finished = BoundTo(KeepingApart(PodOf("p", 1)), "node-00");
  finished.phase = PodPhase::kSucceeded;
  view.Upsert(finished);
  EXPECT_TRUE(view.repelling().empty());
  view.Upsert(BoundTo(KeepingApart(PodOf("p", 1)), "node-00"));
  view.RemovePod(PodName("default", "p"));
  EXPECT_TRUE(view.repelling().empty());
}

TEST(ClusterView, GrowsByABoundPodWhileSomebodyWaitsForOthers) {
  ClusterView view = test::ClusterOf(1, 8);
  view.Upsert(WithAffinity(PodOf("waiting", 1)));
  auto grew = [&, last = view.growth()]() mutable {
    return std::exchange(last, view.growth()) != view.growth();
  };
  view.Upsert(PodOf("p", 1));
  EXPECT_FALSE(grew()) << "a pod that is not bound";
  view.Upsert(BoundTo(PodOf("p", 1), "node-00"));
  EXPECT_TRUE(grew()) << "a pod that was bound";
  view.Upsert(BoundTo(PodOf("p", 1), "node-00"));
  EXPECT_FALSE(grew()) << "a pod that is as it was";
  Pod labelled = BoundTo(PodOf("p", 1), "node-00");
  labelled.labels["app"] = "db";
  view.Upsert(labelled);
  EXPECT_TRUE(grew()) << "another label";
  view.Upsert(Namespace{"default", {{"team", "a"}}});
  EXPECT_TRUE(grew()) << "a namespace's label";
  view.Upsert(Namespace{"default", {{"team", "a"}}});
  EXPECT_FALSE(grew()) << "a namespace that is as it was";
  view.RemovePod(PodName("default", "waiting"));
  view.Upsert(BoundTo(PodOf("q", 1), "node-00"));
  EXPECT_FALSE(grew()) << "nobody waits";
}

TEST(ClusterView, ANamespaceThatItLacksHasItsNameAsLabel) {
  ClusterView view;
  EXPECT_EQ(view.NamespaceLabels("ml"), (Labels{{"kubernetes.io/metadata.name", "ml"}}));
  view.Upsert(Namespace{"ml", {{"team", "a"}}});
  EXPECT_EQ(view.NamespaceLabels("ml"), (Labels{{"team", "a"}}));
  view.RemoveNamespace("ml");
  EXPECT_EQ(view.NamespaceLabels("ml"), (Labels{{"kubernetes.io/metadata.name", "ml"}}));
}

}  // namespace
}  // namespace muster
