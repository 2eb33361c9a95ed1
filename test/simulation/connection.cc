// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/connection.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

// After this a client gives up waiting for an answer.
constexpr absl::Duration kTimeout = absl::Seconds(10);

}  // namespace

absl::Duration Connection::Latency() {
  if (timeline_.Chance(faults_.late)) return timeline_.Between(absl::Seconds(1), absl::Seconds(8));
  return timeline_.Between(absl::Milliseconds(1), absl::Milliseconds(20));
}

void Connection::Reply(const Done& done, absl::Status status) {
  process_.After(Latency(), [done, status = std::move(status)] { done(status); });
}

void Connection::Arrive(std::function<absl::Status()> act, Done done) {
  if (const absl::Duration stalled = api_.stalled_until() - timeline_.Now(); stalled > absl::ZeroDuration()) {
    // The client gives up before the server comes to it, which does it all the same.
    const bool gives_up = stalled > kTimeout;
    if (gives_up) Reply(done, absl::UnavailableError("no answer"));
    timeline_.After(stalled, [this, act = std::move(act), done = std::move(done), gives_up] {
      gives_up ? Arrive(act, [](const absl::Status&) {}) : Arrive(act, done);
    });
    return;
  }
  if (timeline_.Chance(faults_.overloaded))
    return Reply(done, absl::UnavailableError("429 too many requests"));
  absl::Status status = act();
  if (timeline_.Chance(faults_.duplicated)) status = act();
  if (timeline_.Chance(faults_.lost_replies)) {
    process_.After(kTimeout, [done] { done(absl::UnavailableError("no answer")); });
    return;
  }
  Reply(done, std::move(status));
}

void Connection::Send(std::function<absl::Status()> act, Done done) {
  if (timeline_.Chance(faults_.lost_requests)) {
    process_.After(kTimeout, [done = std::move(done)] { done(absl::UnavailableError("no answer")); });
    return;
  }
  // What a stopped process was about to send leaves when it goes on. What was
  // sent arrives, also when the sender is no more.
  const absl::Duration stopped = std::max(process_.stopped_until() - timeline_.Now(), absl::ZeroDuration());
  timeline_.After(stopped + Latency(),
                  [this, act = std::move(act), done = std::move(done)] { Arrive(act, done); });
}

void Connection::Write(std::function<absl::Status()> act, Done done, bool lease) {
  if (!process_.alive()) return;
  if (!lease) witness_.Writes(process_);
  if (!process_.stopped() && timeline_.Chance(faults_.pause_at_write)) {
    const absl::Duration pause = timeline_.Between(absl::Seconds(1), absl::Seconds(50));
    process_.StopFor(pause);
    if (timeline_.tracing())
      timeline_.Note(absl::StrCat("muster stops for ", absl::FormatDuration(pause), " at a write"));
  }
  if (timeline_.Chance(faults_.crash_at_write)) {
    const bool sends = timeline_.Chance(500);
    if (timeline_.tracing())
      timeline_.Note(absl::StrCat("muster crashes ", sends ? "after" : "before", " a write"));
    if (sends) Send(std::move(act), std::move(done));
    witness_.Crashed(process_);
    return;
  }
  Send(std::move(act), std::move(done));
}

void Connection::Bind(const PodVersion& pod, const NodeName& node, const Labels&, Done done) {
  if (!process_.alive()) return;
  witness_.BindingSent(process_, pod, node);
  if (timeline_.tracing())
    timeline_.Note(absl::StrCat("muster binds ", pod.name.name(), " to ", node.text()));
  Write(
      [this, pod, node] {
        absl::Status status = api_.Bind(pod, node);
        if (timeline_.tracing())
          timeline_.Note(absl::StrCat("  binding ", pod.name.name(), ": ", status.ToString()));
        if (status.ok()) witness_.Bound(process_, pod.name, node);
        return status;
      },
      std::move(done));
}

void Connection::Nominate(const PodVersion& pod, const NodeName& node, Done done) {
  Write([this, pod, node] { return api_.Nominate(pod, node); }, std::move(done));
}

void Connection::Annotate(const PodVersion& pod, const Labels&, Done done) {
  Write([this, pod] { return api_.Annotate(pod); }, std::move(done));
}

void Connection::Ungate(const Ungating& pod, Done done) {
  Write([this, version = PodVersion{pod.pod, pod.uid, ""}] { return api_.Ungate(version); }, std::move(done));
}

void Connection::Evict(const PodVersion& pod, Done done) {
  if (timeline_.tracing()) timeline_.Note(absl::StrCat("muster evicts ", pod.name.name()));
  Write(
      [this, pod] {
        witness_.Evicts(process_, pod);
        return api_.Evict(pod);
      },
      std::move(done));
}

void Connection::Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) {
  if (!process_.alive()) return;
  const auto found = std::make_shared<absl::StatusOr<Pod>>(absl::UnavailableError("no answer"));
  Send([this, pod, found] { return (*found = api_.Read(pod)).status(); },
       [found, done = std::move(done)](const absl::Status& status) {
         done(absl::IsUnavailable(status) ? absl::StatusOr<Pod>(status) : *found);
       });
}

void Connection::ReadLease(LeaseApi::Done done) {
  if (!process_.alive()) return;
  const auto found = std::make_shared<absl::StatusOr<Lease>>(absl::UnavailableError("no answer"));
  Send([this, found] { return (*found = api_.ReadLease()).status(); },
       [found, done = std::move(done)](const absl::Status& status) {
         done(absl::IsUnavailable(status) ? absl::StatusOr<Lease>(status) : *found);
       });
}

void Connection::WriteLease(const Lease& lease, LeaseApi::Done done) {
  const auto found = std::make_shared<absl::StatusOr<Lease>>(absl::UnavailableError("no answer"));
  Write([this, lease, found] { return (*found = api_.WriteLease(lease)).status(); },
        [found, done = std::move(done)](const absl::Status& status) {
          done(absl::IsUnavailable(status) ? absl::StatusOr<Lease>(status) : *found);
        },
        true);
}

}  // namespace muster::test
