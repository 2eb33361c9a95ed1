// SPDX-License-Identifier: Apache-2.0
#include "server/extender/http_server.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "server/extender/connection.h"
#include "server/extender/held_binds.h"
#include "server/extender/verbs.h"
#include "server/objects/json_text.h"
#include "server/report/report_format.h"
#include "server/tls/tls_context.h"

namespace muster {
namespace {

constexpr char kJson[] = "application/json";
constexpr char kText[] = "text/plain";
constexpr absl::string_view kGangs = "/v1/gangs/";

bool IsVerb(absl::string_view path) {
  return path == "/v1/filter" || path == "/v1/prioritize" || path == "/v1/bind" || path == "/v1/preempt";
}

// Who calls must say so where callers are asked. Probes of health can't, and
// numbers of metrics give nothing away.
bool IsForKnownCallers(absl::string_view path) { return absl::StartsWith(path, "/v1/"); }

bool IsGet(const httplib::Request& request) { return request.method == "GET" || request.method == "HEAD"; }

// Absent, or a number. The library takes anything else for no body at all.
bool HasReadableLength(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  return std::all_of(length.begin(), length.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool HasBody(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding") ||
         (request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0");
}

void Send(httplib::Response& response, int status, std::string body, const char* type) {
  response.status = status;
  response.body = std::move(body);
  response.set_header("Content-Type", type);
}

void SendError(httplib::Response& response, int status, absl::string_view error) {
  Send(response, status, EncodeBind(absl::UnknownError(error)), kJson);
}

}  // namespace

class ExtenderServer::Endpoints {
 public:
  Endpoints(Service& service, Metrics& metrics, ExtenderOptions options)
      : service_(service),
        metrics_(metrics),
        options_(std::move(options)),
        asks_callers_(options_.connections.tls != nullptr && options_.connections.tls->asks_callers()),
        verbs_(service, metrics) {}

  void Register(httplib::Server& routes);
  void EndHeldCalls() {
    stopping_ = true;
    held_.EndAll(absl::UnavailableError("muster is shutting down"));
  }

 private:
  using Handled = httplib::Server::HandlerResponse;
  using Respond = Reply (Verbs::*)(const std::string& body);

  // Answers everything but calls of verbs; says what is wrong with those.
  Handled BeforeBody(const httplib::Request& request, httplib::Response& response);
  void Get(const std::string& path, httplib::Response& response);
  void GetGang(absl::string_view name, httplib::Response& response);
  httplib::Server::HandlerWithContentReader Answering(Respond respond);
  bool ReadBody(const httplib::Request& request, const httplib::ContentReader& read,
                httplib::Response& response, std::string& body) const;
  void Bind(const std::string& body, httplib::Response& response);
  void Hold(std::shared_ptr<HeldBind> held, absl::Time began, httplib::Response& response);
  void BindEnded(const std::shared_ptr<HeldBind>& held, absl::Time began, VerbOutcome outcome);

  Service& service_;
  Metrics& metrics_;
  const ExtenderOptions options_;
  const bool asks_callers_;
  Verbs verbs_;
  HeldBinds held_;
  std::atomic<bool> stopping_{false};
};

void ExtenderServer::Endpoints::Register(httplib::Server& routes) {
  routes.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    return BeforeBody(request, response);
  });
  // Nothing below throws on its own account; what the libraries throw becomes
  // an answer here.
  routes.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
    ConnectionServer::Current().EndAfterAnswer();
    SendError(response, 500, "internal error");
  });
  routes.Post("/v1/filter", Answering(&Verbs::Filter));
  routes.Post("/v1/prioritize", Answering(&Verbs::Prioritize));
  routes.Post("/v1/preempt", Answering(&Verbs::Preempt));
  routes.Post("/v1/bind", [this](const httplib::Request& request, httplib::Response& response,
                                 const httplib::ContentReader& read) {
    std::string body;
    if (ReadBody(request, read, response, body)) Bind(body, response);
  });
}

