// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/gang_groups.h"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/model/cluster_view.h"
#include "test/support/builders.h"

namespace muster {
namespace {

DeclarationKey Gang(const std::string& name) { return {"gang", GangId("default", name)}; }
DeclarationKey Group(const std::string& name) { return {"group", GangId("default", name)}; }
GangGroups::Entry In(const std::string& group) {
  return {{.field = "parent", .parent = Group(group), .gangs = {}}, false};
}
GangGroups::Entry With(const std::vector<std::string>& gangs) {
  GangGroups::Entry entry{{.field = "groups", .parent = std::nullopt, .gangs = {}}, false};
  for (const std::string& gang : gangs) entry.link.gangs.emplace_back("default", gang);
  return entry;
}

std::string GroupOf(const GangGroups& groups, const DeclarationKey& key) {
  const GangId* group = groups.GroupOf(key);
  return group == nullptr ? "none" : std::string(group->name());
}

TEST(GangGroups, AGangIsInTheOutermostGroupAroundIt) {
  GangGroups groups;
  groups.Set(Gang("a"), In("g"));
  EXPECT_EQ(GroupOf(groups, Gang("a")), "g") << "whether that exists or not";
  groups.Set(Group("g"), In("all"));
  EXPECT_EQ(GroupOf(groups, Gang("a")), "all");
  EXPECT_EQ(GroupOf(groups, Gang("b")), "none");
  groups.Set(Group("g"), {});
  groups.Set(Gang("a"), {});
  EXPECT_EQ(GroupOf(groups, Gang("a")), "none");
  EXPECT_TRUE(groups.empty());
}

TEST(GangGroups, AGroupThatIsDissolvedCountsWithinAnotherOneOnly) {
  GangGroups groups;
  groups.Set(Gang("a"), In("g"));
  groups.Set(Group("g"), {{}, true});
  EXPECT_EQ(GroupOf(groups, Gang("a")), "none");
  groups.Set(Group("g"), {In("all").link, true});
  EXPECT_EQ(GroupOf(groups, Gang("a")), "all");
  groups.Set(Group("all"), {{}, true});
  EXPECT_EQ(GroupOf(groups, Gang("a")), "none");
}

TEST(GangGroups, GangsThatNameEachOtherGoByTheFirst) {
  GangGroups groups;
  groups.Set(Gang("b"), With({"a", "b"}));
  EXPECT_EQ(GroupOf(groups, Gang("b")), "a");
  EXPECT_EQ(GroupOf(groups, Gang("a")), "none") << "it did not say so";
  EXPECT_EQ(groups.NamedBy(Gang("a")), std::vector<DeclarationKey>{Gang("b")});
  EXPECT_EQ(groups.FindGroupOf(GangId("default", "b"))->name(), "a");
}

TEST(GangGroups, ThoseInACircleGoByOneName) {
  GangGroups groups;
  for (const auto& [group, parent] : {std::pair{"c", "b"}, {"b", "d"}, {"d", "c"}}) {
    groups.Set(Group(group), In(parent));
  }
  groups.Set(Gang("x"), In("c"));
  groups.Set(Gang("y"), In("d"));
  groups.Set(Group("outside"), In("d"));
  groups.Set(Gang("z"), In("outside"));
  for (const char* gang : {"x", "y", "z"}) EXPECT_EQ(GroupOf(groups, Gang(gang)), "b") << gang;
  EXPECT_EQ(groups.Within(Group("d")).size(), 7u);
}

// The state of a random cluster: what is in it, in no order.
struct World {
  std::map<std::string, Pod> pods;
  std::map<DeclarationKey, GangDeclaration> objects;
};

template <typename Pick>
GangDeclaration RandomObject(Pick pick) {
  GangDeclaration object;
  const bool is_group = pick(2) == 0;
  const std::string name = std::to_string(pick(is_group ? 4 : 6));
  object.declared_by = is_group ? "group" : "gang";
  object.gang = GangId("default", (is_group ? "g" : "") + name);
  if (is_group) object.min_groups = 1;
  object.all_or_none = pick(4) != 0;
  if (pick(3) != 0) object.group = In("g" + std::to_string(pick(4))).link;
  if (!is_group && pick(3) == 0) object.group = With({name, name + "x"}).link;
  return object;
}

template <typename Pick>
Pod RandomPod(Pick pick) {
  Pod pod = test::PodOf("p" + std::to_string(pick(12)), 1);
  if (pick(8) == 0) return pod;
  pod.membership.emplace();
  pod.membership->declared_by = "gang";
  const std::string gang = std::to_string(pick(6));
  pod.membership->gang = GangId("default", gang);
  if (pick(3) == 0)
    pod.membership->group = With(pick(2) == 0 ? std::vector<std::string>{"0", gang + "y"}
                                              : std::vector<std::string>{"1", gang + "z"})
                                .link;
  if (pick(2) == 0) pod.node = NodeName("n");
  return pod;
}

using Gangs = std::map<GangId, std::pair<std::set<PodName>, int64_t>>;

Gangs GangsOf(const ClusterView& view) {
  Gangs gangs;
  view.gangs().ForEach([&](const GangId& id, const ClusterView::Members& members) {
    members.ForEach([&](const PodName& name, const auto& pod) {
      EXPECT_EQ(view.GangOf(*pod), id) << name.text();
      gangs[id].first.insert(name);
    });
  });
  view.pending_gangs().ForEach([&](const GangId& id, int64_t count) { gangs[id].second = count; });
  return gangs;
}

TEST(GangGroups, MembersAreWhereTheyWouldBeHadEverythingComeAtOnce) {
  std::mt19937 random(5);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  ClusterView view;
  World world;
  for (int step = 0; step < 20'000; ++step) {
    const Pod pod = RandomPod(pick);
    const GangDeclaration object = RandomObject(pick);
    const DeclarationKey key{object.declared_by, object.gang};
    switch (pick(4)) {
      case 0:
        view.RemovePod(pod.name);
        world.pods.erase(pod.name.text());
        break;
      case 1:
        view.RemoveDeclaration(key);
        world.objects.erase(key);
        break;
      case 2:
        view.Upsert(object);
        world.objects.insert_or_assign(key, object);
        break;
      default:
        view.Upsert(pod);
        world.pods.insert_or_assign(pod.name.text(), pod);
    }
    if (step % 20 != 0) continue;
    ClusterView at_once;
    for (const auto& [k, o] : world.objects) at_once.Upsert(o);
    for (const auto& [name, p] : world.pods) at_once.Upsert(p);
    ASSERT_EQ(GangsOf(view), GangsOf(at_once)) << "step " << step;
  }
}

}  // namespace
}  // namespace muster
