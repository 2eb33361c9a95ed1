// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/tls/tls_session.h"

namespace muster {

// One accepted TCP connection, with or without TLS.
//
// Why:     a caller that sends or takes a byte now and then would occupy a
//          thread for ever if only the single read or write were bounded; and
//          waiting must end at once when the server stops.
// Time:    the steady clock: deadlines here guard sockets, not decisions.
// Threads: one thread uses it; only Shutdown may be called from others.
class Connection {
 public:
  // Takes over the socket. `tls` is of this socket; null: without TLS.
  explicit Connection(int socket, std::unique_ptr<TlsSession> tls = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Agrees with the peer on keys, within `patience`; without TLS there is nothing
  // to do. False if that fails.
  bool Secure(absl::Duration patience);

  // Whether the peer has shown a certificate of the authority for callers.
  bool PeerKnown() const { return tls_ != nullptr && tls_->PeerKnown(); }

  // Waits for the first byte of the next request. False if the connection
  // ended or was idle for `idle`.
  bool AwaitRequest(absl::Duration idle);

  // From now on the request has `patience` to arrive in full.
  void BeginRequest(absl::Duration patience);

  // Reads at most `size` bytes and at least one. -1 at the end of the stream,
  // on an error, a missed deadline, or lines without an end.
  ssize_t Read(char* to, size_t size);

  // Sends everything, within `patience`. False if that fails.
  bool Write(absl::string_view bytes, absl::Duration patience);

  // Whether the peer has closed or reset the connection. A peer that closed
  // its sending side only counts as gone: no HTTP client waits like that.
  bool PeerGone() const;

  // Ends the connection after the current answer: what follows can't be told
  // from the rest of a request that was not read, or is not wanted.
  void EndAfterAnswer() { ending_ = true; }
  bool ending() const { return ending_; }

  // Ends the stream and drops what still comes in until the peer has ended it
  // too, at most `patience`: a socket that is closed with unread bytes takes
  // the last answer back from the peer.
  void Linger(absl::Duration patience);

  // Ends reads, writes and waits, now and from now on.
  void Shutdown();

  int socket() const { return socket_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // Waits for `events`. False after `deadline`, or if the socket failed.
  bool Await(short events, SteadyTime deadline) const;
  bool Fill();
  IoStep Receive();
  IoStep Send(absl::string_view bytes);

  // How long what is no request, such as a change of keys, may take to arrive.
  static constexpr absl::Duration kRecord = absl::Seconds(10);
  static constexpr size_t kBufferBytes = 64 << 10;
  // Of a request, what may be read byte by byte, as lines are.
  static constexpr size_t kMaxLineBytes = 1 << 20;

  const int socket_;
  const std::unique_ptr<TlsSession> tls_;
  bool ending_ = false;
  SteadyTime deadline_;
  size_t line_bytes_ = 0;
  // Exists only while it holds bytes: held calls are many, and need none.
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace muster
