// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace muster {

// A TCP connection to a local server, for tests that care about its bytes.
class RawClient {
 public:
  explicit RawClient(int port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False if the server has closed or reset the connection.
  bool Send(const std::string& bytes);

  struct Response {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;                            // without the framing of chunks
    int chunks = 0;                              // 0 if the body came in one piece
  };

  // The next response; nullopt if the connection ends before it is complete,
  // or nothing comes for `patience`.
  std::optional<Response> Receive(absl::Duration patience = absl::Seconds(20));

  // Sends a request and receives its response.
  std::optional<Response> Post(const std::string& path, const std::string& body);
  std::optional<Response> Get(const std::string& path);

  // The next byte, if one comes within `patience`.
  std::optional<char> ReceiveByte(absl::Duration patience);

  // Whether the server ends the connection within `patience`, sending nothing.
  bool ClosedByServer(absl::Duration patience);

  void Close();  // as a process that exits
  void Reset();  // as a machine that was restarted

 private:
  std::optional<std::string> Line(absl::Duration patience);
  bool Exactly(size_t size, std::string& out, absl::Duration patience);

  int socket_;
};

// "POST <path> HTTP/1.1" with the headers that Go's client sends.
std::string PostBytes(const std::string& path, const std::string& body);

}  // namespace muster