ExtenderServer::Endpoints::Handled ExtenderServer::Endpoints::BeforeBody(const httplib::Request& request,
                                                                         httplib::Response& response) {
  const bool verb = IsVerb(request.path);
  if (!HasReadableLength(request)) {
    SendError(response, 400,
              absl::StrCat("Content-Length is \"", request.get_header_value("Content-Length"),
                           "\"; want a number of bytes"));
  } else if (asks_callers_ && IsForKnownCallers(request.path) && !ConnectionServer::Current().PeerKnown()) {
    SendError(response, 403, "want a client's certificate that the authority in tls.clientCA has signed");
  } else if (verb && request.method == "POST") {
    if (stopping_ || !service_.MayDecide().ok()) ConnectionServer::Current().EndAfterAnswer();
    if (HasBody(request) && !request.is_multipart_form_data()) return Handled::Unhandled;
    SendError(response, 415, "want a body of JSON");
  } else if (verb) {
    SendError(response, 405, "want POST");
  } else if (!IsGet(request)) {
    SendError(response, 404, absl::StrCat("no endpoint ", request.method, " ", request.path));
  } else {
    Get(request.path, response);
  }
  // A body that nobody reads would be taken for the next request.
  if (HasBody(request)) ConnectionServer::Current().EndAfterAnswer();
  return Handled::Handled;
}

void ExtenderServer::Endpoints::Get(const std::string& path, httplib::Response& response) {
  if (path == "/healthz" || path == "/health" || path == "/livez") {
    Send(response, 200, "ok\n", kText);
  } else if (path == "/readyz" || path == "/ready") {
    if (stopping_) return Send(response, 503, "not ready: shutting down\n", kText);
    if (service_.Ready()) return Send(response, 200, "ok\n", kText);
    Send(response, 503, "not ready: the view of the cluster is not complete\n", kText);
  } else if (path == "/metrics") {
    metrics_.SetHeldBinds(static_cast<int64_t>(held_.size()));
    options_.before_scrape();
    Send(response, 200, metrics_.Text(), "text/plain; version=0.0.4; charset=utf-8");
  } else if (absl::Status decides = service_.MayDecide();
             absl::StartsWith(path, "/v1/gangs") && !decides.ok()) {
    // Another replica knows; this one would call every gang waiting.
    SendError(response, 503, decides.message());
  } else if (path == "/v1/gangs") {
    nlohmann::ordered_json gangs = nlohmann::ordered_json::array();
    for (const GangReport& report : service_.ListGangs()) gangs.push_back(ReportJson(report));
    Send(response, 200, JsonText(nlohmann::ordered_json{{"gangs", std::move(gangs)}}) + "\n", kJson);
  } else if (absl::StartsWith(path, kGangs)) {
    GetGang(absl::string_view(path).substr(kGangs.size()), response);
  } else {
    SendError(response, 404, absl::StrCat("no endpoint GET ", path));
  }
}

void ExtenderServer::Endpoints::GetGang(absl::string_view name, httplib::Response& response) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2) return SendError(response, 404, "want /v1/gangs/NAMESPACE/NAME");
  const absl::StatusOr<GangReport> report = service_.Explain(GangId(parts[0], parts[1]));
  if (!report.ok()) {
    return SendError(response, absl::IsNotFound(report.status()) ? 404 : 500, report.status().message());
  }
  Send(response, 200, JsonText(ReportJson(*report)) + "\n", kJson);
}

httplib::Server::HandlerWithContentReader ExtenderServer::Endpoints::Answering(Respond respond) {
  return [this, respond](const httplib::Request& request, httplib::Response& response,
                         const httplib::ContentReader& read) {
    std::string body;
    if (!ReadBody(request, read, response, body)) return;
    Reply reply = (verbs_.*respond)(body);
    Send(response, reply.status, std::move(reply.body), kJson);
  };
}

