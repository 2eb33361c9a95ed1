// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/kube/credentials.h"

namespace httplib {
class Server;
}

namespace muster::test {

// An API server of which the test decides every byte: what lists answer, and
// what watches stream, piece by piece.
// Threads: thread-safe.
class FakeApiServer {
 public:
  struct Call {
    std::string method;
    std::string target;  // path with its query
    std::string authorization;
    std::string content_type;
    std::string accept;
    std::string body;
  };
  struct Answer {
    int code = 200;
    std::string body;
    std::string retry_after;
  };

  FakeApiServer();
  // Over TLS, with the certificate in these files.
  FakeApiServer(const std::string& certificate, const std::string& key);
  ~FakeApiServer();

  kube::Access access() const;

  // How calls of this method are answered whose target begins like this; the
  // longest such beginning counts. By default 404.
  void On(const std::string& method, const std::string& target, std::function<Answer(const Call&)> answer);
  // Lists of this path answer with this body, watches stay open. Lists are not
  // streamed: that is answered as old servers do.
  void Serve(const std::string& path, const std::string& list);

  // Streams a piece to the open watch of this path; waits until there is one.
  void Stream(const std::string& path, const std::string& piece);
  // Ends the open watch of this path.
  void EndWatch(const std::string& path);

  std::vector<Call> calls() const;
  // Waits until this holds; false after ten seconds.
  static bool Eventually(const std::function<bool()>& condition);

 private:
  explicit FakeApiServer(std::unique_ptr<httplib::Server> server);

  struct Watch {
    std::deque<std::string> pieces;
    bool ended = false;
  };

  absl::Mutex mutable mu_;
  std::map<std::pair<std::string, std::string>, std::function<Answer(const Call&)>> answers_
      ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::shared_ptr<Watch>> watches_ ABSL_GUARDED_BY(mu_);
  std::vector<Call> calls_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<httplib::Server> server_;
  std::string scheme_ = "http";
  int port_ = 0;
  std::thread thread_;
};

}  // namespace muster::test
