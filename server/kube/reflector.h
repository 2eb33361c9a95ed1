// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/kube/transport.h"
#include "server/kube/wire.h"
#include "server/objects/api_object.h"

namespace muster::kube {

// Reads all objects of one kind, and then every change: by a WATCH that begins
// with what there is, or, where the server has no such watch, by LIST in pages
// and a WATCH from where the list ended. A watch that ends goes on where it
// ended; what the API server no longer remembers (410) is listed anew. Objects
// are handed on one by one: nothing of them is kept here.
//
// Source:  Kubernetes API concepts, "Efficient detection of changes" and
//          "Streaming lists".
// Threads: everything happens on the transport's thread.
class Reflector {
 public:
  struct Options {
    absl::Duration first_pause = absl::Milliseconds(250);  // after a failure; doubled each time, and jittered
    absl::Duration longest_pause = absl::Seconds(5);
    absl::Duration missing_pause =
        absl::Seconds(15);  // until a kind that the server lacks is asked for again
    int page = 500;
    bool optional = false;  // a kind that somebody may install, or not
    Form form = Form::kJson;
    uint32_t seed = 1;
  };

  struct Handler {
    // A list begins, maybe before the one before it was complete.
    std::function<void()> list_begins;
    // This object is there, or, outside of lists, came, changed, or went.
    std::function<void(bool deleted, const ApiObject& object)> apply;
    // What there is was told since the list began; other objects are gone.
    std::function<void()> list_ended;
  };

  // `paths` are alternatives, e.g. one per API version: the first that the
  // server knows is used. Call Start once; the transport outlives this.
  Reflector(Transport& transport, std::vector<std::string> paths, Handler handler, Options options);
  void Start();

  // Whether the first list is in, or the server has no such (optional) kind.
  bool synced() const { return synced_; }
  // Whether the server has no such (optional) kind.
  bool missing() const { return missing_; }
  // Since when every call failed; nullopt if the last one was good.
  std::optional<absl::Time> failing_since() const { return failing_since_; }

 private:
  void ListAll();
  void ListPage(const std::string& continue_token);
  void PageListed(const Reply& reply, bool first_page);
  void ListEnded(const std::string& resource_version);
  void Missing();
  // From resource_version_, or, as part of a list, with what there is.
  void Watch();
  bool Event(absl::string_view frame);
  bool Event(absl::string_view type, const ApiObject& object);
  void WatchEnded(const Reply& reply);
  void StreamedListFailed(const Reply& reply);
  // Lists (or watches) again after a pause.
  void Again(bool relist, absl::Duration at_least, const std::string& why);
  void Good();
  void GoodIfStillOpen();

  Transport& transport_;
  const std::vector<std::string> paths_;
  const Handler handler_;
  const Options options_;
  std::mt19937 random_;
  size_t path_ = 0;
  size_t unknown_paths_ = 0;    // in a row that the server did not know
  bool missing_ = false;        // it knew none of them
  bool listing_ = false;        // a list began and has not ended
  bool may_stream_ = true;      // the server has not said that it streams no lists
  bool in_pages_next_ = false;  // a streamed list broke off
  std::string resource_version_;
  FrameSplitter frames_;
  uint64_t watches_ = 0;  // counts them, to tell one from the next
  bool watching_ = false;
  bool saw_event_ = false;  // in this watch
  absl::Time watch_began_;
  std::string watch_error_;  // why the watch that is ending must end
  bool expired_ = false;     // the API server forgot resource_version_
  bool synced_ = false;
  int failures_ = 0;
  std::optional<absl::Time> failing_since_;
  absl::Time logged_at_ = absl::InfinitePast();
};

}  // namespace muster::kube
