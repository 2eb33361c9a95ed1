// SPDX-License-Identifier: Apache-2.0
// The caller that kube-scheduler is: its JSON, over a loopback connection.
#include <httplib.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"
#include "server/extender/http_server.h"
#include "test/scenario/subject.h"

namespace muster::test {
namespace {

using Json = nlohmann::json;

// One bind call on a connection and a thread of its own.
class HttpBinding : public BindingCall {
 public:
  HttpBinding(int port, const BindCall& call) : client_("127.0.0.1", port) {
    const Json body = {{"PodName", std::string(call.pod.name())},
                       {"PodNamespace", std::string(call.pod.ns())},
                       {"PodUID", call.uid.text()},
                       {"Node", call.node.text()}};
    client_.set_read_timeout(60);
    thread_ = std::thread([this, text = body.dump()] { Call(text); });
  }
  ~HttpBinding() override {
    client_.stop();
    thread_.join();
  }

  std::optional<absl::Status> Answer() override {
    absl::MutexLock lock(&mu_);
    return answer_;
  }
  void HangUp() override { client_.stop(); }

 private:
  void Call(const std::string& body) {
    const httplib::Result result = client_.Post("/v1/bind", body, "application/json");
    if (!result) return;
    const std::string error = Json::parse(result->body).at("Error");
    absl::MutexLock lock(&mu_);
    answer_ = error.empty() ? absl::OkStatus() : absl::UnknownError(error);
  }

  httplib::Client client_;
  absl::Mutex mu_;
  std::optional<absl::Status> answer_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

class HttpSubject : public Subject {
 public:
  explicit HttpSubject(Service& service) : server_(service, metrics_, Options()) {
    if (!server_.Start().ok()) std::abort();
  }

  FilterResult Filter(const Json& pod, const std::vector<std::string>& candidates) override {
    const Json reply = Post("/v1/filter", {{"Pod", pod}, {"Nodes", nullptr}, {"NodeNames", candidates}});
    FilterResult result{reply.at("NodeNames"), reply.value("Error", "")};
    for (const auto& [node, text] : reply.at("FailedAndUnresolvableNodes").items()) result.refused = text;
    return result;
  }

  std::unique_ptr<BindingCall> Bind(const BindCall& call) override {
    return std::make_unique<HttpBinding>(server_.port(), call);
  }

  std::vector<std::string> Preempt(const Json& pod, const std::vector<EvictionOption>& options) override {
    Json victims = Json::object();
    for (const EvictionOption& option : options) {
      Json pods = Json::array();
      for (const PodUid& uid : option.victims) pods.push_back({{"UID", uid.text()}});
      victims[option.node.text()] = {{"Pods", pods}, {"NumPDBViolations", option.pdb_violations}};
    }
    const Json reply = Post(
        "/v1/preempt", {{"Pod", pod}, {"NodeNameToVictims", nullptr}, {"NodeNameToMetaVictims", victims}});
    std::vector<std::string> nodes;
    for (const auto& [node, meta] : reply.at("NodeNameToMetaVictims").items()) nodes.push_back(node);
    return nodes;
  }

 private:
  static ExtenderOptions Options() {
    ExtenderOptions options;
    options.connections.address = "127.0.0.1:0";
    return options;
  }

  Json Post(const std::string& path, const Json& body) {
    httplib::Client client("127.0.0.1", server_.port());
    const httplib::Result result = client.Post(path, body.dump(), "application/json");
    return Json::parse(result->body);
  }

  Metrics metrics_;
  ExtenderServer server_;
};

}  // namespace

std::unique_ptr<Subject> OverHttp(Service& service) { return std::make_unique<HttpSubject>(service); }

}  // namespace muster::test
