// SPDX-License-Identifier: Apache-2.0
#include "test/scenario/manifest.h"

#include "nlohmann/json.hpp"

namespace muster::test {
namespace {

using Json = nlohmann::json;

Json NodeManifest(const std::string& name, const Json& facts) {
  Json allocatable = {
      {"cpu", facts.value("cpus", 64)}, {"memory", "256Gi"}, {"pods", facts.value("slots", 110)}};
  if (facts.contains("gpus")) allocatable["nvidia.com/gpu"] = facts.at("gpus");
  allocatable.update(facts.value("resources", Json::object()));
  Json labels = facts.value("labels", Json::object());
  labels["kubernetes.io/hostname"] = name;
  if (facts.contains("rack")) labels["topology.kubernetes.io/rack"] = facts.at("rack");
  if (facts.contains("zone")) labels["topology.kubernetes.io/zone"] = facts.at("zone");
  Json node = {{"apiVersion", "v1"},
               {"kind", "Node"},
               {"metadata", {{"name", name}, {"labels", labels}}},
               {"spec", facts.value("spec", Json::object())},
               {"status", {{"allocatable", allocatable}}}};
  node["metadata"]["annotations"] = facts.value("annotations", Json::object());
  if (facts.contains("conditions")) node["status"]["conditions"] = facts.at("conditions");
  if (facts.contains("ready")) {
    node["status"]["conditions"] = {
        {{"type", "Ready"}, {"status", facts.at("ready").get<bool>() ? "True" : "False"}}};
  }
  return node;
}

Json PodManifest(const std::string& name, const Json& facts) {
  Json requests = {{"cpu", facts.value("cpus", 1)}};
  if (facts.value("gpus", 0) > 0) requests["nvidia.com/gpu"] = facts.at("gpus");
  requests.update(facts.value("resources", Json::object()));
  Json labels = facts.value("labels", Json::object());
  if (facts.contains("gang")) labels["muster.dev/gang"] = facts.at("gang");
  for (const auto& [field, label] :
       {std::pair{"size", "muster.dev/gang-size"}, std::pair{"min", "muster.dev/min-members"},
        std::pair{"rank", "muster.dev/rank"}}) {
    if (facts.contains(field)) {
      labels[label] =
          facts.at(field).is_string() ? facts.at(field).get<std::string>() : facts.at(field).dump();
    }
  }
  Json spec = {{"containers", {{{"name", "main"}, {"resources", {{"requests", requests}}}}}},
               {"priority", facts.value("priority", 0)}};
  spec.update(facts.value("spec", Json::object()));
  if (facts.contains("on")) spec["nodeName"] = facts.at("on");
  Json pod = {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata",
               {{"name", name},
                {"namespace", facts.value("namespace", "default")},
                {"uid", facts.value("uid", "uid-" + name)},
                {"resourceVersion", "1"},
                {"creationTimestamp", facts.value("created", "2026-01-01T00:00:00Z")},
                {"labels", labels},
                {"annotations", facts.value("annotations", Json::object())},
                {"ownerReferences",
                 {{{"kind", facts.value("owner", "Job")}, {"name", "owner"}, {"controller", true}}}}}},
              {"spec", spec},
              {"status", {{"phase", facts.value("phase", "Pending")}}}};
  if (facts.value("terminating", false)) pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z";
  if (facts.contains("reason")) pod["status"]["reason"] = facts.at("reason");
  if (facts.contains("nominated")) pod["status"]["nominatedNodeName"] = facts.at("nominated");
  return pod;
}

}  // namespace

std::vector<Json> Manifests(const Json& shorthand) {
  std::vector<Json> manifests;
  const Json none = Json::object();
  const Json nodes = shorthand.value("nodes", none);
  const Json pods = shorthand.value("pods", none);
  const Json gangs = shorthand.value("gangs", none);
  for (const auto& [name, facts] : nodes.items()) manifests.push_back(NodeManifest(name, facts));
  for (const auto& [name, facts] : pods.items()) manifests.push_back(PodManifest(name, facts));
  for (const auto& [name, facts] : gangs.items()) {
    Json member = facts;
    member["gang"] = name;
    for (int rank = 0; rank < facts.at("size").get<int>(); ++rank) {
      member["rank"] = rank;
      manifests.push_back(PodManifest(name + "-" + std::to_string(rank), member));
    }
  }
  const Json objects = shorthand.value("objects", Json::array());
  manifests.insert(manifests.end(), objects.begin(), objects.end());
  return manifests;
}

}  // namespace muster::test
