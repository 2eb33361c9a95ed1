// SPDX-License-Identifier: Apache-2.0
#include "server/kube/transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace muster::kube {
namespace {

constexpr size_t kLargestBody = size_t{1} << 30;  // of an answer that is not streamed
constexpr long kMaxConnections = 32;              // HTTP/1.1 only; HTTP/2 multiplexes

struct Call {
  Request request;
  Transport::OnDone done;
  Transport::OnData data;
  Reply reply;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* connect_to = nullptr;

  ~Call() {
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }
};

// Which URL is asked, and where the connection really goes.
struct Endpoint {
  std::string url;
  std::string connect_to;  // as CURLOPT_CONNECT_TO; empty: where the URL says
};

// A certificate for another name than the address is checked by asking that
// name, and connecting to the address.
Endpoint EndpointOf(const Access& access) {
  static constexpr absl::string_view kHttps = "https://";
  if (access.tls_server_name.empty() || !absl::StartsWith(access.server, kHttps)) return {access.server, ""};
  const absl::string_view address = absl::string_view(access.server).substr(kHttps.size());
  const absl::string_view authority = address.substr(0, address.find('/'));
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != absl::string_view::npos && authority.find(']', colon) == absl::string_view::npos;
  const absl::string_view host = has_port ? authority.substr(0, colon) : authority;
  const absl::string_view port = has_port ? authority.substr(colon + 1) : "443";
  return {absl::StrCat(kHttps, access.tls_server_name, ":", port, address.substr(authority.size())),
          absl::StrCat(access.tls_server_name, ":", port, ":", host, ":", port)};
}

size_t TakeBody(char* data, size_t, size_t size, void* user) {
  Call& call = *static_cast<Call*>(user);
  long code = 0;
  curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &code);
  if (call.data != nullptr && code == 200) return call.data(absl::string_view(data, size)) ? size : 0;
  if (call.reply.body.size() + size > kLargestBody) return 0;
  call.reply.body.append(data, size);
  return size;
}

CURLM* NewMulti() {
  // The library is initialised once in the process, before its first use.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  return initialised == CURLE_OK ? curl_multi_init() : nullptr;
}

size_t TakeHeader(char* data, size_t, size_t size, void* user) {
  Call& call = *static_cast<Call*>(user);
  long code = 0;
  curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &code);
  const bool last = absl::string_view(data, size) == "\r\n";
  return last && code == 200 && call.data != nullptr && !call.data("") ? 0 : size;
}

bool IsAboutCertificates(CURLcode result) {
  return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CERTPROBLEM ||
         result == CURLE_SSL_CONNECT_ERROR || result == CURLE_SSL_CACERT_BADFILE ||
         result == CURLE_RECV_ERROR;
}

curl_blob BlobOf(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
}

}  // namespace

