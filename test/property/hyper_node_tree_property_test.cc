// SPDX-License-Identifier: Apache-2.0
// The tree of HyperNodes against their definition: sets of nodes, computed from
// the members up, over random objects, most of which are well-formed.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/topology/hyper_node_tree.h"
#include "test/support/fabric.h"
#include "test/support/hyper_nodes.h"

namespace muster {
namespace {

constexpr int kCases = 3'000;

struct Case {
  std::vector<TopologyObject> objects;
  std::vector<Labels> labels;
};

Case RandomCase(std::mt19937& random) {
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Case c;
  const int nodes = 1 + pick(10);
  for (int n = 0; n < nodes; ++n)
    c.labels.push_back(pick(3) == 0 ? Labels{} : Labels{{"l", absl::StrCat(pick(3))}});
  const int count = 1 + pick(6);
  for (int h = 0; h < count; ++h)
    c.objects.push_back(test::HyperNodeOf(absl::StrCat("h", h), 1 + pick(4), {}));
  // Mostly one place for everything, rarely any place.
  const auto members = [&](int h) -> auto& { return c.objects[static_cast<size_t>(h)].hyper_node->members; };
  for (int h = 0; h < count; ++h) {
    const int parent = pick(count);
    const bool outer = c.objects[static_cast<size_t>(parent)].hyper_node->tier >
                       c.objects[static_cast<size_t>(h)].hyper_node->tier;
    if (outer || pick(40) == 0) members(parent).push_back(test::HyperNodeNamed(absl::StrCat("h", h)));
    if (pick(60) == 0) members(parent).push_back(test::HyperNodeNamed(absl::StrCat("h", pick(9))));
  }
  for (int n = 0; n < nodes; ++n) {
    if (pick(8) > 0) members(pick(count)).push_back(test::NodeNamed(absl::StrCat("n", n)));
    if (pick(30) == 0) members(pick(count)).push_back(test::NodesLike(absl::StrCat(pick(10), "$")));
    if (pick(30) == 0) {
      members(pick(count))
          .push_back(test::NodesWith({{"l", LabelRequirement::Op::kIn, {absl::StrCat(pick(3))}}}));
    }
  }
  return c;
}

// Straight from the definition, and slow.
class Twin {
 public:
  explicit Twin(const Case& c) : case_(c) {
    for (const TopologyObject& object : c.objects) {
      own_[object.key.name];
      for (const HyperNodeMember& member : object.hyper_node->members) {
        for (size_t n = 0; n < c.labels.size(); ++n) {
          if (IsMember(member, n)) own_[object.key.name].insert(n);
        }
      }
    }
  }

  bool WellFormed() const {
    for (const TopologyObject& a : case_.objects) {
      std::set<std::string> parents;
      for (const TopologyObject& b : case_.objects) {
        if (!Contains(b, a.key.name)) continue;
        if (b.hyper_node->tier <= a.hyper_node->tier) return false;
        parents.insert(b.key.name);
      }
      if (parents.size() > 1) return false;
    }
    // A node's own HyperNodes are a chain: of each two one is above the other.
    for (const auto& [a, of_a] : own_) {
      for (const auto& [b, of_b] : own_) {
        if (a == b || IsAbove(a, b) || IsAbove(b, a)) continue;
        for (const size_t n : of_a) {
          if (of_b.contains(n)) return false;
        }
      }
    }
    return true;
  }

  // Where a node is at a tier: in the HyperNode of the outermost tier up to
  // this one; nullopt if all of its are outer.
  std::optional<std::string> PlaceOf(size_t n, int64_t tier) const {
    std::optional<std::string> place;
    int64_t best = 0;
    for (const TopologyObject& object : case_.objects) {
      const int64_t of = object.hyper_node->tier;
      if (of <= tier && of > best && IsIn(n, object.key.name)) {
        best = of;
        place = object.key.name;
      }
    }
    return place;
  }

 private:
  bool IsMember(const HyperNodeMember& member, size_t n) const {
    if (member.is_hyper_node) return false;
    const std::string name = absl::StrCat("n", n);
    // The patterns of this test are a digit at the end.
    if (!member.pattern.empty()) return name.back() == member.pattern.front();
    if (member.labels.has_value()) {
      const auto label = case_.labels[n].find("l");
      return label != case_.labels[n].end() && label->second == member.labels->front().values.front();
    }
    return member.name == name;
  }
  static bool Contains(const TopologyObject& object, const std::string& name) {
    return std::any_of(object.hyper_node->members.begin(), object.hyper_node->members.end(),
                       [&](const HyperNodeMember& m) { return m.is_hyper_node && m.name == name; });
  }
  bool IsAbove(const std::string& outer, const std::string& inner) const {
    for (const TopologyObject& object : case_.objects) {
      if (!Contains(object, inner)) continue;
      if (object.key.name == outer || IsAbove(outer, object.key.name)) return true;
    }
    return false;
  }
  bool IsIn(size_t n, const std::string& name) const {
    for (const auto& [inner, nodes] : own_) {
      if (nodes.contains(n) && (inner == name || IsAbove(name, inner))) return true;
    }
    return false;
  }

  const Case& case_;
  std::map<std::string, std::set<size_t>> own_;
};

TEST(HyperNodeTreeProperty, EveryNodeIsWhereItsMembershipsPutIt) {
  std::mt19937 random(5);
  int well_formed = 0;
  for (int i = 0; i < kCases; ++i) {
    SCOPED_TRACE(i);
    const Case c = RandomCase(random);
    const test::Fabric fabric(c.labels);
    const auto built = BuildHyperNodeTree(test::Pointers(c.objects), fabric.nodes());
    const Twin twin(c);
    ASSERT_EQ(built.ok(), twin.WellFormed()) << built.status();
    if (!built.ok()) continue;
    ++well_formed;
    const DomainTree& tree = built->tree;
    for (size_t level = 1; level < tree.levels().size(); ++level) {
      for (size_t n = 0; n < c.labels.size(); ++n) {
        const DomainId domain = tree.DomainOf(static_cast<int32_t>(n), level);
        const auto place = twin.PlaceOf(n, tree.levels()[level].tier);
        ASSERT_EQ(domain == kNoDomain ? "" : tree.domain(domain).name, place.value_or(""))
            << "n" << n << " at " << tree.levels()[level].name;
      }
    }
    ASSERT_EQ(tree.NodesOutside(0), 0);
  }
  EXPECT_GT(well_formed, kCases / 4);
  EXPECT_LT(well_formed, kCases);
}

}  // namespace
}  // namespace muster
