// SPDX-License-Identifier: Apache-2.0
#include "server/embedded/manifests.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/declare/topology_kind.h"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;

std::string TextAt(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

std::string NameOf(const Json& object) {
  const auto metadata = object.find("metadata");
  return metadata != object.end() && metadata->is_object() ? TextAt(*metadata, "name") : "";
}

bool IsOf(const declare::CustomResource& resource, const std::string& api_version, const std::string& kind) {
  return resource.kind == kind && absl::StartsWith(api_version, absl::StrCat(resource.group, "/"));
}

const declare::Ecosystem* EcosystemOf(const std::string& api_version, const std::string& kind) {
  for (const declare::Ecosystem* ecosystem : declare::Ecosystems()) {
    const auto object = ecosystem->object();
    if (object.has_value() && IsOf(*object, api_version, kind)) return ecosystem;
  }
  return nullptr;
}

const declare::TopologyKind* TopologyKindOf(const std::string& api_version, const std::string& kind) {
  for (const declare::TopologyKind* topology : declare::TopologyKinds()) {
    if (IsOf(topology->object(), api_version, kind)) return topology;
  }
  return nullptr;
}

// Reads objects into a view.
class ObjectReader {
 public:
  explicit ObjectReader(ClusterView& view) : view_(view) {}

  // How many objects of which kinds were left out, and what is odd about others.
  const std::map<std::string, int>& ignored() const { return ignored_; }
  const std::vector<std::string>& notes() const { return notes_; }
  // Whether there are nodes, pods or the like, or only what speaks of jobs.
  bool has_cluster() const { return of_cluster_ > 0; }

  absl::Status Read(const Json& object) {
    if (!object.is_object()) {
      return absl::InvalidArgumentError(absl::StrCat("want a Kubernetes object, got ", object.type_name()));
    }
    const std::string kind = TextAt(object, "kind");
    const std::string api_version = TextAt(object, "apiVersion");
    if (kind.empty()) return absl::InvalidArgumentError("an object without kind");
    if (absl::EndsWith(kind, "List") && object.contains("items")) return ReadList(object, kind);
    if (absl::Status s = ReadOne(object, api_version, kind); !s.ok()) {
      return absl::Status(s.code(), absl::StrCat(kind, " ", NameOf(object), ": ", s.message()));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadList(const Json& list, const std::string& kind) {
    const Json& items = list.at("items");
    if (items.is_null() || items.empty()) {
      ++of_cluster_;  // a cluster without any
      return absl::OkStatus();
    }
    if (!items.is_array()) return absl::InvalidArgumentError("/items: want an array");
    for (Json item : items) {
      // Items of a typed list (PodList) need not repeat their kind.
      if (item.is_object() && !item.contains("kind")) {
        item["kind"] = kind.substr(0, kind.size() - 4);
        item["apiVersion"] = TextAt(list, "apiVersion");
      }
      if (absl::Status s = Read(item); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status ReadOne(const Json& object, const std::string& api_version, const std::string& kind) {
    const declare::Ecosystem* ecosystem = EcosystemOf(api_version, kind);
    of_cluster_ += ecosystem == nullptr ? 1 : 0;
    if (api_version == "v1" && kind == "Node") {
      absl::StatusOr<Node> node = DecodeNode(object);
      if (node.ok()) view_.Upsert(*std::move(node));
      return node.status();
    }
    if (api_version == "v1" && kind == "Pod") {
      absl::StatusOr<Pod> pod = DecodePod(object);
      if (!pod.ok()) return pod.status();
      if (!pod->shape.unmodelled.empty()) {
        notes_.push_back(absl::StrCat("Pod ", pod->name.text(), ": ", pod->shape.unmodelled));
      }
      view_.Upsert(*std::move(pod));
      return absl::OkStatus();
    }
    if (api_version == "v1" && kind == "Namespace") {
      absl::StatusOr<Namespace> ns = DecodeNamespace(object);
      if (ns.ok()) view_.Upsert(*std::move(ns));
      return ns.status();
    }
    if (absl::StartsWith(api_version, "resource.k8s.io/")) return ReadOfDevices(object, api_version, kind);
    if (kind == "CustomResourceDefinition" && NameOf(object) == "provisioningrequests.autoscaling.x-k8s.io") {
      view_.SetKnowsProvisioningRequests(true);
      return absl::OkStatus();
    }
    if (api_version == "policy/v1" && kind == "PodDisruptionBudget") {
      absl::StatusOr<DisruptionBudget> budget = DecodeDisruptionBudget(object);
      if (budget.ok()) view_.Upsert(*std::move(budget));
      return budget.status();
    }
    if (api_version == "karpenter.sh/v1alpha1" && kind == "NodeOverlay") {
      absl::StatusOr<NodeOverlay> overlay = DecodeNodeOverlay(object);
      if (overlay.ok()) view_.Upsert(*std::move(overlay));
      return overlay.status();
    }
    if (api_version == "autoscaling.x-k8s.io/v1" && kind == "ProvisioningRequest") {
      auto request = DecodeProvisioningRequest(object);
      if (request.ok() && request->has_value()) view_.Upsert(**std::move(request));
      view_.SetKnowsProvisioningRequests(true);
      return request.status();
    }
    if (ecosystem != nullptr) {
      absl::StatusOr<std::vector<GangDeclaration>> declarations = ecosystem->DecodeAll(object);
      if (!declarations.ok()) return declarations.status();
      if (const auto owned = DecodeOwned(object); owned.has_value() && owned->owner.has_value()) {
        view_.SetOwner({ecosystem->object()->Name(), owned->name}, *owned->owner);
      }
      for (GangDeclaration& declaration : *declarations) {
        ReadTemplates(object, declaration);
        view_.Upsert(std::move(declaration));
      }
      return absl::OkStatus();
    }
    if (const declare::TopologyKind* topology = TopologyKindOf(api_version, kind)) {
      return ReadTopology(*topology, object);
    }
    --of_cluster_;
    ++ignored_[absl::StrCat(kind, " of ", api_version.empty() ? "no apiVersion" : api_version)];
    return absl::OkStatus();
  }

  template <typename Decoded>
  absl::Status Take(absl::StatusOr<Decoded> decoded) {
    if (decoded.ok()) view_.Upsert(*std::move(decoded));
    return decoded.status();
  }

  absl::Status ReadOfDevices(const Json& object, const std::string& api_version, const std::string& kind) {
    if (api_version == "resource.k8s.io/v1") {
      if (kind == "ResourceSlice") return Take(DecodeDeviceSlice(object));
      if (kind == "DeviceClass") return Take(DecodeDeviceClass(object));
      if (kind == "ResourceClaim") return Take(DecodeDeviceClaim(object));
      if (kind == "ResourceClaimTemplate") return Take(DecodeClaimTemplate(object));
    }
    --of_cluster_;
    ++ignored_[absl::StrCat(kind, " of ", api_version)];
    return absl::OkStatus();
  }

  absl::Status ReadTopology(const declare::TopologyKind& kind, const Json& object) {
    absl::StatusOr<TopologyObject> topology = kind.Decode(object);
    if (!topology.ok()) return topology.status();
    if (!topology->problem.empty()) {
      notes_.push_back(absl::StrCat(kind.name(), " ", topology->key.name, ": ", topology->problem));
    }
    view_.Upsert(*std::move(topology));
    return absl::OkStatus();
  }

  ClusterView& view_;
  int of_cluster_ = 0;
  std::map<std::string, int> ignored_;
  std::vector<std::string> notes_;
};

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  if (path == "-") {
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.empty()) return absl::InvalidArgumentError("the standard input is empty");
    return text;
  }
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory; name the files in it"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && file.peek() == std::ifstream::traits_type::eof()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is empty"));
  }
  if (!file || !(text << file.rdbuf())) return absl::NotFoundError(absl::StrCat(path, ": can't be read"));
  return text.str();
}

}  // namespace

