// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/build_topologies.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/topology/hyper_node_tree.h"
#include "scheduling/topology/levels.h"
#include "scheduling/topology/well_known.h"

namespace muster {
namespace {

// The nodes with a domain at every level.
int32_t NodesInside(const Topology& topology) {
  const DomainTree& tree = topology.tree;
  return tree.node_count() - tree.NodesOutside(tree.levels().size() - 1);
}

// Levels that are called like their label key get the key's usual word, if it
// is not some other level's.
void NameWell(std::vector<Level>& levels) {
  for (Level& level : levels) {
    const absl::string_view name = NameOfKey(level.key);
    if (level.name != level.key || name.empty()) continue;
    const bool taken = std::any_of(levels.begin(), levels.end(), [&](const Level& other) {
      return &other != &level && (other.name == name || NameOfKey(other.key) == name);
    });
    if (!taken) level.name = std::string(name);
  }
}

void AddByLabels(TopologyKey key, std::vector<Level> levels, absl::Span<const Node* const> nodes,
                 Topologies& topologies) {
  NameWell(levels);
  if (const absl::Status checked = CheckLevels(levels); !checked.ok()) {
    topologies.problems.push_back({std::move(key), std::string(checked.message())});
  } else {
    topologies.all.push_back({std::move(key), DomainTree::ByLabels(std::move(levels), nodes)});
  }
}

void AddHyperNodes(const std::string& declared_by, absl::Span<const TopologyObject* const> objects,
                   absl::Span<const Node* const> nodes, Topologies& topologies) {
  TopologyKey key{declared_by, std::string(kHyperNodes)};
  absl::StatusOr<HyperNodeTree> built = BuildHyperNodeTree(objects, nodes);
  if (!built.ok()) {
    topologies.problems.push_back({std::move(key), std::string(built.status().message())});
    return;
  }
  if (!built->missing.empty()) topologies.problems.push_back({key, std::move(built->missing)});
  topologies.all.push_back({std::move(key), std::move(built->tree)});
}

void AddObjects(const ClusterView& view, absl::Span<const Node* const> nodes, Topologies& topologies) {
  const auto first = static_cast<std::ptrdiff_t>(topologies.all.size());
  std::map<std::string, std::vector<const TopologyObject*>> hyper_nodes;  // by what declares them
  view.topology_objects().ForEach(
      [&](const TopologyKey& key, const std::shared_ptr<const TopologyObject>& object) {
        if (object->hyper_node.has_value()) {
          hyper_nodes[key.declared_by].push_back(object.get());
        } else if (!object->problem.empty()) {
          topologies.problems.push_back({key, object->problem});
        } else {
          AddByLabels(key, object->levels, nodes, topologies);
        }
      });
  for (const auto& [declared_by, objects] : hyper_nodes)
    AddHyperNodes(declared_by, objects, nodes, topologies);
  std::stable_sort(topologies.all.begin() + first, topologies.all.end(),
                   [](const Topology& a, const Topology& b) { return NodesInside(a) > NodesInside(b); });
}

template <typename T>
void Append(std::vector<T> from, std::vector<T>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

Topologies BuildTopologies(const ClusterView& view, const TopologyOptions& options) {
  std::vector<const Node*> nodes;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node != nullptr) nodes.push_back(state.node.get());
  });
  Topologies topologies;
  if (!options.levels.empty()) {
    AddByLabels({std::string(kConfiguration), std::string(kConfiguration)}, options.levels, nodes,
                topologies);
  }
  AddObjects(view, nodes, topologies);
  Topologies known = WellKnownTopologies(nodes);
  Append(std::move(known.all), topologies.all);
  Append(std::move(known.problems), topologies.problems);
  std::stable_partition(topologies.all.begin(), topologies.all.end(),
                        [](const Topology& topology) { return NodesInside(topology) > 0; });
  const bool all_have_hosts =
      !topologies.all.empty() && NodesInside(topologies.all.front()) == static_cast<int32_t>(nodes.size());
  if (!all_have_hosts) {
    topologies.hosts = DomainTree::ByLabels({{.name = "host", .key = std::string(kHostnameLabel)}}, nodes);
  }
  return topologies;
}

}  // namespace muster
