// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/kube/credentials.h"

namespace muster::kube {

struct Request {
  std::string method = "GET";
  std::string path;  // with its query
  std::string content_type;
  std::string accept = "application/json";
  std::string body;
  absl::Duration timeout = absl::Seconds(30);      // for the whole call
  absl::Duration idle = absl::InfiniteDuration();  // the longest pause between two pieces of the answer
};

struct Reply {
  // Not OK if there was no whole answer: kUnavailable names the cause,
  // kCancelled says that the transport stopped.
  absl::Status connection;
  int code = 0;
  std::string body;  // empty if it was streamed
  absl::Duration retry_after = absl::ZeroDuration();
};

// HTTP calls to one API server, all made by one thread: HTTP/2 where TLS
// offers it, else HTTP/1.1 over a few connections. HTTPS_PROXY and NO_PROXY of
// the environment are honoured, as libcurl does.
//
// Threads: thread-safe. Every callback runs on the transport's own thread, one
//          at a time, never within Send or After.
class Transport {
 public:
  using OnDone = std::function<void(const Reply&)>;
  // Takes a piece of an answer with code 200, first an empty one when the answer
  // begins; false ends the call.
  using OnData = std::function<bool(absl::string_view)>;

  explicit Transport(Access access);
  // Ends all calls (their OnDone is called with kCancelled), drops what After
  // has left to do, and returns when no callback runs any more.
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Calls `done` exactly once. With `data`, a good answer is streamed to it.
  void Send(Request request, OnDone done, OnData data = nullptr);

  // Runs `job` on the transport's thread, no sooner than after `delay`.
  void After(absl::Duration delay, std::function<void()> job);

 private:
  class Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace muster::kube