namespace {

absl::Status ReadDocuments(absl::string_view source, absl::Span<const Json> documents, Manifests& into) {
  ClusterView view = into.view;
  ObjectReader reader(view);
  int number = 0;
  for (const Json& document : documents) {
    ++number;
    if (absl::Status s = reader.Read(document); !s.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: document %d: %s", source, number, s.message()));
    }
  }
  for (const auto& [kind, count] : reader.ignored()) {
    into.notes.push_back(absl::StrFormat("%s: ignored %d %s", source, count, kind));
  }
  if (!documents.empty() && !reader.has_cluster()) into.sources_without_pods.emplace_back(source);
  for (const std::string& note : reader.notes()) into.notes.push_back(absl::StrCat(source, ": ", note));
  into.view = std::move(view);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadManifest(absl::string_view source, const Json& document, Manifests& into) {
  return ReadDocuments(source, absl::MakeConstSpan(&document, 1), into);
}

absl::Status ReadManifestText(absl::string_view source, absl::string_view text, Manifests& into) {
  const absl::StatusOr<std::vector<Json>> documents = ParseDocuments(text);
  if (!documents.ok())
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", documents.status().message()));
  return ReadDocuments(source, *documents, into);
}

absl::StatusOr<Manifests> ReadManifestFiles(absl::Span<const std::string> paths) {
  Manifests manifests;
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> text = ReadAll(path);
    if (!text.ok()) return text.status();
    if (absl::Status s = ReadManifestText(path, *text, manifests); !s.ok()) return s;
  }
  return manifests;
}

}  // namespace muster
