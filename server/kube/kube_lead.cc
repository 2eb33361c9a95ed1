// SPDX-License-Identifier: Apache-2.0
#include "server/kube/kube_lead.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/kube/kube_api.h"
#include "server/objects/json_text.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

constexpr char kMicroTime[] = "%Y-%m-%dT%H:%M:%E6SZ";

std::string Text(absl::Time time) { return absl::FormatTime(kMicroTime, time, absl::UTCTimeZone()); }

absl::Time TimeAt(const Json& spec, const char* field) {
  absl::Time time = absl::UnixEpoch();
  std::string error;
  if (spec.contains(field) && spec[field].is_string()) {
    absl::ParseTime(absl::RFC3339_full, spec[field].get<std::string>(), &time, &error);
  }
  return time;
}

int64_t NumberAt(const Json& spec, const char* field) {
  return spec.contains(field) && spec[field].is_number_integer() ? spec[field].get<int64_t>() : 0;
}

std::string TextAt(const Json& object, const char* field) {
  return object.contains(field) && object[field].is_string() ? object[field].get<std::string>() : "";
}

absl::StatusOr<Lease> Decode(const absl::Status& status, const Reply& reply) {
  if (!status.ok()) return status;
  const Json object = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("metadata") || !object["metadata"].is_object()) {
    return absl::UnavailableError("reading the lease: the answer is no object");
  }
  Lease lease;
  lease.version = TextAt(object["metadata"], "resourceVersion");
  if (lease.version.empty()) return absl::UnavailableError("reading the lease: it has no resourceVersion");
  const Json spec = object.contains("spec") && object["spec"].is_object() ? object["spec"] : Json::object();
  lease.holder = TextAt(spec, "holderIdentity");
  lease.duration = absl::Seconds(NumberAt(spec, "leaseDurationSeconds"));
  lease.acquired = TimeAt(spec, "acquireTime");
  lease.renewed = TimeAt(spec, "renewTime");
  lease.transitions = NumberAt(spec, "leaseTransitions");
  return lease;
}

Json Spec(const Lease& lease) {
  return {{"holderIdentity", lease.holder},
          {"leaseDurationSeconds", absl::ToInt64Seconds(lease.duration)},
          {"acquireTime", Text(lease.acquired)},
          {"renewTime", Text(lease.renewed)},
          {"leaseTransitions", lease.transitions}};
}

// "" where the object says none.
std::string UidOf(const std::string& body) {
  const Json object = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("metadata") || !object["metadata"].is_object()) return "";
  return TextAt(object["metadata"], "uid");
}

Json Slice(const LeadObjects& objects, const std::string& name, const LeadAddress& address,
           const std::string& service_uid) {
  const bool v6 = absl::StrContains(address.ip, ":");
  Json slice = {{"apiVersion", "discovery.k8s.io/v1"},
                {"kind", "EndpointSlice"},
                {"metadata",
                 {{"namespace", objects.ns},
                  {"name", name},
                  {"labels",
                   {{"kubernetes.io/service-name", objects.service},
                    {"endpointslice.kubernetes.io/managed-by", "muster.dev"}}}}},
                {"addressType", v6 ? "IPv6" : "IPv4"},
                {"endpoints", {{{"addresses", {address.ip}}, {"conditions", {{"ready", true}}}}}},
                {"ports",
                 {{{"name", "http"}, {"port", address.http}, {"protocol", "TCP"}},
                  {{"name", "grpc"}, {"port", address.grpc}, {"protocol", "TCP"}}}}};
  if (!service_uid.empty()) {
    slice["metadata"]["ownerReferences"] = {
        {{"apiVersion", "v1"}, {"kind", "Service"}, {"name", objects.service}, {"uid", service_uid}}};
  }
  return slice;
}

// Whether the slice has one endpoint, which is `ip`.
bool Names(const std::string& body, const std::string& ip) {
  const Json slice = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!slice.is_object() || !slice.contains("endpoints") || !slice["endpoints"].is_array()) return false;
  const Json& endpoints = slice["endpoints"];
  return endpoints.size() == 1 && endpoints[0].is_object() && endpoints[0].contains("addresses") &&
         endpoints[0]["addresses"] == Json::array({ip});
}

// What to apply so that the slice, which Names, loses its endpoint, if nobody
// changed it since it was read.
std::string Emptied(const std::string& body) {
  Json slice = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!slice.contains("metadata") || !slice["metadata"].is_object()) return "";
  slice["endpoints"] = Json::array();
  slice["metadata"].erase("managedFields");
  return JsonText(slice);
}

}  // namespace

