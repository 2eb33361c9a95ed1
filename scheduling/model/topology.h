// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/selector.h"

namespace muster {

// One level of a topology: how its domains are called and how a node's is found.
struct Level {
  std::string name;  // what users may call it: "rack", the name of a layer or a tier; never empty
  std::string key;   // the node label whose value is the domain; empty for a tier of HyperNodes
  int64_t tier = 0;  // of HyperNodes, ascending from the nodes outwards; 0 where a label gives the domain

  friend bool operator==(const Level&, const Level&) = default;
};

// Which nodes, or which other HyperNodes, belong to a HyperNode: exactly one
// of the three ways is set.
struct HyperNodeMember {
  bool is_hyper_node = false;  // false: nodes
  std::string name;            // the member's name
  std::string pattern;         // a regular expression, found anywhere in a node's name
  std::optional<std::vector<LabelRequirement>> labels;  // all hold for the node's labels

  friend bool operator==(const HyperNodeMember&, const HyperNodeMember&) = default;
};

// One domain of Volcano's network topology.
//
// Source: volcano.sh/apis topology/v1alpha1, hypernode_types.go.
struct HyperNode {
  int64_t tier = 1;
  std::string tier_name;  // may be empty
  std::vector<HyperNodeMember> members;

  friend bool operator==(const HyperNode&, const HyperNode&) = default;
};

// Which topology, or which object that describes one: kinds may share names.
struct TopologyKey {
  std::string declared_by;  // such as "Topology.kueue.x-k8s.io"
  std::string name;

  friend bool operator==(const TopologyKey&, const TopologyKey&) = default;
  friend auto operator<=>(const TopologyKey&, const TopologyKey&) = default;
};

// What an object beside the nodes says about the fabric: the levels of a
// topology, or one domain of the tree that all HyperNodes make together.
struct TopologyObject {
  TopologyKey key;
  std::vector<Level> levels;  // outermost first; empty for a HyperNode
  std::optional<HyperNode> hyper_node;
  std::string problem;  // why it can't be used, naming field and value; empty if it can

  friend bool operator==(const TopologyObject&, const TopologyObject&) = default;
};

}  // namespace muster