// False if `response` says what is wrong. The library limits only bodies that
// come with their length.
bool ExtenderServer::Endpoints::ReadBody(const httplib::Request& request, const httplib::ContentReader& read,
                                         httplib::Response& response, std::string& body) const {
  const size_t limit = options_.connections.max_body_bytes;
  const auto length = request.get_header_value<uint64_t>("Content-Length");
  if (length <= limit) body.reserve(length + 64);  // with what the JSON parser wants behind the end
  bool too_long = length > limit;
  const bool complete = read([&](const char* data, size_t size) {
    too_long = too_long || size > limit - body.size();
    if (!too_long) body.append(data, size);
    return !too_long;
  });
  if (complete) return true;
  ConnectionServer::Current().EndAfterAnswer();
  if (too_long) {
    SendError(response, 413, absl::StrCat("the body is longer than ", limit, " bytes"));
  } else {
    SendError(response, 400, "the body is incomplete");
  }
  return false;
}

void ExtenderServer::Endpoints::Bind(const std::string& body, httplib::Response& response) {
  const absl::Time began = absl::Now();
  const absl::StatusOr<BindCall> call = verbs_.DecodeBind(body);
  if (!call.ok()) {
    metrics_.VerbEnded(
        Verb::kBind,
        absl::IsInvalidArgument(call.status()) ? VerbOutcome::kBadRequest : VerbOutcome::kNotReady,
        absl::Now() - began);
    return Send(response, 200, EncodeBind(call.status()), kJson);
  }
  std::shared_ptr<HeldBind> held = held_.Add();
  service_.Bind(*call, held);
  const std::optional<absl::Status> answer = held->AwaitAnswer(options_.quick_bind);
  if (!answer.has_value()) return Hold(std::move(held), began, response);
  BindEnded(held, began, answer->ok() ? VerbOutcome::kBound : VerbOutcome::kRefused);
  Send(response, 200, EncodeBind(*answer), kJson);
}

void ExtenderServer::Endpoints::Hold(std::shared_ptr<HeldBind> held, absl::Time began,
                                     httplib::Response& response) {
  response.set_chunked_content_provider(
      kJson,
      [this, held](size_t, httplib::DataSink& sink) {
        const std::optional<absl::Status> answer = held->AwaitAnswer(options_.heartbeat);
        const std::string text = answer.has_value() ? EncodeBind(*answer) : " ";
        if (!sink.write(text.data(), text.size())) return false;
        if (answer.has_value()) sink.done();
        return true;
      },
      [this, held, began](bool delivered) {
        if (!delivered) held->CallerGone();
        const std::optional<absl::Status> answer = held->AwaitAnswer(absl::ZeroDuration());
        BindEnded(held, began,
                  !delivered || !answer.has_value() ? VerbOutcome::kCallerGone
                  : answer->ok()                    ? VerbOutcome::kBound
                                                    : VerbOutcome::kRefused);
      });
}

void ExtenderServer::Endpoints::BindEnded(const std::shared_ptr<HeldBind>& held, absl::Time began,
                                          VerbOutcome outcome) {
  held_.Remove(held);
  metrics_.VerbEnded(Verb::kBind, outcome, absl::Now() - began);
}

ExtenderServer::ExtenderServer(Service& service, Metrics& metrics, ExtenderOptions options)
    : endpoints_(std::make_unique<Endpoints>(service, metrics, options)), server_(options.connections) {
  endpoints_->Register(server_.routes());
}
ExtenderServer::~ExtenderServer() { Stop(absl::ZeroDuration()); }
absl::Status ExtenderServer::Start() { return server_.Start(); }
int ExtenderServer::port() const { return server_.port(); }
void ExtenderServer::Stop(absl::Duration grace) {
  endpoints_->EndHeldCalls();
  server_.Stop(grace);
}

}  // namespace muster
