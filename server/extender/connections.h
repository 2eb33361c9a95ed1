// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/extender/connection.h"

namespace muster {

// The open connections of a server.
//
// Threads: thread-safe.
class Connections {
 public:
  // A connection that is added after CloseAll() is shut down at once.
  void Add(Connection& connection);
  void Remove(Connection& connection);

  // Between two requests a connection is idle.
  void MarkIdle(Connection& connection);
  // False if the connection was chosen to be closed meanwhile.
  bool MarkBusy(Connection& connection);

  // Closes the connection that has been idle for longest, if there is one.
  void CloseIdlest();

  // Closes the idle ones, and every other once its answer is given, for which
  // it waits at most `grace`; then those that are left.
  void CloseAll(absl::Duration grace);

  size_t size() const;

 private:
  struct State {
    absl::Time idle_since = absl::InfiniteFuture();  // infinite future: busy
    bool closed = false;
  };

  void Close(Connection& connection, State& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<Connection*, State> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster
