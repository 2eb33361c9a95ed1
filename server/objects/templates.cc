// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;

// As the API server does for pods, and not for templates of custom resources.
void RequestWhatIsLimited(Json& containers) {
  if (!containers.is_array()) return;
  for (Json& container : containers) {
    if (!container.is_object() || !container.contains("resources")) continue;
    Json& resources = container["resources"];
    if (!resources.is_object() || !resources.contains("limits") || !resources["limits"].is_object()) continue;
    Json& requests = resources["requests"];
    if (!requests.is_null() && !requests.is_object()) continue;
    for (const auto& [name, amount] : resources["limits"].items()) {
      if (!requests.contains(name)) requests[name] = amount;
    }
  }
}

const Json* ObjectAt(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? &*at : nullptr;
}

// The shape of a pod that is made of the template; null if it can't be read.
std::shared_ptr<const PodShape> ShapeOf(const Json& pod_template, const std::string& ns) {
  const Json* spec = pod_template.is_object() ? ObjectAt(pod_template, "spec") : nullptr;
  if (spec == nullptr) return nullptr;
  Json pod = {{"metadata", {{"name", "template"}, {"namespace", ns}}}, {"spec", *spec}};
  if (const Json* metadata = ObjectAt(pod_template, "metadata")) {
    for (const char* key : {"labels", "annotations"}) {
      if (const Json* map = ObjectAt(*metadata, key)) pod["metadata"][key] = *map;
    }
  }
  for (const char* key : {"containers", "initContainers"}) {
    if (spec->contains(key)) RequestWhatIsLimited(pod["spec"][key]);
  }
  absl::StatusOr<Pod> decoded = DecodePod(pod);
  if (!decoded.ok() || !decoded->shape.unmodelled.empty()) return nullptr;
  return std::make_shared<const PodShape>(std::move(decoded->shape));
}

}  // namespace

void ReadTemplates(const Json& object, GangDeclaration& declaration) {
  for (SubgroupSpec& part : declaration.subgroups) {
    if (part.like.path.empty() || part.stage == 0) continue;
    const Json::json_pointer path(part.like.path);
    if (object.contains(path)) part.like.shape = ShapeOf(object.at(path), std::string(declaration.gang.ns()));
  }
}

}  // namespace muster
