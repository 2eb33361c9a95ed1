// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/kube/kube_api.h"
#include "server/kube/provisioning.h"
#include "server/objects/json_text.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

std::string PathIn(absl::string_view ns, absl::string_view kind) {
  return absl::StrCat("/api/v1/namespaces/", ns, "/", kind);
}

std::string RequestsPath(absl::string_view ns) {
  return absl::StrCat("/apis/autoscaling.x-k8s.io/v1/namespaces/", ns, "/provisioningrequests");
}

Request Post(std::string path, const Json& object) {
  return {.method = "POST",
          .path = std::move(path),
          .content_type = "application/json",
          .body = JsonText(object)};
}

Request Delete(std::string path) {
  return {.method = "DELETE", .path = std::move(path), .content_type = "", .body = ""};
}

// One that is there already was made by an earlier try.
absl::Status Made(const absl::Status& status) { return absl::IsAborted(status) ? absl::OkStatus() : status; }
absl::Status Gone(const absl::Status& status) { return absl::IsNotFound(status) ? absl::OkStatus() : status; }

}  // namespace

void KubeApi::Ungate(const Ungating& pod, Done done) {
  Json patch = {{"metadata", {{"uid", pod.uid.text()}}}, {"spec", {{"schedulingGates", nullptr}}}};
  if (!pod.affinity.empty()) {
    patch["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
         ["nodeSelectorTerms"] = TermsJson(pod.affinity);
  }
  Request request{.method = "PATCH",
                  .path = absl::StrCat(PathIn(pod.pod.ns(), "pods/"), pod.pod.name()),
                  .content_type = "application/merge-patch+json",
                  .body = JsonText(patch)};
  Send(std::move(request), absl::StrCat("ungating pod ", pod.pod.text()),
       [done = std::move(done)](const absl::Status& status, const Reply&) { done(status); });
}

void KubeApi::Ask(const ProvisioningOrder& order, Done done) {
  MakeTemplate(std::make_shared<const ProvisioningOrder>(order), 0, std::move(done));
}

// The templates go first: Cluster Autoscaler fails a request that names one that is missing.
void KubeApi::MakeTemplate(std::shared_ptr<const ProvisioningOrder> order, size_t set, Done done) {
  const PodName& like = order->sets[set].like;
  Request read;
  read.path = absl::StrCat(PathIn(like.ns(), "pods/"), like.name());
  Send(std::move(read), absl::StrCat("reading pod ", like.text()),
       [this, order, set, done = std::move(done)](const absl::Status& status, const Reply& reply) {
         if (!status.ok()) return done(status);
         Json pod = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
         if (!pod.is_object()) return done(absl::UnavailableError("reading a pod: the answer is not JSON"));
         const Json made = PodTemplateOf(*order, set, pod);
         Send(Post(PathIn(order->gang.ns(), "podtemplates"), made),
              absl::StrCat("making PodTemplate ", order->name, "-", set),
              [this, order, set, pod = std::move(pod), done](const absl::Status& outcome, const Reply&) {
                if (!Made(outcome).ok()) return done(outcome);
                if (set + 1 < order->sets.size()) return MakeTemplate(order, set + 1, done);
                Send(Post(RequestsPath(order->gang.ns()), RequestOf(*order, pod)),
                     absl::StrCat("making ProvisioningRequest ", order->name),
                     [done](const absl::Status& last, const Reply&) { done(Made(last)); });
              });
       });
}

void KubeApi::Withdraw(const ProvisioningRequest& request, Done done) {
  Send(Delete(absl::StrCat(RequestsPath(request.ns), "/", request.name)),
       absl::StrCat("deleting ProvisioningRequest ", request.name),
       [this, request, done = std::move(done)](const absl::Status& status, const Reply&) {
         done(Gone(status));
         if (!Gone(status).ok()) return;
         for (const std::string& name : request.templates) {
           Send(Delete(absl::StrCat(PathIn(request.ns, "podtemplates/"), name)),
                absl::StrCat("deleting PodTemplate ", name), [](const absl::Status&, const Reply&) {});
         }
       });
}

}  // namespace muster::kube
