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

// As IoStep has it, of what a system call returned.
IoStep StepOf(ssize_t bytes, short wait) {
  if (bytes > 0) return {.bytes = bytes};
  const bool later = bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return {.wait = later ? wait : short{0}};
}

}  // namespace

Connection::Connection(int socket, std::unique_ptr<TlsSession> tls) : socket_(socket), tls_(std::move(tls)) {
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

bool Connection::Secure(absl::Duration patience) {
  if (tls_ == nullptr) return true;
  const SteadyTime deadline = After(patience);
  for (;;) {
    const IoStep step = tls_->Accept();
    if (step.bytes > 0) return true;
    if (step.wait == 0 || !Await(step.wait, deadline)) return false;
  }
}

bool Connection::AwaitRequest(absl::Duration idle) {
  if (begin_ < end_) return true;
  if (!Await(POLLIN, After(idle))) return false;
  deadline_ = tls_ == nullptr ? steady_clock::now() : After(std::min(idle, kRecord));
  return Fill();
}

void Connection::BeginRequest(absl::Duration patience) {
  deadline_ = After(patience);
  line_bytes_ = 0;
}

bool Connection::Fill() {
  if (buffer_ == nullptr) buffer_.reset(new char[kBufferBytes]);
  for (;;) {
    const IoStep got = Receive();
    begin_ = 0;
    end_ = got.bytes > 0 ? static_cast<size_t>(got.bytes) : 0;
    if (got.bytes > 0) return true;
    if (got.wait == 0 || !Await(got.wait, deadline_)) return false;
  }
}

// A record of TLS is less than the buffer: nothing that poll() does not see is
// left behind.
IoStep Connection::Receive() {
  if (tls_ != nullptr) return tls_->Read(buffer_.get(), kBufferBytes);
  return StepOf(recv(socket_, buffer_.get(), kBufferBytes, MSG_DONTWAIT), POLLIN);
}

IoStep Connection::Send(absl::string_view bytes) {
  if (tls_ != nullptr) return tls_->Write(bytes.data(), bytes.size());
  return StepOf(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT), POLLOUT);
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
    const IoStep sent = Send(bytes);
    if (sent.bytes > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent.bytes));
    } else if (sent.wait == 0 || !Await(sent.wait, deadline)) {
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
  if (tls_ != nullptr) tls_->Close();
  shutdown(socket_, SHUT_WR);
  BeginRequest(patience);
  // Between two fills too: a peer that never stops sending is left in the end.
  while (Fill() && steady_clock::now() < deadline_) {
  }
}

void Connection::Shutdown() { shutdown(socket_, SHUT_RDWR); }

}  // namespace muster
