// SPDX-License-Identifier: Apache-2.0
// The tree of domains against sets of nodes by path, over random labels.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/topology/domain_tree.h"
#include "scheduling/topology/natural_order.h"
#include "test/support/fabric.h"

namespace muster {
namespace {

constexpr int kCases = 3'000;

using Path = std::vector<std::string>;

// Every domain's nodes, straight from the definition.
std::map<Path, std::set<int32_t>> Expected(const std::vector<Level>& levels, const test::Fabric& fabric) {
  std::map<Path, std::set<int32_t>> domains = {{{}, {}}};
  for (size_t n = 0; n < fabric.nodes().size(); ++n) {
    Path path;
    domains[path].insert(static_cast<int32_t>(n));
    for (const Level& level : levels) {
      const Labels& labels = fabric.nodes()[n]->labels;
      if (!labels.contains(level.key) || labels.at(level.key).empty()) break;
      path.push_back(labels.at(level.key));
      domains[path].insert(static_cast<int32_t>(n));
    }
  }
  return domains;
}

Path PathOf(const DomainTree& tree, DomainId id) {
  Path path;
  for (; id != kRootDomain; id = tree.domain(id).parent) path.insert(path.begin(), tree.domain(id).name);
  return path;
}

void Check(const std::vector<Level>& levels, const test::Fabric& fabric) {
  const DomainTree tree = DomainTree::ByLabels(levels, fabric.nodes());
  const auto expected = Expected(levels, fabric);
  ASSERT_EQ(tree.domain_count(), static_cast<int32_t>(expected.size()));
  std::vector<int64_t> weights;
  for (size_t n = 0; n < fabric.nodes().size(); ++n) weights.push_back(static_cast<int64_t>(n * n + 1));
  const std::vector<int64_t> sums = tree.SumUp(absl::MakeConstSpan(weights));

  std::vector<int32_t> outside(levels.size(), tree.node_count());
  for (DomainId id = kRootDomain; id < tree.domain_count(); ++id) {
    const Path path = PathOf(tree, id);
    ASSERT_TRUE(expected.contains(path));
    const auto nodes = tree.NodesOf(id);
    ASSERT_EQ(std::set<int32_t>(nodes.begin(), nodes.end()), expected.at(path));
    ASSERT_EQ(nodes.size(), expected.at(path).size());
    int64_t sum = 0;
    for (const int32_t n : nodes) sum += weights[static_cast<size_t>(n)];
    ASSERT_EQ(sums[static_cast<size_t>(id)], sum);

    const Domain& domain = tree.domain(id);
    ASSERT_EQ(domain.level, static_cast<int32_t>(path.size()) - 1);
    for (int32_t c = 0; c < domain.children; ++c) {
      ASSERT_EQ(tree.domain(domain.first_child + c).parent, id);
      if (c > 0) {
        ASSERT_TRUE(NaturallyBefore(tree.domain(domain.first_child + c - 1).name,
                                    tree.domain(domain.first_child + c).name));
      }
    }
    for (size_t level = 0; level < levels.size(); ++level) {
      std::vector<DomainId> within;
      for (DomainId d = tree.FirstOf(level); d < tree.EndOf(level); ++d) {
        const Path inner = PathOf(tree, d);
        if (inner.size() >= path.size() && std::equal(path.begin(), path.end(), inner.begin()))
          within.push_back(d);
      }
      const DomainTree::Range range = tree.Within(id, level);
      ASSERT_EQ(static_cast<size_t>(range.end - range.begin), within.size());
      ASSERT_TRUE(within.empty() || range.begin == within.front());
    }
    if (id == kRootDomain) continue;
    const auto level = static_cast<size_t>(domain.level);
    ASSERT_TRUE(tree.FirstOf(level) <= id && id < tree.EndOf(level));
    outside[level] -= domain.nodes;
    for (const int32_t n : nodes) ASSERT_EQ(tree.DomainOf(n, level), id);
  }
  for (size_t level = 0; level < levels.size(); ++level) ASSERT_EQ(tree.NodesOutside(level), outside[level]);
  for (int32_t n = 0; n < tree.node_count(); ++n) {
    const Path deepest = PathOf(tree, tree.DeepestOf(n));
    for (size_t level = 0; level < levels.size(); ++level) {
      ASSERT_EQ(tree.DomainOf(n, level) == kNoDomain, level >= deepest.size());
    }
  }
}

TEST(DomainTreeProperty, HasTheDomainsThatTheDefinitionSays) {
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    std::vector<Level> levels;
    const int depth = pick(1, 16);
    for (int l = 0; l < depth; ++l)
      levels.push_back({"level-" + std::to_string(l), "key-" + std::to_string(l)});
    std::vector<Labels> labels(static_cast<size_t>(pick(0, 40)));
    const int missing = pick(0, 20);  // of 100 labels
    for (Labels& node : labels) {
      for (const Level& level : levels) {
        if (pick(0, 99) < missing) continue;
        // Names repeat under different parents, and differ in leading zeros.
        node[level.key] =
            pick(0, 30) == 0 ? "" : (pick(0, 5) == 0 ? "r-0" : "r-") + std::to_string(pick(1, 12));
      }
    }
    Check(levels, test::Fabric(std::move(labels)));
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace muster
