// SPDX-License-Identifier: Apache-2.0
#include "test/server/kube/fake_api_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster::test {

FakeApiServer::FakeApiServer() : FakeApiServer(std::make_unique<httplib::Server>()) {}

FakeApiServer::FakeApiServer(const std::string& certificate, const std::string& key)
    : FakeApiServer(std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str())) {
  scheme_ = "https";
}

FakeApiServer::FakeApiServer(std::unique_ptr<httplib::Server> server) : server_(std::move(server)) {
  const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
    const Call call{request.method,
                    request.target,
                    request.get_header_value("Authorization"),
                    request.get_header_value("Content-Type"),
                    request.get_header_value("Accept"),
                    request.body};
    std::function<Answer(const Call&)> answer;
    {
      absl::MutexLock lock(&mu_);
      calls_.push_back(call);
      size_t longest = 0;
      for (const auto& [key, value] : answers_) {
        if (key.first == call.method && absl::StartsWith(call.target, key.second) &&
            key.second.size() >= longest) {
          longest = key.second.size();
          answer = value;
        }
      }
    }
    const Answer given = answer ? answer(call) : Answer{404, "{}", ""};
    response.status = given.code;
    if (!given.retry_after.empty()) response.set_header("Retry-After", given.retry_after);
    if (given.code != 200 || !absl::StrContains(call.target, "watch=1") || !given.body.empty()) {
      response.set_content(given.body, "application/json");
      return;
    }
    auto watch = std::make_shared<Watch>();
    {
      absl::MutexLock lock(&mu_);
      watches_[request.path] = watch;
    }
    response.set_chunked_content_provider("application/json", [this, watch](size_t, httplib::DataSink& sink) {
      std::string piece;
      bool ended = false;
      {
        absl::MutexLock lock(&mu_);
        const auto something = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
          return !watch->pieces.empty() || watch->ended || stopping_;
        };
        mu_.Await(absl::Condition(&something));
        if (watch->pieces.empty()) {
          ended = true;
        } else {
          piece = std::move(watch->pieces.front());
          watch->pieces.pop_front();
        }
      }
      if (ended) {
        sink.done();
        return true;
      }
      return sink.write(piece.data(), piece.size());
    });
  };
  server_->new_task_queue = [] { return new httplib::ThreadPool(256); };
  server_->set_tcp_nodelay(true);
  server_->set_keep_alive_max_count(1'000'000);
  server_->Get(".*", handle).Post(".*", handle).Put(".*", handle).Patch(".*", handle).Delete(".*", handle);
  int listener = -1;
  server_->set_socket_options([&listener](socket_t socket) { listener = socket; });
  port_ = server_->bind_to_any_port("127.0.0.1");
  // The library's queue of 5 drops connections of a watch of so many kinds, which
  // then take seconds.
  ::listen(listener, 1024);
  thread_ = std::thread([this] { server_->listen_after_bind(); });
}

FakeApiServer::~FakeApiServer() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  server_->stop();
  thread_.join();
}

kube::Access FakeApiServer::access() const {
  kube::Access access;
  access.server = absl::StrCat(scheme_, "://127.0.0.1:", port_);
  return access;
}

void FakeApiServer::On(const std::string& method, const std::string& target,
                       std::function<Answer(const Call&)> answer) {
  absl::MutexLock lock(&mu_);
  answers_[{method, target}] = std::move(answer);
}

void FakeApiServer::Serve(const std::string& path, const std::string& list) {
  On("GET", path + "?limit", [list](const Call&) { return Answer{200, list, ""}; });
  On("GET", path + "?watch", [](const Call& call) {
    const bool list = absl::StrContains(call.target, "sendInitialEvents");
    return list ? Answer{422, "{}", ""} : Answer{200, "", ""};
  });
}

void FakeApiServer::Stream(const std::string& path, const std::string& piece) {
  absl::MutexLock lock(&mu_);
  const auto open = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return watches_.contains(path) && !watches_[path]->ended;
  };
  mu_.AwaitWithTimeout(absl::Condition(&open), absl::Seconds(10));
  watches_[path]->pieces.push_back(piece);
}

void FakeApiServer::EndWatch(const std::string& path) {
  absl::MutexLock lock(&mu_);
  const auto open = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return watches_.contains(path); };
  mu_.AwaitWithTimeout(absl::Condition(&open), absl::Seconds(10));
  watches_[path]->ended = true;
}

std::vector<FakeApiServer::Call> FakeApiServer::calls() const {
  absl::MutexLock lock(&mu_);
  return calls_;
}

bool FakeApiServer::Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace muster::test
