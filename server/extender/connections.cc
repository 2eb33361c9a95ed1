// SPDX-License-Identifier: Apache-2.0
#include "server/extender/connections.h"

#include "absl/time/clock.h"

namespace muster {

void Connections::Add(Connection& connection) {
  absl::MutexLock lock(&mu_);
  State& state = open_[&connection];
  state.idle_since = absl::Now();
  if (closing_) Close(connection, state);
}

void Connections::Remove(Connection& connection) {
  absl::MutexLock lock(&mu_);
  open_.erase(&connection);
}

void Connections::MarkIdle(Connection& connection) {
  absl::MutexLock lock(&mu_);
  State& state = open_.at(&connection);
  state.idle_since = absl::Now();
  if (closing_) Close(connection, state);
}

bool Connections::MarkBusy(Connection& connection) {
  absl::MutexLock lock(&mu_);
  State& state = open_.at(&connection);
  state.idle_since = absl::InfiniteFuture();
  return !state.closed;
}

void Connections::Close(Connection& connection, State& state) {
  state.closed = true;
  connection.Shutdown();
}

void Connections::CloseIdlest() {
  absl::MutexLock lock(&mu_);
  Connection* idlest = nullptr;
  absl::Time since = absl::InfiniteFuture();
  for (const auto& [connection, state] : open_) {
    if (state.closed || state.idle_since >= since) continue;
    idlest = connection;
    since = state.idle_since;
  }
  if (idlest != nullptr) Close(*idlest, open_.at(idlest));
}

void Connections::CloseAll(absl::Duration grace) {
  absl::MutexLock lock(&mu_);
  closing_ = true;
  for (auto& [connection, state] : open_) {
    if (state.idle_since < absl::InfiniteFuture()) Close(*connection, state);
  }
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_.empty(); };
  mu_.AwaitWithTimeout(absl::Condition(&none), grace);
  for (auto& [connection, state] : open_) Close(*connection, state);
}

size_t Connections::size() const {
  absl::MutexLock lock(&mu_);
  return open_.size();
}

}  // namespace muster
