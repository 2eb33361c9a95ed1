// SPDX-License-Identifier: Apache-2.0
#include "server/serve/candidate.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace muster {
namespace {

// A call about the service's endpoint.
constexpr absl::Duration kRetracts = absl::Seconds(1);
// For so long the next leader has to say where it is.
constexpr absl::Duration kSucceeded = absl::Seconds(3);
constexpr absl::Duration kLook = absl::Milliseconds(250);

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "muster";
}

std::string AddressOf(const Config::Lead& config) {
  if (!config.address.empty()) return config.address;
  const char* ip = std::getenv("POD_IP");
  return ip == nullptr ? "" : ip;
}

ElectorOptions MakeOptions(const Config::Lead& config, const std::string& epoch) {
  return {.identity = absl::StrCat(HostName(), "_", epoch),
          .duration = config.lease_duration,
          .renew_deadline = config.renew_deadline,
          .retry = config.retry_period};
}

}  // namespace

Candidate::Candidate(const Config::Lead& config, kube::KubeLead* lead, ClusterApi& api,
                     const std::string& epoch, std::function<bool()> ready)
    : config_(config),
      lead_(lead),
      announces_(lead != nullptr && !config.service.empty() && !AddressOf(config).empty()),
      worker_(std::in_place),
      address_{.ip = AddressOf(config)},
      elector_(lead == nullptr
                   ? nullptr
                   : std::make_unique<Elector>(MakeOptions(config, epoch), steady_, wall_, *lead)),
      fenced_(
          api, [this] { return elector_ == nullptr || elector_->Leads(); },
          [this](std::function<void()> job) { worker_->Run(std::move(job)); }, steady_) {
  if (elector_ == nullptr) return;
  const auto view = [this, ready = std::move(ready)]() -> std::shared_ptr<const ClusterView> {
    if (!ready()) return nullptr;
    absl::MutexLock lock(&mu_);
    return view_;
  };
  Leadership::Announce announce;
  if (announces_) {
    announce = [this](std::function<void(const absl::Status&)> done) { Announce(std::move(done)); };
  }
  leadership_ = std::make_unique<Leadership>(*elector_, Takeover(fenced_, epoch), view, announce, steady_);
}

bool Candidate::Tick() {
  if (leadership_ == nullptr) return true;
  leadership_->Tick();
  return !leadership_->Ended();
}

void Candidate::Observe(std::shared_ptr<const ClusterView> view) {
  absl::MutexLock lock(&mu_);
  view_ = std::move(view);
}

void Candidate::ListensOn(int http, int grpc) {
  absl::MutexLock lock(&mu_);
  address_.http = http;
  address_.grpc = grpc;
}

absl::Status Candidate::MayDecide() const {
  return leadership_ == nullptr ? absl::OkStatus() : leadership_->MayDecide();
}

void Candidate::Announce(std::function<void(const absl::Status&)> done) {
  kube::LeadAddress address;
  {
    absl::MutexLock lock(&mu_);
    address = address_;
  }
  if (address.http == 0) return done(absl::UnavailableError("not listening yet"));
  lead_->Announce(address, std::move(done));
}

bool Candidate::IsSucceeded() {
  struct Answer {
    absl::Notification came;
    bool other = false;
  };
  const auto answer = std::make_shared<Answer>();
  lead_->IsAnnounced(AddressOf(config_), [answer](const absl::StatusOr<bool>& own) {
    answer->other = own.ok() && !*own;
    answer->came.Notify();
  });
  return answer->came.WaitForNotificationWithTimeout(kRetracts) && answer->other;
}

// Only where nobody took over: while a service has no endpoint its address leads out
// of the cluster on some nodes for a moment, and a caller who meets a stranger there
// keeps that connection.
void Candidate::RetractUnlessSucceeded(absl::Time until) {
  const absl::Time patience = std::min(until - kRetracts, steady_.Now() + kSucceeded);
  while (steady_.Now() < patience) {
    if (IsSucceeded()) return;
    absl::SleepFor(kLook);
  }
  const auto retracted = std::make_shared<absl::Notification>();
  lead_->Retract(AddressOf(config_), [retracted](const absl::Status& status) {
    if (!status.ok()) spdlog::warn("{}", std::string(status.message()));
    retracted->Notify();
  });
  retracted->WaitForNotificationWithTimeout(std::min(kRetracts, until - steady_.Now()));
}

void Candidate::Resign(absl::Duration longest) {
  const absl::Time until = steady_.Now() + longest;
  const bool quiet = fenced_.AwaitQuiet(longest);
  fenced_.Close();
  if (elector_ == nullptr) return;
  const bool led = elector_->Leads();
  if (quiet) {
    const auto resigned = std::make_shared<absl::Notification>();
    elector_->Resign([resigned] { resigned->Notify(); });
    resigned->WaitForNotificationWithTimeout(until - steady_.Now());
  } else {
    // Whoever waits for the lease to run out takes care of what may still be carried out.
    spdlog::warn("the lease is not given up: a write is under way, or its answer was lost");
  }
  if (announces_ && led) RetractUnlessSucceeded(until);
}

}  // namespace muster
