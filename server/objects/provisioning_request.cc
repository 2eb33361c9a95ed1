// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "server/objects/fields.h"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Condition = ProvisioningRequest::Condition;

Condition DecodeCondition(const Fields& fields) {
  Condition condition{Condition::State::kFalse, fields.String("reason"), fields.String("message")};
  if (fields.String("status") == "True") condition.state = Condition::State::kTrue;
  return condition;
}

}  // namespace

absl::StatusOr<std::optional<ProvisioningRequest>> DecodeProvisioningRequest(const nlohmann::json& object) {
  if (!object.is_object()) return absl::InvalidArgumentError("provisioning request: want an object");
  absl::Status error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  const Labels labels = metadata.Strings("labels");
  const auto manager = labels.find("app.kubernetes.io/managed-by");
  if (manager == labels.end() || manager->second != "muster") return std::nullopt;
  ProvisioningRequest request;
  request.ns = metadata.String("namespace");
  request.name = metadata.String("name");
  if (request.ns.empty()) request.ns = "default";
  if (request.name.empty()) metadata.Reject("name", "want the request's name");
  const Labels annotations = metadata.Strings("annotations");
  const auto gang = annotations.find("muster.dev/gang");
  const auto attempt = annotations.find("muster.dev/attempt");
  if (gang == annotations.end() || attempt == annotations.end() ||
      !absl::SimpleAtoi(attempt->second, &request.attempt) || request.attempt < 0) {
    metadata.Reject("annotations", "want muster.dev/gang and the number muster.dev/attempt");
    return error;
  }
  request.gang = GangId(request.ns, gang->second);
  const std::string created = metadata.String("creationTimestamp");
  if (!created.empty() && !absl::ParseTime(absl::RFC3339_full, created, &request.created, nullptr))
    metadata.Reject("creationTimestamp", "want a time");
  request.deleting = metadata.At("deletionTimestamp").Present();
  root.At("spec").ForEach("podSets", [&](const Fields& set) {
    request.templates.push_back(set.At("podTemplateRef").String("name"));
  });
  root.At("status").ForEach("conditions", [&](const Fields& fields) {
    const std::string type = fields.String("type");
    if (type == "Accepted") request.accepted = DecodeCondition(fields);
    if (type == "Provisioned") request.provisioned = DecodeCondition(fields);
    if (type == "Failed") request.failed = DecodeCondition(fields);
    if (type == "BookingExpired") request.booking_expired = DecodeCondition(fields);
    if (type == "CapacityRevoked") request.capacity_revoked = DecodeCondition(fields);
  });
  if (!error.ok()) return error;
  return request;
}

}  // namespace muster
