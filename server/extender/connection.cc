// SPDX-License-Identifier: Apache-2.0
#include "server/extender/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace muster {
namespace {

// A machine that vanishes closes no connection. Its held calls must not count
// at the barrier for longer than this.
constexpr int kUnacknowledgedMillis = 4000;

using std::chrono::steady_clock;

steady_clock::time_point After(absl::Duration duration) {
  return steady_clock::now() + absl::ToChronoMilliseconds(duration);
}

int PollMillis(steady_clock::duration left) {
  // Rounded up, lest the last millisecond be spent in a loop.
  const int64_t millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(millis, 0, 3600 * 1000));
}

}  // namespace

Connection::Connection(int socket) : socket_(socket) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMillis, sizeof kUnacknowledgedMillis);
}

Connection::~Connection() {
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
}

bool Connection::Await(short events, SteadyTime deadline) const {
  pollfd waiting{socket_, events, 0};
  for (;;) {
    const int ready = poll(&waiting, 1, PollMillis(deadline - steady_clock::now()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (steady_clock::now() >= deadline) return false;
  }
}

bool Connection::AwaitRequest(absl::Duration idle) {
  if (begin_ < end_) return true;
  if (!Await(POLLIN, After(idle))) return false;
  deadline_ = steady_clock::now();
  return Fill();
}

void Connection::BeginRequest(absl::Duration patience) {
  deadline_ = After(patience);
  line_bytes_ = 0;
}

bool Connection::Fill() {
  if (buffer_ == nullptr) buffer_.reset(new char[kBufferBytes]);
  for (;;) {
    const ssize_t got = recv(socket_, buffer_.get(), kBufferBytes, MSG_DONTWAIT);
    begin_ = 0;
    end_ = got > 0 ? static_cast<size_t>(got) : 0;
    if (got > 0) return true;
    const bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (!later || !Await(POLLIN, deadline_)) return false;
  }
}

ssize_t Connection::Read(char* to, size_t size) {
  if (size == 1 && ++line_bytes_ > kMaxLineBytes) return -1;
  if (begin_ == end_ && !Fill()) return -1;
  const size_t some = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.get() + begin_, some);
  begin_ += some;
  if (begin_ == end_) buffer_.reset();
  return static_cast<ssize_t>(some);
}

bool Connection::Write(absl::string_view bytes, absl::Duration patience) {
  const SteadyTime deadline = After(patience);
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return false;
    } else if (!Await(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool Connection::PeerGone() const {
  pollfd now{socket_, POLLRDHUP, 0};
  return poll(&now, 1, 0) > 0;
}

void Connection::Linger(absl::Duration patience) {
  shutdown(socket_, SHUT_WR);
  BeginRequest(patience);
  // Between two fills too: a peer that never stops sending is left in the end.
  while (Fill() && steady_clock::now() < deadline_) {
  }
}

void Connection::Shutdown() { shutdown(socket_, SHUT_RDWR); }

}  // namespace muster
