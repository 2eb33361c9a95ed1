// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduling/model/topology.h"

// HyperNodes as their objects declare them.
namespace muster::test {

inline HyperNodeMember NodeNamed(const std::string& name) { return {false, name, "", std::nullopt}; }
inline HyperNodeMember NodesLike(const std::string& pattern) { return {false, "", pattern, std::nullopt}; }
inline HyperNodeMember NodesWith(std::vector<LabelRequirement> labels) {
  return {false, "", "", std::move(labels)};
}
inline HyperNodeMember HyperNodeNamed(const std::string& name) { return {true, name, "", std::nullopt}; }

inline TopologyObject HyperNodeOf(const std::string& name, int64_t tier, std::vector<HyperNodeMember> members,
                                  const std::string& tier_name = "") {
  return {{"HyperNode.topology.volcano.sh", name}, {}, HyperNode{tier, tier_name, std::move(members)}, ""};
}

inline std::vector<const TopologyObject*> Pointers(const std::vector<TopologyObject>& objects) {
  std::vector<const TopologyObject*> pointers;
  for (const TopologyObject& object : objects) pointers.push_back(&object);
  return pointers;
}

}  // namespace muster::test
