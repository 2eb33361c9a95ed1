// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/declined.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace muster {

void Declined::Learn(const PodShape& shape, const NodeName& node, absl::Time until,
                     const std::string& by_kubelet) {
  std::vector<Lesson>& lessons = by_node_[node];
  for (Lesson& lesson : lessons) {
    if (lesson.shape == shape) {
      lesson.until = until;
      lesson.by_kubelet = by_kubelet;
      return;
    }
  }
  lessons.push_back({shape, until, by_kubelet});
}

bool Declined::PodsChanged(const NodeName& node) {
  const auto at = by_node_.find(node);
  if (at == by_node_.end()) return false;
  const bool any =
      std::erase_if(at->second, [](const Lesson& lesson) { return lesson.by_kubelet.empty(); }) > 0;
  if (at->second.empty()) by_node_.erase(at);
  return any;
}

bool Declined::Expire(absl::Time now) {
  bool any = false;
  for (auto at = by_node_.begin(); at != by_node_.end();) {
    any |= std::erase_if(at->second, [&](const Lesson& lesson) { return lesson.until <= now; }) > 0;
    at = at->second.empty() ? by_node_.erase(at) : std::next(at);
  }
  return any;
}

std::string Declined::Why(const PodShape& shape, const NodeName& node) const {
  const auto at = by_node_.find(node);
  if (at == by_node_.end()) return "";
  const auto lesson = std::find_if(at->second.begin(), at->second.end(),
                                   [&](const Lesson& each) { return each.shape == shape; });
  if (lesson == at->second.end()) return "";
  return lesson->by_kubelet.empty() ? "declined by kube-scheduler"
                                    : absl::StrCat("refused by kubelet (", lesson->by_kubelet, ")");
}

std::vector<NodeName> Declined::Nodes() const {
  std::vector<NodeName> nodes;
  for (const auto& [node, lessons] : by_node_) nodes.push_back(node);
  return nodes;
}

}  // namespace muster
