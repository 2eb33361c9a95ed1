// SPDX-License-Identifier: Apache-2.0
#include "server/kube/kube_api.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/objects/json_text.h"
#include "server/objects/objects.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

std::string PodPath(const PodName& pod, absl::string_view sub = "") {
  return absl::StrCat("/api/v1/namespaces/", pod.ns(), "/pods/", pod.name(), sub);
}

Json Metadata(const PodVersion& pod) {
  Json metadata = {{"namespace", std::string(pod.name.ns())},
                   {"name", std::string(pod.name.name())},
                   {"uid", pod.uid.text()}};
  if (!pod.resource_version.empty()) metadata["resourceVersion"] = pod.resource_version;
  return metadata;
}

// The message of a Status object, or the beginning of what came instead.
std::string MessageOf(const Reply& reply) {
  const Json status = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (status.is_object() && status.contains("message") && status["message"].is_string()) {
    return status["message"].get<std::string>();
  }
  return reply.body.substr(0, 200);
}

absl::StatusCode CodeOf(int http) {
  switch (http) {
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAborted;
    case 401:
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 408:
    case 429:
      return absl::StatusCode::kUnavailable;
    default:
      return http >= 500 || http == 0 ? absl::StatusCode::kUnavailable : absl::StatusCode::kInvalidArgument;
  }
}

}  // namespace

absl::Status StatusOf(const Reply& reply, const std::string& what) {
  if (!reply.connection.ok()) {
    return absl::Status(reply.connection.code(), absl::StrCat(what, ": ", reply.connection.message()));
  }
  if (reply.code >= 200 && reply.code < 300) return absl::OkStatus();
  return absl::Status(CodeOf(reply.code), absl::StrCat(what, ": HTTP ", reply.code, ": ", MessageOf(reply)));
}

KubeApi::KubeApi(Access access, absl::Duration timeout) : timeout_(timeout), transport_(std::move(access)) {}

void Call(Transport& transport, Request request, std::string what,
          std::function<void(const absl::Status&, const Reply&)> done, int tries) {
  Request again = request;
  transport.Send(std::move(request), [&transport, again = std::move(again), what = std::move(what),
                                      done = std::move(done), tries](const Reply& reply) mutable {
    if (reply.connection.ok() && reply.code == 401 && tries > 1) {
      return Call(transport, std::move(again), std::move(what), std::move(done), tries - 1);
    }
    done(StatusOf(reply, what), reply);
  });
}

void KubeApi::Send(Request request, std::string what,
                   std::function<void(const absl::Status&, const Reply&)> done) {
  request.timeout = timeout_;
  Call(transport_, std::move(request), std::move(what), std::move(done));
}

void KubeApi::Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) {
  Json metadata = Metadata(pod);
  if (!annotations.empty()) {
    for (const auto& [key, value] : annotations) metadata["annotations"][key] = value;
  }
  const Json binding = {{"apiVersion", "v1"},
                        {"kind", "Binding"},
                        {"metadata", metadata},
                        {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node.text()}}}};
  Request request{.method = "POST",
                  .path = PodPath(pod.name, "/binding"),
                  .content_type = "application/json",
                  .body = JsonText(binding)};
  Send(std::move(request), absl::StrCat("binding pod ", pod.name.text(), " to node ", node.text()),
       [done = std::move(done)](const absl::Status& status, const Reply&) { done(status); });
}

void KubeApi::Nominate(const PodVersion& pod, const NodeName& node, Done done) {
  Json patch = {{"metadata", {{"uid", pod.uid.text()}}}, {"status", {{"nominatedNodeName", nullptr}}}};
  if (!pod.resource_version.empty()) patch["metadata"]["resourceVersion"] = pod.resource_version;
  if (!node.empty()) patch["status"]["nominatedNodeName"] = node.text();
  Request request{.method = "PATCH",
                  .path = PodPath(pod.name, "/status"),
                  .content_type = "application/merge-patch+json",
                  .body = JsonText(patch)};
  Send(std::move(request), absl::StrCat("nominating pod ", pod.name.text()),
       [done = std::move(done)](const absl::Status& status, const Reply&) { done(status); });
}

void KubeApi::Annotate(const PodVersion& pod, const Labels& annotations, Done done) {
  Json metadata = {{"uid", pod.uid.text()}};
  for (const auto& [key, value] : annotations) metadata["annotations"][key] = value;
  if (!pod.resource_version.empty()) metadata["resourceVersion"] = pod.resource_version;
  // Through the status, which may be patched already: of the metadata it keeps
  // what is written there as well.
  Request request{.method = "PATCH",
                  .path = PodPath(pod.name, "/status"),
                  .content_type = "application/merge-patch+json",
                  .body = JsonText(Json{{"metadata", std::move(metadata)}})};
  Send(std::move(request), absl::StrCat("annotating pod ", pod.name.text()),
       [done = std::move(done)](const absl::Status& status, const Reply&) { done(status); });
}

void KubeApi::Evict(const PodVersion& pod, Done done) {
  Json preconditions = {{"uid", pod.uid.text()}};
  if (!pod.resource_version.empty()) preconditions["resourceVersion"] = pod.resource_version;
  const Json eviction = {
      {"apiVersion", "policy/v1"},
      {"kind", "Eviction"},
      {"metadata", {{"namespace", std::string(pod.name.ns())}, {"name", std::string(pod.name.name())}}},
      {"deleteOptions", {{"preconditions", preconditions}}}};
  Request request{.method = "POST",
                  .path = PodPath(pod.name, "/eviction"),
                  .content_type = "application/json",
                  .body = JsonText(eviction)};
  Send(std::move(request), absl::StrCat("evicting pod ", pod.name.text()),
       [done = std::move(done)](const absl::Status& status, const Reply& reply) {
         // 429 is how the eviction API says that a disruption budget forbids it.
         const bool budget = reply.connection.ok() && reply.code == 429;
         done(budget ? absl::ResourceExhaustedError(status.message()) : status);
       });
}

void KubeApi::Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) {
  Request request;
  request.path = PodPath(pod);
  Send(std::move(request), absl::StrCat("reading pod ", pod.text()),
       [done = std::move(done)](const absl::Status& status, const Reply& reply) {
         if (!status.ok()) return done(status);
         const Json object = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
         if (object.is_discarded())
           return done(absl::UnavailableError("reading a pod: the answer is not JSON"));
         done(DecodePod(object));
       });
}

}  // namespace muster::kube
