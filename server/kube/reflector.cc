// SPDX-License-Identifier: Apache-2.0
#include "server/kube/reflector.h"

#include <curl/curl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/objects/fields.h"

namespace muster::kube {
namespace {

constexpr size_t kLongestFrame = size_t{64} << 20;  // etcd keeps objects below 1.5 MB
constexpr absl::Duration kLogAgain = absl::Seconds(30);
// Bookmarks come about once a minute: no byte for longer means that the
// connection is dead.
constexpr absl::Duration kIdleWatch = absl::Seconds(150);
// Of the bookmark that ends a streamed list.
constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

std::string Escaped(const std::string& text) {
  char* escaped = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
  std::string copy = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return copy;
}

bool EndsInitialEvents(const Fields& bookmark) {
  const Labels annotations = bookmark.At("metadata").Strings("annotations");
  const auto end = annotations.find(kInitialEventsEnd);
  return end != annotations.end() && end->second == "true";
}

std::string Describe(const Reply& reply) {
  if (!reply.connection.ok()) return std::string(reply.connection.message());
  return absl::StrCat("HTTP ", reply.code, " ", reply.body.substr(0, 200));
}

}  // namespace

Reflector::Reflector(Transport& transport, std::vector<std::string> paths, Handler handler, Options options)
    : transport_(transport),
      paths_(std::move(paths)),
      handler_(std::move(handler)),
      options_(options),
      random_(options.seed) {}

void Reflector::Start() { ListAll(); }

void Reflector::ListAll() {
  listing_ = true;
  handler_.list_begins();
  const bool in_pages = std::exchange(in_pages_next_, false) || !may_stream_;
  in_pages ? ListPage("") : Watch();
}

void Reflector::ListPage(const std::string& continue_token) {
  Request request;
  request.path =
      absl::StrCat(paths_[path_], "?limit=", options_.page,
                   continue_token.empty() ? "" : absl::StrCat("&continue=", Escaped(continue_token)));
  request.accept = options_.form == Form::kJson ? kAcceptJson : kAcceptProtobuf;
  request.timeout = absl::Minutes(2);
  transport_.Send(std::move(request),
                  [this, first = continue_token.empty()](const Reply& reply) { PageListed(reply, first); });
}

void Reflector::PageListed(const Reply& reply, bool first_page) {
  if (absl::IsCancelled(reply.connection)) return;
  if (reply.connection.ok() && reply.code == 404 && first_page && options_.optional) return Missing();
  if (!reply.connection.ok() || reply.code != 200) return Again(true, reply.retry_after, Describe(reply));
  const absl::StatusOr<ListEnd> page =
      ReadList(reply.body, options_.form, [this](const ApiObject& object) { handler_.apply(false, object); });
  if (!page.ok()) return Again(true, absl::ZeroDuration(), std::string(page.status().message()));
  if (!page->continue_token.empty()) return ListPage(page->continue_token);
  ListEnded(page->resource_version);
  Watch();
}

void Reflector::ListEnded(const std::string& resource_version) {
  resource_version_ = resource_version;
  listing_ = false;
  Good();
  unknown_paths_ = 0;
  missing_ = false;
  synced_ = true;
  handler_.list_ended();
}

void Reflector::Missing() {
  path_ = (path_ + 1) % paths_.size();
  if (++unknown_paths_ < paths_.size()) return ListAll();
  unknown_paths_ = 0;
  // Nobody installed this kind (yet), or it was uninstalled with all its objects.
  Good();
  if (!missing_) handler_.list_ended();
  missing_ = true;
  synced_ = true;
  transport_.After(options_.missing_pause, [this] { ListAll(); });
}

void Reflector::Watch() {
  frames_.Clear();
  watch_error_.clear();
  expired_ = false;
  const int seconds = std::uniform_int_distribution(300, 600)(random_);
  const std::string from = listing_ ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                    : absl::StrCat("&resourceVersion=", Escaped(resource_version_));
  Request request;
  request.path =
      absl::StrCat(paths_[path_], "?watch=1&allowWatchBookmarks=true&timeoutSeconds=", seconds, from);
  request.accept = options_.form == Form::kJson ? kAcceptJson : kAcceptProtobuf;
  request.timeout = absl::Seconds(seconds + 60);
  request.idle = kIdleWatch;
  ++watches_;
  watching_ = true;
  saw_event_ = false;
  watch_began_ = absl::Now();
  const auto take = [this](absl::string_view piece) {
    if (piece.empty()) GoodIfStillOpen();
    const bool fine =
        frames_.Add(piece, kLongestFrame, [this](absl::string_view frame) { return Event(frame); });
    if (!fine && watch_error_.empty()) watch_error_ = "a frame is too long";
    return fine;
  };
  transport_.Send(
      std::move(request), [this](const Reply& reply) { WatchEnded(reply); }, take);
}

// A server in trouble may begin an answer and end it at once: only one that
// lasts, or brings an event, shows that it works again.
void Reflector::GoodIfStillOpen() {
  transport_.After(options_.first_pause, [this, watch = watches_] {
    if (watching_ && watches_ == watch && !listing_) Good();
  });
}

bool Reflector::Event(absl::string_view frame) {
  if (frame.empty()) return true;
  bool goes_on = false;
  const absl::Status read =
      ReadEvent(frame, options_.form,
                [&](absl::string_view type, const ApiObject& object) { goes_on = Event(type, object); });
  if (!read.ok()) watch_error_ = std::string(read.message());
  return goes_on;
}

bool Reflector::Event(absl::string_view type, const ApiObject& object) {
  absl::Status ignored;
  const Fields fields(object, &ignored);
  if (type == "ERROR") {
    expired_ = fields.Integer("code", 0) == 410;
    watch_error_ = absl::StrCat("the watch ended: ", fields.String("message"));
    return false;
  }
  const std::string version = fields.At("metadata").String("resourceVersion");
  saw_event_ = true;
  if (type != "BOOKMARK") handler_.apply(type == "DELETED", object);
  if (listing_) {
    if (type == "BOOKMARK" && EndsInitialEvents(fields)) ListEnded(version);
    return true;
  }
  Good();
  if (!version.empty()) resource_version_ = version;
  return true;
}

// Old servers, and those on which it is switched off, refuse to stream lists.
void Reflector::StreamedListFailed(const Reply& reply) {
  if (reply.connection.ok() && reply.code == 404 && options_.optional) return Missing();
  if (reply.connection.ok() && (reply.code == 400 || reply.code == 422)) {
    may_stream_ = false;
    return ListPage("");
  }
  in_pages_next_ = reply.code == 200;
  Again(true, reply.retry_after, watch_error_.empty() ? Describe(reply) : watch_error_);
}

void Reflector::WatchEnded(const Reply& reply) {
  watching_ = false;
  if (absl::IsCancelled(reply.connection)) return;
  if (listing_) return StreamedListFailed(reply);
  if (expired_ || reply.code == 410) {
    // The list that follows is paced by its own failures.
    return Again(true, absl::ZeroDuration(), "");
  }
  if (!watch_error_.empty()) return Again(false, absl::ZeroDuration(), watch_error_);
  if (reply.connection.ok() && reply.code == 200) {
    // Not what a healthy server does, and not to be asked again at once.
    const bool at_once = !saw_event_ && absl::Now() - watch_began_ < options_.first_pause;
    return at_once ? Again(false, absl::ZeroDuration(), "the watch ended at once") : Watch();
  }
  // A kind that was uninstalled, or a version of it that is no longer served.
  if (reply.connection.ok() && reply.code == 404 && options_.optional) {
    return Again(true, options_.missing_pause, "");
  }
  Again(false, reply.retry_after, Describe(reply));
}

void Reflector::Again(bool relist, absl::Duration at_least, const std::string& why) {
  const absl::Time now = absl::Now();
  if (!why.empty()) {
    if (!failing_since_.has_value()) failing_since_ = now;
    if (now - logged_at_ >= kLogAgain) {
      logged_at_ = now;
      spdlog::warn("reading {}: {}; trying again", paths_[path_], why);
    }
  }
  const absl::Duration pause =
      std::min(options_.first_pause * (1 << std::min(failures_++, 16)), options_.longest_pause);
  // Jitter keeps replicas and kinds from coming back all at once.
  const double jitter = std::uniform_real_distribution(0.5, 1.0)(random_);
  transport_.After(std::max(pause * jitter, at_least), [this, relist] { relist ? ListAll() : Watch(); });
}

void Reflector::Good() {
  if (failing_since_.has_value()) spdlog::info("reading {} again", paths_[path_]);
  failing_since_.reset();
  failures_ = 0;
}

}  // namespace muster::kube