KubeLead::KubeLead(Access access, LeadObjects objects, absl::Duration timeout)
    : objects_(std::move(objects)), timeout_(timeout), transport_(std::move(access)) {}

std::string KubeLead::LeasePath() const {
  return absl::StrCat("/apis/coordination.k8s.io/v1/namespaces/", objects_.ns, "/leases");
}

void KubeLead::ReadLease(Done done) {
  Request request;
  request.path = absl::StrCat(LeasePath(), "/", objects_.lease);
  request.timeout = timeout_;
  Call(transport_, std::move(request), absl::StrCat("reading lease ", objects_.ns, "/", objects_.lease),
       [done = std::move(done)](const absl::Status& status, const Reply& reply) {
         done(Decode(status, reply));
       });
}

void KubeLead::WriteLease(const Lease& lease, Done done) {
  Json metadata = {{"namespace", objects_.ns}, {"name", objects_.lease}};
  if (!lease.version.empty()) metadata["resourceVersion"] = lease.version;
  const Json object = {{"apiVersion", "coordination.k8s.io/v1"},
                       {"kind", "Lease"},
                       {"metadata", std::move(metadata)},
                       {"spec", Spec(lease)}};
  const bool is_new = lease.version.empty();
  Request request{.method = is_new ? "POST" : "PUT",
                  .path = is_new ? LeasePath() : absl::StrCat(LeasePath(), "/", objects_.lease),
                  .content_type = "application/json",
                  .body = JsonText(object),
                  .timeout = timeout_};
  Call(transport_, std::move(request), absl::StrCat("writing lease ", objects_.ns, "/", objects_.lease),
       [done = std::move(done)](const absl::Status& status, const Reply& reply) {
         done(Decode(status, reply));
       });
}

void KubeLead::Announce(const LeadAddress& address, std::function<void(const absl::Status&)> done) {
  Request request;
  request.path = absl::StrCat("/api/v1/namespaces/", objects_.ns, "/services/", objects_.service);
  request.timeout = timeout_;
  Call(transport_, std::move(request), absl::StrCat("reading service ", objects_.ns, "/", objects_.service),
       [this, address, done = std::move(done)](const absl::Status& status, const Reply& reply) mutable {
         // To be found matters more than to go with the service.
         ApplySlice(address, status.ok() ? UidOf(reply.body) : "", std::move(done));
       });
}

void KubeLead::ApplySlice(const LeadAddress& address, const std::string& service_uid,
                          std::function<void(const absl::Status&)> done) {
  Apply(JsonText(Slice(objects_, SliceName(), address, service_uid)), std::move(done));
}

void KubeLead::ReadSlice(std::function<void(const absl::StatusOr<std::string>& body)> done) {
  Request request;
  request.path = SlicePath();
  request.timeout = timeout_;
  Call(transport_, std::move(request), absl::StrCat("reading endpoint slice ", objects_.ns, "/", SliceName()),
       [done = std::move(done)](const absl::Status& status, const Reply& reply) {
         status.ok() ? done(reply.body) : done(status);
       });
}

void KubeLead::IsAnnounced(const std::string& ip, std::function<void(const absl::StatusOr<bool>&)> done) {
  ReadSlice([ip, done = std::move(done)](const absl::StatusOr<std::string>& body) {
    body.ok() ? done(Names(*body, ip)) : done(body.status());
  });
}

void KubeLead::Retract(const std::string& ip, std::function<void(const absl::Status&)> done) {
  ReadSlice([this, ip, done = std::move(done)](const absl::StatusOr<std::string>& body) {
    if (!body.ok()) return done(body.status());
    std::string emptied = Names(*body, ip) ? Emptied(*body) : "";
    emptied.empty() ? done(absl::OkStatus()) : Apply(std::move(emptied), done);
  });
}

std::string KubeLead::SliceName() const { return absl::StrCat(objects_.service, "-leader"); }

std::string KubeLead::SlicePath() const {
  return absl::StrCat("/apis/discovery.k8s.io/v1/namespaces/", objects_.ns, "/endpointslices/", SliceName());
}

void KubeLead::Apply(std::string slice, std::function<void(const absl::Status&)> done) {
  // Applied: it is made where there is none, and whatever it said before goes.
  Request request{.method = "PATCH",
                  .path = absl::StrCat(SlicePath(), "?fieldManager=muster&force=true"),
                  .content_type = "application/apply-patch+yaml",
                  .body = std::move(slice),
                  .timeout = timeout_};
  Call(transport_, std::move(request), absl::StrCat("writing endpoint slice ", objects_.ns, "/", SliceName()),
       [done = std::move(done)](const absl::Status& status, const Reply&) { done(status); });
}

}  // namespace muster::kube
