// SPDX-License-Identifier: Apache-2.0
#include "test/bench/bench_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

namespace muster {
namespace {

void DieUnless(bool well, const char* what) {
  if (well) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

}  // namespace

BenchClient::BenchClient(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  DieUnless(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
}

BenchClient::~BenchClient() { close(socket_); }

void BenchClient::Send(const std::string& request) {
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t some = send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    DieUnless(some > 0, "send");
    sent += static_cast<size_t>(some);
  }
}

int BenchClient::Receive() {
  static constexpr absl::string_view kLength = "Content-Length: ";
  if (buffer_ == nullptr) buffer_.reset(new char[kBufferBytes]);
  size_t have = 0;
  size_t head = absl::string_view::npos;
  while (head == absl::string_view::npos) {
    const ssize_t some = recv(socket_, buffer_.get() + have, kBufferBytes - have, 0);
    DieUnless(some > 0, "receive");
    have += static_cast<size_t>(some);
    head = absl::string_view(buffer_.get(), have).find("\r\n\r\n");
  }
  const absl::string_view text(buffer_.get(), head + 2);
  const size_t at = text.find(kLength);
  size_t length = 0;
  const absl::string_view digits = text.substr(at == absl::string_view::npos ? 0 : at + kLength.size());
  DieUnless(at != absl::string_view::npos && absl::SimpleAtoi(digits.substr(0, digits.find('\r')), &length),
            "reading the length of an answer");
  int status = 0;
  DieUnless(absl::SimpleAtoi(text.substr(9, 3), &status), "reading the status of an answer");
  for (size_t body = have - head - 4; body < length;) {
    const ssize_t some = recv(socket_, buffer_.get(), kBufferBytes, 0);
    DieUnless(some > 0, "receive");
    body += static_cast<size_t>(some);
  }
  return status;
}

absl::Duration BenchClient::RoundTrip(const std::string& request) {
  const absl::Time began = absl::Now();
  Send(request);
  DieUnless(Receive() == 200, "a call");
  return absl::Now() - began;
}

}  // namespace muster
