// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace muster {

// A kept-alive HTTP connection to a local server that costs little itself:
// one write per request, and reads of 64 KB.
class BenchClient {
 public:
  explicit BenchClient(int port);
  ~BenchClient();
  BenchClient(const BenchClient&) = delete;
  BenchClient& operator=(const BenchClient&) = delete;

  // Sends the bytes of a request; ends the process if that fails.
  void Send(const std::string& request);

  // Receives one response with a Content-Length; ends the process if there is
  // none. Returns its status.
  int Receive();

  // From the first byte sent to the last received.
  absl::Duration RoundTrip(const std::string& request);

 private:
  static constexpr size_t kBufferBytes = 64 << 10;

  const int socket_;
  std::unique_ptr<char[]> buffer_;  // from the first Receive() on
};

}  // namespace muster
