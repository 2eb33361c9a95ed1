// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/declined.h"

#include "absl/algorithm/container.h"

namespace muster {

void Declined::Learn(const PodShape& shape, const NodeName& node, absl::Time until) {
  std::vector<Lesson>& lessons = by_node_[node];
  for (Lesson& lesson : lessons) {
    if (lesson.shape == shape) {
      lesson.until = until;
      return;
    }
  }
  lessons.push_back({shape, until});
}

bool Declined::Expire(absl::Time now) {
  bool any = false;
  for (auto at = by_node_.begin(); at != by_node_.end();) {
    any |= std::erase_if(at->second, [&](const Lesson& lesson) { return lesson.until <= now; }) > 0;
    at = at->second.empty() ? by_node_.erase(at) : std::next(at);
  }
  return any;
}

bool Declined::Holds(const PodShape& shape, const NodeName& node) const {
  const auto at = by_node_.find(node);
  return at != by_node_.end() &&
         absl::c_any_of(at->second, [&](const Lesson& lesson) { return lesson.shape == shape; });
}

std::vector<NodeName> Declined::Nodes() const {
  std::vector<NodeName> nodes;
  for (const auto& [node, lessons] : by_node_) nodes.push_back(node);
  return nodes;
}

}  // namespace muster
