// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/gang_watch.h"

#include <deque>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/grpc/convert.h"

namespace muster {
namespace {

struct Listed {};
// A report that is new or changed, a gang that is gone, or the end of the list.
// Points into a list that its holder keeps.
using Change = std::variant<const GangReport*, const GangId*, Listed>;

// What leads from one list to the next. Both are in ascending order of gangs.
std::deque<Change> Changes(const std::vector<GangReport>& before, const std::vector<GangReport>& after) {
  std::deque<Change> changes;
  auto old = before.begin();
  for (const GangReport& report : after) {
    for (; old != before.end() && old->gang < report.gang; ++old) changes.emplace_back(&old->gang);
    const bool known = old != before.end() && old->gang == report.gang;
    if (!known || *old != report) changes.emplace_back(&report);
    if (known) ++old;
  }
  for (; old != before.end(); ++old) changes.emplace_back(&old->gang);
  return changes;
}

void ToProto(const Change& change, v1::WatchGangsResponse& message) {
  message.Clear();
  if (const auto* report = std::get_if<const GangReport*>(&change)) {
    ToProto(**report, *message.mutable_gang());
  } else if (const auto* removed = std::get_if<const GangId*>(&change)) {
    ToProto(**removed, *message.mutable_removed());
  } else {
    message.mutable_listed();
  }
}

// Writes changes one at a time. The next list is compared only when the last
// one is written out, so a slow reader holds two lists and no queue of updates.
//
// Threads: thread-safe. gRPC is never called with the lock held, because it may
//          call back at once.
class GangWatch : public grpc::ServerWriteReactor<v1::WatchGangsResponse>, public GangFeed::Reader {
 public:
  static GangWatch* Start(GangFeed& feed) {
    auto watch = std::make_shared<GangWatch>(feed);
    watch->self_ = watch;
    feed.Join(watch);
    return watch.get();
  }

  explicit GangWatch(GangFeed& feed) : feed_(feed) {}

  void Offer(GangList gangs) override {
    mutex_.Lock();
    newest_ = std::move(gangs);
    StepAndUnlock();
  }

  void OnWriteDone(bool ok) override {
    mutex_.Lock();
    writing_ = false;
    ended_ = ended_ || !ok;
    StepAndUnlock();
  }

  void OnCancel() override {
    mutex_.Lock();
    ended_ = true;
    StepAndUnlock();
  }

  void OnDone() override {
    feed_.Leave(*this);
    self_.reset();
  }

 private:
  void StepAndUnlock() ABSL_UNLOCK_FUNCTION(mutex_) {
    const bool finish = ended_ && !writing_ && !finished_;
    finished_ = finished_ || finish;
    const bool write = !finished_ && !ended_ && !writing_ && Next();
    writing_ = writing_ || write;
    mutex_.Unlock();
    if (finish) Finish(grpc::Status::CANCELLED);
    if (write) StartWrite(&message_);
  }

  // Puts the next change into message_; false if there is none.
  bool Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (changes_.empty() && newest_ != nullptr) {
      previous_ = std::exchange(written_, std::exchange(newest_, nullptr));
      if (previous_ == nullptr) {
        changes_ = Changes({}, *written_);
        changes_.emplace_back(Listed());
      } else {
        changes_ = Changes(*previous_, *written_);
      }
    }
    if (changes_.empty()) return false;
    ToProto(changes_.front(), message_);
    changes_.pop_front();
    return true;
  }

  GangFeed& feed_;
  std::shared_ptr<GangWatch> self_;  // until gRPC is done with the call
  absl::Mutex mutex_;
  GangList newest_ ABSL_GUARDED_BY(mutex_);    // offered and not looked at; may be null
  GangList written_ ABSL_GUARDED_BY(mutex_);   // what the caller knows once changes_ is empty
  GangList previous_ ABSL_GUARDED_BY(mutex_);  // the one before, which removals point into
  std::deque<Change> changes_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // message_ belongs to gRPC
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  v1::WatchGangsResponse message_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchGangsResponse>* WatchGangs(GangFeed& feed) {
  return GangWatch::Start(feed);
}

}  // namespace muster