class Transport::Loop {
 public:
  explicit Loop(Access access)
      : access_(std::move(access)), endpoint_(EndpointOf(access_)), multi_(NewMulti()) {
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kMaxConnections);
    thread_ = std::thread([this] { Run(); });
  }

  ~Loop() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  void Send(std::unique_ptr<Call> call) {
    {
      absl::MutexLock lock(&mu_);
      queued_.push_back(std::move(call));
    }
    curl_multi_wakeup(multi_);
  }

  void After(absl::Duration delay, std::function<void()> job) {
    {
      absl::MutexLock lock(&mu_);
      timers_.emplace(absl::Now() + delay, std::move(job));
    }
    curl_multi_wakeup(multi_);
  }

 private:
  void Run() {
    while (!Stopping()) {
      StartQueued();
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      RunTimers();
      const absl::Duration pause = UntilNext();
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(pause)), nullptr);
    }
    // Callbacks of the cancelled may send again: those are cancelled as well.
    StartQueued();
    while (!calls_.empty()) {
      End(calls_.begin()->first, absl::CancelledError("the connection to the API server is being closed"));
      StartQueued();
    }
  }

  bool Stopping() {
    absl::MutexLock lock(&mu_);
    return stopping_;
  }

  void StartQueued() {
    std::deque<std::unique_ptr<Call>> queued;
    {
      absl::MutexLock lock(&mu_);
      queued.swap(queued_);
    }
    for (auto& call : queued) {
      Configure(*call);
      CURL* easy = call->easy;
      calls_.emplace(easy, std::move(call));
      curl_multi_add_handle(multi_, easy);
    }
  }

  void Configure(Call& call) {
    call.easy = curl_easy_init();
    CURL* easy = call.easy;
    const Request& request = call.request;
    curl_easy_setopt(easy, CURLOPT_URL, absl::StrCat(endpoint_.url, request.path).c_str());
    if (!endpoint_.connect_to.empty()) {
      call.connect_to = curl_slist_append(nullptr, endpoint_.connect_to.c_str());
      curl_easy_setopt(easy, CURLOPT_CONNECT_TO, call.connect_to);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    const absl::Time now = absl::Now();
    const std::string token = token_.Get(now);
    if (!token.empty()) AddHeader(call, absl::StrCat("Authorization: Bearer ", token));
    AddHeader(call, absl::StrCat("Accept: ", request.accept));
    AddHeader(call, absl::StrCat("Content-Type: ", request.content_type));
    // No waiting for "100 Continue" before a large body.
    AddHeader(call, "Expect:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call.headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "muster");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, TakeHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
    if (request.idle != absl::InfiniteDuration()) {
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(request.idle)));
    }
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L);
    ConfigureTls(easy, now);
  }

  void ConfigureTls(CURL* easy, absl::Time now) {
    if (!absl::StartsWith(access_.server, "https://")) return;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    if (access_.insecure_skip_tls_verify) {
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    const auto give = [&](CURLoption option, const std::string& pem) {
      curl_blob blob = BlobOf(pem);
      if (!pem.empty()) curl_easy_setopt(easy, option, &blob);
    };
    // A connection is used again only with the same texts.
    give(CURLOPT_CAINFO_BLOB, ca_.Get(now));
    give(CURLOPT_SSLCERT_BLOB, client_certificate_.Get(now));
    give(CURLOPT_SSLKEY_BLOB, client_key_.Get(now));
  }

  static void AddHeader(Call& call, const std::string& header) {
    call.headers = curl_slist_append(call.headers, header.c_str());
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode result = message->data.result;
      if (IsAboutCertificates(result)) ForgetCertificates();
      End(message->easy_handle,
          result == CURLE_OK ? absl::OkStatus() : absl::UnavailableError(curl_easy_strerror(result)));
    }
  }

  void ForgetCertificates() {
    for (FreshSecret* secret : {&ca_, &client_certificate_, &client_key_}) secret->Refused();
  }

  void End(CURL* easy, absl::Status connection) {
    const auto at = calls_.find(easy);
    const std::unique_ptr<Call> call = std::move(at->second);
    calls_.erase(at);
    curl_multi_remove_handle(multi_, easy);
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    call->reply.code = static_cast<int>(code);
    call->reply.retry_after = absl::Seconds(retry_after);
    call->reply.connection = std::move(connection);
    if (code == 401) {
      token_.Refused();
      ForgetCertificates();
    }
    call->done(call->reply);
  }

  void RunTimers() {
    for (;;) {
      std::function<void()> job;
      {
        absl::MutexLock lock(&mu_);
        if (timers_.empty() || timers_.begin()->first > absl::Now()) return;
        job = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
      }
      job();
    }
  }

  absl::Duration UntilNext() {
    absl::MutexLock lock(&mu_);
    if (!queued_.empty()) return absl::ZeroDuration();
    if (timers_.empty()) return absl::Seconds(1);
    // Rounded up, or the loop would spin through the last part of it.
    const absl::Duration left = timers_.begin()->first - absl::Now() + absl::Milliseconds(1);
    return std::clamp(left, absl::ZeroDuration(), absl::Seconds(1));
  }

  const Access access_;
  const Endpoint endpoint_;
  FreshSecret token_{access_.token};
  FreshSecret ca_{access_.ca};
  FreshSecret client_certificate_{access_.client_certificate};
  FreshSecret client_key_{access_.client_key};
  CURLM* const multi_;
  std::map<CURL*, std::unique_ptr<Call>> calls_;  // the loop's thread only
  absl::Mutex mu_;
  std::deque<std::unique_ptr<Call>> queued_ ABSL_GUARDED_BY(mu_);
  std::multimap<absl::Time, std::function<void()>> timers_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

Transport::Transport(Access access) : loop_(std::make_unique<Loop>(std::move(access))) {}

Transport::~Transport() = default;

void Transport::Send(Request request, OnDone done, OnData data) {
  auto call = std::make_unique<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->data = std::move(data);
  loop_->Send(std::move(call));
}

void Transport::After(absl::Duration delay, std::function<void()> job) {
  loop_->After(delay, std::move(job));
}

}  // namespace muster::kube
