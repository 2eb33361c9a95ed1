// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/objects/fields.h"
#include "server/objects/objects.h"

namespace muster {

absl::StatusOr<Namespace> DecodeNamespace(const ApiObject& object) {
  absl::Status error = CheckIsObject(object, "namespace");
  if (!error.ok()) return error;
  const Fields metadata = Fields(object, &error).At("metadata");
  Namespace ns{metadata.String("name"), metadata.Strings("labels")};
  if (ns.name.empty()) metadata.Reject("name", "want the namespace's name");
  // The API server sets it; a file may lack it.
  ns.labels["kubernetes.io/metadata.name"] = ns.name;
  if (!error.ok()) return error;
  return ns;
}

}  // namespace muster
