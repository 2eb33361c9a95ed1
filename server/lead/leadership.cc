// SPDX-License-Identifier: Apache-2.0
#include "server/lead/leadership.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// Somebody may have changed or deleted what was announced.
constexpr absl::Duration kAnnounceAgain = absl::Seconds(30);
constexpr absl::Duration kAnnounceRetry = absl::Seconds(1);

}  // namespace

Leadership::Leadership(Elector& elector, Takeover takeover, View view, Announce announce, const Clock& clock)
    : elector_(elector),
      view_(std::move(view)),
      announce_(std::move(announce)),
      clock_(clock),
      takeover_(std::move(takeover)) {}

void Leadership::Tick() {
  elector_.Tick();
  LogError(elector_.LastError());
  if (!elector_.Leads()) return;
  {
    absl::MutexLock lock(&mu_);
    if (!decides_) {
      const std::shared_ptr<const ClusterView> view = view_();
      if (view == nullptr) return;
      if (elector_.TookOver()) {
        if (!takeover_.Begun()) spdlog::info("taking over from a leader that did not give up the lease");
        takeover_.Begin(*view);
        takeover_.Tick();
        if (!takeover_.Done()) return;
      }
      decides_ = true;
      spdlog::info("leading");
    }
  }
  AnnounceIfDue(clock_.Now());
}

// Each once, until it is another one.
void Leadership::LogError(const absl::Status& error) {
  absl::MutexLock lock(&mu_);
  if (error == logged_) return;
  logged_ = error;
  if (!error.ok() && !absl::IsAborted(error)) spdlog::warn("{}; trying again", std::string(error.message()));
}

void Leadership::AnnounceIfDue(absl::Time now) {
  {
    absl::MutexLock lock(&mu_);
    if (announce_ == nullptr || now < announce_at_) return;
    announce_at_ = now + kAnnounceAgain;
  }
  announce_([this](const absl::Status& status) {
    if (status.ok()) return;
    spdlog::warn("{}", std::string(status.message()));
    absl::MutexLock lock(&mu_);
    announce_at_ = clock_.Now() + kAnnounceRetry;
  });
}

absl::Status Leadership::MayDecide() const {
  bool decides = false;
  {
    absl::MutexLock lock(&mu_);
    decides = decides_;
  }
  if (elector_.Leads()) {
    if (decides) return absl::OkStatus();
    return absl::UnavailableError("not ready: taking over from another leader");
  }
  const std::string leader = elector_.Leader();
  const absl::Status error = elector_.LastError();
  if (!error.ok())
    return absl::UnavailableError(absl::StrCat("this replica does not lead: ", error.message()));
  return absl::UnavailableError(leader.empty()
                                    ? "this replica does not lead, and nobody else does yet"
                                    : absl::StrCat("this replica does not lead, ", leader, " does"));
}

}  // namespace muster
