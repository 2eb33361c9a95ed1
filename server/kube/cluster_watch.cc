// SPDX-License-Identifier: Apache-2.0
#include "server/kube/cluster_watch.h"

#include <spdlog/spdlog.h>

#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "server/kube/follow.h"
#include "server/kube/reflector.h"
#include "server/objects/fields.h"
#include "server/objects/objects.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

// Events of one piece of a stream, and of several streams, in one view.
constexpr absl::Duration kGather = absl::Milliseconds(2);
constexpr absl::Duration kCheck = absl::Milliseconds(250);

std::string NameOf(const ApiObject& object) {
  absl::Status ignored;
  const Fields metadata = Fields(object, &ignored).At("metadata");
  return absl::StrCat(metadata.String("namespace"), "/", metadata.String("name"));
}

// One for each version.
std::vector<std::string> PathsOf(const declare::CustomResource& kind) {
  std::vector<std::string> paths;
  for (const std::string& version : kind.versions) {
    paths.push_back(absl::StrCat("/apis/", kind.group, "/", version, "/", kind.plural));
  }
  return paths;
}

// A finished pod takes no room; only its gang asks whether it was there.
bool WorthKeeping(const Pod& pod) { return !pod.finished() || pod.membership.has_value(); }

}  // namespace

ClusterWatch::ClusterWatch(Access access, Options options, Listener listener)
    : options_(options), listener_(std::move(listener)), transport_(std::move(access)) {
  transport_.After(absl::ZeroDuration(), [this] {
    WatchNodes();
    WatchPods();
    WatchNamespaces();
    WatchProvisioningRequests();
    WatchBudgets();
    WatchOverlays();
    WatchDevices();
    for (const declare::Ecosystem* ecosystem : declare::Ecosystems()) {
      if (ecosystem->object().has_value()) WatchObjectsOf(*ecosystem);
    }
    for (const declare::TopologyKind* kind : declare::TopologyKinds()) WatchTopologies(*kind);
    KeepChecking();
  });
}

ClusterWatch::~ClusterWatch() = default;

void ClusterWatch::WatchNodes() {
  Follow<std::set<NodeName>>(
      {{"/api/v1/nodes"}},
      [this](bool deleted, const ApiObject& object, std::set<NodeName>& names) {
        if (auto name = ApplyNode(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<NodeName>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.nodes(), names, [&](const NodeName& name) { view_.RemoveNode(name); });
      });
}

void ClusterWatch::WatchPods() {
  using Names = absl::flat_hash_set<PodName>;
  Follow<Names>(
      {{"/api/v1/pods"}},
      [this](bool deleted, const ApiObject& object, Names& names) {
        if (auto name = ApplyPod(deleted, object)) names.insert(*std::move(name));
      },
      [this](const Names& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.pods(), names, [&](const PodName& name) { view_.RemovePod(name); });
      });
}

void ClusterWatch::WatchNamespaces() {
  Follow<std::set<std::string>>(
      {{"/api/v1/namespaces"}},
      [this](bool deleted, const ApiObject& object, std::set<std::string>& names) {
        if (auto name = ApplyNamespace(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<std::string>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.namespaces(), names,
                       [&](const std::string& name) { view_.RemoveNamespace(name); });
      });
}

void ClusterWatch::WatchObjectsOf(const declare::Ecosystem& ecosystem) {
  // One object may declare several gangs and own pods.
  struct Names {
    std::set<DeclarationKey> declared;
    std::set<DeclarationKey> owners;
  };
  Follow<Names>(
      {PathsOf(*ecosystem.object()), true},
      [this, &ecosystem](bool deleted, const Json& object, Names& names) {
        names.declared.merge(ApplyDeclarations(ecosystem, deleted, object));
        if (auto key = ApplyOwner(ecosystem, deleted, object)) names.owners.insert(*std::move(key));
      },
      [this, &ecosystem](const Names& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.declarations(), names.declared, [&](const DeclarationKey& key) {
          if (key.declared_by == ecosystem.name()) view_.RemoveDeclaration(key);
        });
        RemoveUnlisted(before.owners(), names.owners, [&](const DeclarationKey& key) {
          if (key.declared_by == ecosystem.object()->Name()) view_.RemoveOwner(key);
        });
      });
}

void ClusterWatch::WatchTopologies(const declare::TopologyKind& kind) {
  Follow<std::set<TopologyKey>>(
      {PathsOf(kind.object()), true},
      [this, &kind](bool deleted, const Json& object, std::set<TopologyKey>& keys) {
        if (auto key = ApplyTopology(kind, deleted, object)) keys.insert(*std::move(key));
      },
      [this, &kind](const std::set<TopologyKey>& keys) {
        const ClusterView before = view_;
        RemoveUnlisted(before.topology_objects(), keys, [&](const TopologyKey& key) {
          if (key.declared_by == kind.name()) view_.RemoveTopologyObject(key);
        });
      });
}

std::optional<NodeName> ClusterWatch::ApplyNode(bool deleted, const ApiObject& object) {
  absl::Status ignored;
  const NodeName name(Fields(object, &ignored).At("metadata").String("name"));
  if (deleted && !name.empty()) return view_.RemoveNode(name), name;
  absl::StatusOr<Node> node = DecodeNode(object);
  if (node.ok()) {
    view_.Upsert(*std::move(node));
    return name;
  }
  Undecodable(object, node.status());
  if (name.empty()) return std::nullopt;
  // What was known of it may no longer be true.
  view_.RemoveNode(name);
  return name;
}

