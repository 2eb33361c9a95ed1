// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/gang_feed.h"

#include <algorithm>
#include <utility>

namespace muster {

void GangFeed::Join(std::shared_ptr<Reader> reader) {
  absl::MutexLock offering(&offering_);
  std::vector<std::shared_ptr<Reader>> readers;
  GangList gangs;
  {
    absl::MutexLock lock(&mutex_);
    if (Refresh()) readers = readers_;
    readers.push_back(reader);
    readers_.push_back(std::move(reader));
    gangs = gangs_;
  }
  for (const auto& each : readers) each->Offer(gangs);
}

void GangFeed::Leave(const Reader& reader) {
  absl::MutexLock lock(&mutex_);
  readers_.erase(std::remove_if(readers_.begin(), readers_.end(),
                                [&reader](const auto& other) { return other.get() == &reader; }),
                 readers_.end());
}

void GangFeed::Poll() {
  absl::MutexLock offering(&offering_);
  std::vector<std::shared_ptr<Reader>> readers;
  GangList gangs;
  {
    absl::MutexLock lock(&mutex_);
    if (readers_.empty() || !Refresh()) return;
    readers = readers_;
    gangs = gangs_;
  }
  for (const auto& each : readers) each->Offer(gangs);
}

bool GangFeed::Refresh() {
  // Read before the list: a change in between is listed now or once more later.
  const uint64_t revision = service_.Revision();
  if (gangs_ != nullptr && revision == revision_) return false;
  revision_ = revision;
  gangs_ = std::make_shared<const std::vector<GangReport>>(service_.ListGangs());
  return true;
}

}  // namespace muster
