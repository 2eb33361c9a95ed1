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
#include "nlohmann/json_fwd.hpp"
#include "server/kube/transport.h"

namespace muster::kube {

// Cuts a stream into lines, however it arrives in pieces.
// Cost: linear in the bytes.
class LineSplitter {
 public:
  // Calls visit(line) for every line that is complete now, without its end;
  // false from `visit`, or a line longer than `longest`, ends it with false.
  bool Add(absl::string_view piece, size_t longest, const std::function<bool(absl::string_view)>& visit);
  void Clear() { rest_.clear(); }

 private:
  std::string rest_;
};

// Keeps a copy of one kind of object up to date: LIST in pages, then WATCH from
// where the list ended, and again from where the watch ended. What the API
// server no longer remembers (410) is listed anew, and the old copy serves
// until the new one is complete.
//
// Source:  Kubernetes API concepts, "Efficient detection of changes".
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
    uint32_t seed = 1;
  };

  struct Handler {
    // These are all the objects that there are.
    std::function<void(std::vector<nlohmann::json>)> replace;
    // This object came, changed, or went.
    std::function<void(bool deleted, const nlohmann::json& object)> apply;
  };

  // `paths` are alternatives, e.g. one per API version: the first that the
  // server knows is used. Call Start once; the transport outlives this.
  Reflector(Transport& transport, std::vector<std::string> paths, Handler handler, Options options);
  void Start();

  // Whether the first list is in, or the server has no such (optional) kind.
  bool synced() const { return synced_; }
  // Since when every call failed; nullopt if the last one was good.
  std::optional<absl::Time> failing_since() const { return failing_since_; }

 private:
  void List(const std::string& continue_token);
  void Listed(const Reply& reply, bool first_page);
  void Missing();
  void Watch();
  bool Event(absl::string_view line);
  void WatchEnded(const Reply& reply);
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
  size_t unknown_paths_ = 0;  // in a row that the server did not know
  bool missing_ = false;      // it knew none of them
  std::vector<nlohmann::json> listing_;
  std::string resource_version_;
  LineSplitter lines_;
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