std::optional<std::string> ClusterWatch::ApplyNamespace(bool deleted, const ApiObject& object) {
  absl::StatusOr<Namespace> ns = DecodeNamespace(object);
  if (!ns.ok()) return Undecodable(object, ns.status()), std::nullopt;
  std::string name = ns->name;
  if (deleted) {
    view_.RemoveNamespace(name);
  } else {
    view_.Upsert(*std::move(ns));
  }
  return name;
}

std::optional<PodName> ClusterWatch::ApplyPod(bool deleted, const ApiObject& object) {
  absl::StatusOr<Pod> pod = DecodePod(object);
  if (!pod.ok()) {
    Undecodable(object, pod.status());
    std::optional<Pod> unknown = DecodePodAsUnknown(object);
    if (!unknown.has_value()) return std::nullopt;
    pod = *std::move(unknown);
  }
  const PodName name = pod->name;
  if (deleted || !WorthKeeping(*pod)) {
    view_.RemovePod(name);
  } else {
    view_.Upsert(*std::move(pod));
  }
  return name;
}

std::set<DeclarationKey> ClusterWatch::ApplyDeclarations(const declare::Ecosystem& ecosystem, bool deleted,
                                                         const Json& object) {
  std::set<DeclarationKey> keys;
  absl::StatusOr<std::vector<GangDeclaration>> declarations = ecosystem.DecodeAll(object);
  if (!declarations.ok()) {
    Undecodable(object, declarations.status());
    return keys;
  }
  for (GangDeclaration& declaration : *declarations) {
    const DeclarationKey& key = *keys.insert({declaration.declared_by, declaration.gang}).first;
    if (deleted) {
      view_.RemoveDeclaration(key);
    } else {
      ReadTemplates(object, declaration);
      view_.Upsert(std::move(declaration));
    }
  }
  return keys;
}

std::optional<DeclarationKey> ClusterWatch::ApplyOwner(const declare::Ecosystem& ecosystem, bool deleted,
                                                       const Json& object) {
  std::optional<OwnedObject> owned = DecodeOwned(object);
  if (!owned.has_value()) return std::nullopt;
  DeclarationKey key{ecosystem.object()->Name(), owned->name};
  if (deleted || !owned->owner.has_value()) {
    view_.RemoveOwner(key);
  } else {
    view_.SetOwner(key, *std::move(owned->owner));
  }
  return key;
}

std::optional<TopologyKey> ClusterWatch::ApplyTopology(const declare::TopologyKind& kind, bool deleted,
                                                       const Json& object) {
  absl::StatusOr<TopologyObject> topology = kind.Decode(object);
  if (!topology.ok()) return Undecodable(object, topology.status()), std::nullopt;
  TopologyKey key = topology->key;
  if (deleted) {
    view_.RemoveTopologyObject(key);
    return key;
  }
  if (!topology->problem.empty()) Undecodable(object, absl::InvalidArgumentError(topology->problem));
  view_.Upsert(*std::move(topology));
  return key;
}

void ClusterWatch::Undecodable(const ApiObject& object, const absl::Status& why) {
  constexpr size_t kMostComplaints = 1000;
  ++undecodable_;
  const std::string name = NameOf(object);
  if (complained_.size() >= kMostComplaints || !complained_.insert(name).second) return;
  spdlog::warn("{} can't be read: {}", name, std::string(why.message()));
}

void ClusterWatch::PublishSoon() {
  if (publishing_) return;
  publishing_ = true;
  transport_.After(kGather, [this] {
    publishing_ = false;
    for (const auto& reflector : reflectors_) {
      if (!reflector->synced()) return;
    }
    if (knows_overlays_ != !overlays_->missing()) {
      knows_overlays_ = !overlays_->missing();
      spdlog::info("prices of Karpenter's NodeOverlays are {}",
                   *knows_overlays_ ? "on" : "off: this cluster has no such kind");
    }
    if (knows_devices_ != !devices_->missing()) {
      knows_devices_ = !devices_->missing();
      spdlog::info("devices of ResourceSlices are {}",
                   *knows_devices_ ? "on" : "off: this cluster has no resource.k8s.io/v1");
    }
    view_.SetKnowsDevices(!devices_->missing());
    view_.SetKnowsProvisioningRequests(!provisioning_requests_->missing());
    listener_(std::make_shared<const ClusterView>(view_));
    published_ = true;
    UpdateReady();
  });
}

void ClusterWatch::UpdateReady() {
  bool ready = published_;
  for (const auto& reflector : reflectors_) {
    const auto failing = reflector->failing_since();
    ready &= reflector->synced() && !(failing.has_value() && absl::Now() - *failing > options_.patience);
  }
  if (ready != ready_) {
    spdlog::info(ready ? "the view of the cluster is complete" : "the view of the cluster is out of date");
  }
  ready_ = ready;
}

void ClusterWatch::KeepChecking() {
  UpdateReady();
  transport_.After(kCheck, [this] { KeepChecking(); });
}

}  // namespace muster::kube
