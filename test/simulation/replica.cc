// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/replica.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr absl::Duration kStopGrace = absl::Seconds(10);

double DrawRate(Timeline& timeline, const Faults& faults) {
  return 1.0 + static_cast<double>(timeline.Pick(-faults.drift_per_mille, faults.drift_per_mille)) / 1000.0;
}

}  // namespace

Replica::Replica(Timeline& timeline, ApiServer& api, const Faults& faults, Witness& witness, int64_t number,
                 Events events)
    : timeline_(timeline),
      name_(absl::StrCat("muster-", number)),
      events_(std::move(events)),
      process_(timeline),
      clock_(timeline, DrawRate(timeline, faults)),
      connection_(timeline, api, faults, process_, witness),
      elector_({.identity = name_}, clock_, clock_, connection_),
      fenced_(
          connection_, [this] { return elector_.Leads(); },
          [this](std::function<void()> job) { process_.After(absl::ZeroDuration(), std::move(job)); },
          clock_) {
  const auto announce = [this](const std::function<void(const absl::Status&)>& done) {
    process_.After(timeline_.Between(absl::Milliseconds(5), absl::Milliseconds(200)), [this, done] {
      events_.announced(*this);
      done(absl::OkStatus());
    });
  };
  leadership_ = std::make_unique<Leadership>(
      elector_, Takeover(fenced_, name_), [this] { return view_; }, announce, clock_);
  DecisionsOptions options;
  options.engine.gang_deadline = faults.gang_deadline;
  options.engine.stand_back = absl::Seconds(2);
  options.engine.patience = absl::Seconds(10);
  options.engine.scheduler_names = {"default-scheduler"};
  options.epoch = name_;
  options.leads = [this] { return leadership_->MayDecide(); };
  decisions_ = std::make_unique<Decisions>(
      options, clock_, fenced_, [this] { return view_ != nullptr; }, [this] { Wake(); });
  watch_ = std::make_unique<Watch>(timeline, api, faults, process_, [this](const auto&) { Seen(); });
  process_.After(absl::ZeroDuration(), [this] { Tick(); });
}

void Replica::Seen() {
  if (!watch_->synced()) return;
  view_ = std::make_shared<const ClusterView>(watch_->view());
  decisions_->Observe(view_);
}

void Replica::Wake() {
  if (std::exchange(woken_, true)) return;
  process_.After(absl::Milliseconds(1), [this] {
    woken_ = false;
    decisions_->Tick();
  });
}

void Replica::Tick() {
  if (stopping_) return;
  leadership_->Tick();
  // Another replica leads from now on: the process ends, to be started anew.
  if (leadership_->Ended()) return Kill();
  decisions_->Tick();
  process_.After(kTick, [this] { Tick(); });
}

void Replica::Kill() {
  if (!process_.alive()) return;
  if (timeline_.tracing()) timeline_.Note(absl::StrCat(name_, " ends"));
  process_.Kill();
  events_.died(*this);
}

void Replica::Stop() {
  stopping_ = true;
  decisions_->Stop(absl::UnavailableError("muster is stopping"));
  ResignWhenQuiet(timeline_.Now() + kStopGrace);
}

void Replica::ResignWhenQuiet(absl::Time latest) {
  if (!fenced_.AwaitQuiet(absl::ZeroDuration())) {
    if (timeline_.Now() >= latest) return Kill();
    process_.After(kTick, [this, latest] { ResignWhenQuiet(latest); });
    return;
  }
  fenced_.Close();
  process_.After(latest - timeline_.Now(), [this] { Kill(); });
  elector_.Resign([this] { Kill(); });
}

}  // namespace muster::test
