// SPDX-License-Identifier: Apache-2.0
#include "server/kube/reflector.h"

#include <curl/curl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestFrame = size_t{64} << 20;  // etcd keeps objects below 1.5 MB
constexpr absl::Duration kLogAgain = absl::Seconds(30);
// Bookmarks come about once a minute: no byte for longer means that the
// connection is dead.
constexpr absl::Duration kIdleWatch = absl::Seconds(150);

std::string Escaped(const std::string& text) {
  char* escaped = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
  std::string copy = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return copy;
}

std::string TextAt(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path)) return "";
  const Json& found = object.at(path);
  return found.is_string() ? found.get<std::string>() : "";
}

std::string Describe(const Reply& reply) {
  if (!reply.connection.ok()) return std::string(reply.connection.message());
  return absl::StrCat("HTTP ", reply.code, " ", reply.body.substr(0, 200));
}

}  // namespace

bool LineSplitter::Add(absl::string_view piece, size_t longest,
                       const std::function<bool(absl::string_view)>& visit) {
  for (size_t end = piece.find('\n'); end != absl::string_view::npos; end = piece.find('\n')) {
    const absl::string_view part = piece.substr(0, end);
    piece.remove_prefix(end + 1);
    if (rest_.empty()) {
      if (!visit(part)) return false;
      continue;
    }
    absl::StrAppend(&rest_, part);
    const std::string line = std::exchange(rest_, "");
    if (!visit(line)) return false;
  }
  absl::StrAppend(&rest_, piece);
  return rest_.size() <= longest;
}

Reflector::Reflector(Transport& transport, std::vector<std::string> paths, Handler handler, Options options)
    : transport_(transport),
      paths_(std::move(paths)),
      handler_(std::move(handler)),
      options_(options),
      random_(options.seed) {}

void Reflector::Start() { List(""); }

void Reflector::List(const std::string& continue_token) {
  if (continue_token.empty()) listing_.clear();
  Request request;
  request.path =
      absl::StrCat(paths_[path_], "?limit=", options_.page,
                   continue_token.empty() ? "" : absl::StrCat("&continue=", Escaped(continue_token)));
  request.timeout = absl::Minutes(2);
  transport_.Send(std::move(request),
                  [this, first = continue_token.empty()](const Reply& reply) { Listed(reply, first); });
}

void Reflector::Listed(const Reply& reply, bool first_page) {
  if (absl::IsCancelled(reply.connection)) return;
  if (reply.connection.ok() && reply.code == 404 && first_page && options_.optional) return Missing();
  if (!reply.connection.ok() || reply.code != 200) return Again(true, reply.retry_after, Describe(reply));
  Json list = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (!list.is_object() || !list.contains("items") ||
      !(list["items"].is_array() || list["items"].is_null())) {
    return Again(true, absl::ZeroDuration(), "the answer is no list of objects");
  }
  for (Json& item : list["items"]) listing_.push_back(std::move(item));
  const std::string more = TextAt(list, "/metadata/continue");
  if (!more.empty()) return List(more);
  resource_version_ = TextAt(list, "/metadata/resourceVersion");
  Good();
  unknown_paths_ = 0;
  missing_ = false;
  synced_ = true;
  handler_.replace(std::exchange(listing_, {}));
  Watch();
}

void Reflector::Missing() {
  path_ = (path_ + 1) % paths_.size();
  if (++unknown_paths_ < paths_.size()) return List("");
  unknown_paths_ = 0;
  // Nobody installed this kind (yet), or it was uninstalled with all its objects.
  Good();
  if (!missing_) handler_.replace({});
  missing_ = true;
  synced_ = true;
  transport_.After(options_.missing_pause, [this] { List(""); });
}

void Reflector::Watch() {
  lines_.Clear();
  watch_error_.clear();
  expired_ = false;
  Request request;
  const int seconds = std::uniform_int_distribution(300, 600)(random_);
  request.path = absl::StrCat(paths_[path_], "?watch=1&allowWatchBookmarks=true&timeoutSeconds=", seconds,
                              "&resourceVersion=", Escaped(resource_version_));
  request.timeout = absl::Seconds(seconds + 60);
  request.idle = kIdleWatch;
  ++watches_;
  watching_ = true;
  saw_event_ = false;
  watch_began_ = absl::Now();
  const auto take = [this](absl::string_view piece) {
    if (piece.empty()) GoodIfStillOpen();
    const bool fine =
        lines_.Add(piece, kLongestFrame, [this](absl::string_view line) { return Event(line); });
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
    if (watching_ && watches_ == watch) Good();
  });
}

bool Reflector::Event(absl::string_view line) {
  if (line.empty()) return true;
  const Json event = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  const std::string type = event.is_object() ? TextAt(event, "/type") : "";
  if (type.empty() || !event.contains("object") || !event["object"].is_object()) {
    watch_error_ = "a frame is no watch event";
    return false;
  }
  const Json& object = event["object"];
  if (type == "ERROR") {
    expired_ = object.value("code", Json()) == 410;
    watch_error_ = absl::StrCat("the watch ended: ", TextAt(object, "/message"));
    return false;
  }
  const std::string version = TextAt(object, "/metadata/resourceVersion");
  Good();
  saw_event_ = true;
  if (type != "BOOKMARK") handler_.apply(type == "DELETED", object);
  if (!version.empty()) resource_version_ = version;
  return true;
}

void Reflector::WatchEnded(const Reply& reply) {
  watching_ = false;
  if (absl::IsCancelled(reply.connection)) return;
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
  transport_.After(std::max(pause * jitter, at_least), [this, relist] { relist ? List("") : Watch(); });
}

void Reflector::Good() {
  if (failing_since_.has_value()) spdlog::info("reading {} again", paths_[path_]);
  failing_since_.reset();
  failures_ = 0;
}

}  // namespace muster::kube
