// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "scheduling/report.h"
#include "server/service.h"

namespace muster {

// All gangs at one moment, by name. Readers share it.
using GangList = std::shared_ptr<const std::vector<GangReport>>;

// Hands the newest list of gangs to everybody who watches them, so that many
// watches cost one listing per change.
//
// Time:    Poll() is the clock; between two polls nothing is noticed.
// Threads: thread-safe.
class GangFeed {
 public:
  class Reader {
   public:
    virtual ~Reader() = default;
    // Called with every new list, in order and one at a time; perhaps once more
    // after Leave() has returned.
    virtual void Offer(GangList gangs) = 0;
  };

  // `service` outlives the feed.
  explicit GangFeed(Service& service) : service_(service) {}

  // Offers the present list to `reader` at once, then every newer one.
  void Join(std::shared_ptr<Reader> reader);
  void Leave(const Reader& reader);

  // Looks whether the gangs have changed, and if so offers them.
  void Poll();

 private:
  // Lists the gangs anew and returns true, unless they are those of `gangs_`.
  bool Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Service& service_;
  // Serialises the offers. Apart from mutex_, so that a reader may leave from
  // within one.
  absl::Mutex offering_ ABSL_ACQUIRED_BEFORE(mutex_);
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Reader>> readers_ ABSL_GUARDED_BY(mutex_);
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  GangList gangs_ ABSL_GUARDED_BY(mutex_);  // null before the first listing
};

}  // namespace muster
