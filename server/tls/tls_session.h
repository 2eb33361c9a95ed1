// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>

struct ssl_st;
struct ssl_ctx_st;

namespace muster {

// What one attempt to read or write came to.
struct IoStep {
  ssize_t bytes = 0;  // more than 0: done
  short wait = 0;     // otherwise: what poll() must wait for before the next attempt; 0 if there is none
};

// TLS over a connected socket, on the server's side. Nothing here waits.
//
// Threads: one thread uses it.
class TlsSession {
 public:
  // Makes the socket one that never blocks; it outlives the session.
  TlsSession(std::shared_ptr<ssl_ctx_st> context, int socket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // A step of the handshake; bytes is 1 once it is done.
  IoStep Accept();
  IoStep Read(char* to, size_t size);
  IoStep Write(const char* from, size_t size);

  // Tells the peer that nothing follows.
  void Close();

  // Whether the peer has shown a certificate of the authority for callers.
  bool PeerKnown() const;

 private:
  IoStep Step(int result);

  const std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  bool broken_ = false;
};

}  // namespace muster
