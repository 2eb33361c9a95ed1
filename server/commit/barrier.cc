// SPDX-License-Identifier: Apache-2.0
#include "server/commit/barrier.h"

#include <utility>

namespace muster {

std::optional<Waiting> Barrier::Add(const GangId& gang, Waiting waiting) {
  std::optional<Waiting> replaced = Take(gang, waiting.call.uid);
  const PodUid uid = waiting.call.uid;
  calls_[gang].emplace(uid, std::move(waiting));
  return replaced;
}

std::optional<Waiting> Barrier::Take(const GangId& gang, const PodUid& uid) {
  const auto calls = calls_.find(gang);
  if (calls == calls_.end()) return std::nullopt;
  auto node = calls->second.extract(uid);
  if (calls->second.empty()) calls_.erase(calls);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::vector<Waiting> Barrier::TakeAll(const GangId& gang) {
  return TakeIf(gang, [](const Waiting&) { return true; });
}

std::vector<Waiting> Barrier::TakeIf(const GangId& gang, const std::function<bool(const Waiting&)>& over) {
  std::vector<Waiting> taken;
  const auto calls = calls_.find(gang);
  if (calls == calls_.end()) return taken;
  for (auto at = calls->second.begin(); at != calls->second.end();) {
    if (over(at->second)) {
      taken.push_back(std::move(at->second));
      at = calls->second.erase(at);
    } else {
      ++at;
    }
  }
  if (calls->second.empty()) calls_.erase(calls);
  return taken;
}

absl::flat_hash_map<PodUid, NodeName> Barrier::Pods(const GangId& gang) const {
  absl::flat_hash_map<PodUid, NodeName> pods;
  const auto calls = calls_.find(gang);
  if (calls == calls_.end()) return pods;
  for (const auto& [uid, waiting] : calls->second) pods.emplace(uid, waiting.call.node);
  return pods;
}

std::vector<GangId> Barrier::Gangs() const {
  std::vector<GangId> gangs;
  for (const auto& [gang, calls] : calls_) gangs.push_back(gang);
  return gangs;
}

int64_t Barrier::Count(const GangId& gang) const {
  const auto calls = calls_.find(gang);
  return calls == calls_.end() ? 0 : static_cast<int64_t>(calls->second.size());
}

int64_t Barrier::Count() const {
  int64_t count = 0;
  for (const auto& [gang, calls] : calls_) count += static_cast<int64_t>(calls.size());
  return count;
}

}  // namespace muster
