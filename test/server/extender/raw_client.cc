// SPDX-License-Identifier: Apache-2.0
#include "test/server/extender/raw_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster {

RawClient::RawClient(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Close();
}

RawClient::~RawClient() { Close(); }

void RawClient::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void RawClient::Reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

bool RawClient::Send(const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t some = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (some <= 0) return false;
    sent += static_cast<size_t>(some);
  }
  return true;
}

std::optional<char> RawClient::ReceiveByte(absl::Duration patience) {
  pollfd waiting{socket_, POLLIN, 0};
  if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) <= 0) return std::nullopt;
  char byte = 0;
  if (recv(socket_, &byte, 1, 0) != 1) return std::nullopt;
  return byte;
}

bool RawClient::ClosedByServer(absl::Duration patience) {
  pollfd waiting{socket_, POLLIN, 0};
  if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) <= 0) return false;
  char byte = 0;
  return recv(socket_, &byte, 1, 0) <= 0;
}

std::optional<std::string> RawClient::Line(absl::Duration patience) {
  std::string line;
  while (const std::optional<char> byte = ReceiveByte(patience)) {
    line += *byte;
    if (*byte == '\n') return std::string(absl::StripSuffix(line, "\r\n"));
  }
  return std::nullopt;
}

bool RawClient::Exactly(size_t size, std::string& out, absl::Duration patience) {
  while (size > 0) {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) <= 0) return false;
    char some[4096];
    const ssize_t got = recv(socket_, some, std::min(size, sizeof some), 0);
    if (got <= 0) return false;
    out.append(some, static_cast<size_t>(got));
    size -= static_cast<size_t>(got);
  }
  return true;
}

std::optional<RawClient::Response> RawClient::Receive(absl::Duration patience) {
  Response response;
  std::optional<std::string> line = Line(patience);
  if (!line.has_value() || line->size() < 12) return std::nullopt;
  response.status = std::stoi(line->substr(9, 3));
  for (line = Line(patience); line.has_value() && !line->empty(); line = Line(patience)) {
    const size_t colon = line->find(':');
    response.headers[absl::AsciiStrToLower(line->substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line->substr(colon + 1)));
  }
  if (!line.has_value()) return std::nullopt;
  if (response.headers.count("content-length") != 0) {
    if (!Exactly(std::stoul(response.headers["content-length"]), response.body, patience))
      return std::nullopt;
    return response;
  }
  while ((line = Line(patience)).has_value()) {
    const size_t size = std::stoul(*line, nullptr, 16);
    std::string end;
    if (!Exactly(size, response.body, patience) || !Exactly(2, end, patience)) return std::nullopt;
    if (size == 0) return response;
    ++response.chunks;
  }
  return std::nullopt;
}

std::string PostBytes(const std::string& path, const std::string& body) {
  return absl::StrCat(
      "POST ", path,
      " HTTP/1.1\r\nHost: muster\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ", body.size(),
      "\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n", body);
}

std::optional<RawClient::Response> RawClient::Post(const std::string& path, const std::string& body) {
  if (!Send(PostBytes(path, body))) return std::nullopt;
  return Receive();
}

std::optional<RawClient::Response> RawClient::Get(const std::string& path) {
  if (!Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: muster\r\n\r\n"))) return std::nullopt;
  return Receive();
}

}  // namespace muster
