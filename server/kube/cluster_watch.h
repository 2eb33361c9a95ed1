// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/declare/topology_kind.h"
#include "scheduling/model/cluster_view.h"
#include "server/kube/transport.h"
#include "server/objects/api_object.h"

namespace muster::kube {

class Reflector;

// Keeps a ClusterView of a live cluster: its nodes, its pods, its
// namespaces' labels, and the objects
// of every kind that declares gangs or topologies.
//
// An object that can't be decoded is logged, and the others are not disturbed:
// a node is left out, a pod takes the whole node that it is bound to. Changes
// that arrive together are published as one view.
//
// Threads: thread-safe. The listener runs on a thread of this, one call at a time.
class ClusterWatch {
 public:
  using Listener = std::function<void(std::shared_ptr<const ClusterView>)>;

  struct Options {
    absl::Duration first_pause = absl::Milliseconds(250);
    absl::Duration longest_pause = absl::Seconds(5);
    absl::Duration missing_pause = absl::Seconds(15);
    // Nodes or pods that could not be read for so long make the view too old.
    absl::Duration patience = absl::Seconds(5);
    uint32_t seed = 1;
  };

  ClusterWatch(Access access, Options options, Listener listener);
  // No listener runs afterwards.
  ~ClusterWatch();

  // Whether the first view was complete, and the API server still answers.
  bool Ready() const { return ready_; }
  int64_t undecodable() const { return undecodable_; }

 private:
  void WatchNodes();
  void WatchPods();
  void WatchNamespaces();
  void WatchProvisioningRequests();
  void WatchBudgets();
  void WatchOverlays();
  // Devices, and claims on them.
  void WatchDevices();
  void WatchObjectsOf(const declare::Ecosystem& ecosystem);
  void WatchTopologies(const declare::TopologyKind& kind);
  struct Kind {
    std::vector<std::string> paths;  // one for each version
    bool optional = false;
  };
  // Follows the objects of a kind. apply(deleted, object, names) adds what the
  // object is called to `names`; keep(names) removes all that are not in there.
  template <typename Names, typename Apply>
  void Follow(Kind kind, Apply apply, std::function<void(const Names&)> keep);
  // Each returns what the object is called; nullopt if that can't be read.
  std::optional<PodName> ApplyPod(bool deleted, const ApiObject& object);
  std::optional<NodeName> ApplyNode(bool deleted, const ApiObject& object);
  std::optional<PodName> ApplyBudget(bool deleted, const nlohmann::json& object);
  std::optional<std::string> ApplyOverlay(bool deleted, const nlohmann::json& object);
  std::optional<std::string> ApplyDeviceSlice(bool deleted, const nlohmann::json& object);
  std::optional<std::string> ApplyDeviceClass(bool deleted, const nlohmann::json& object);
  std::optional<PodName> ApplyClaim(bool deleted, const nlohmann::json& object);
  std::optional<PodName> ApplyClaimTemplate(bool deleted, const nlohmann::json& object);
  std::optional<PodName> ApplyProvisioningRequest(bool deleted, const nlohmann::json& object);
  std::optional<std::string> ApplyNamespace(bool deleted, const ApiObject& object);
  std::optional<TopologyKey> ApplyTopology(const declare::TopologyKind& kind, bool deleted,
                                           const nlohmann::json& object);
  // What the object's gangs are called.
  std::set<DeclarationKey> ApplyDeclarations(const declare::Ecosystem& ecosystem, bool deleted,
                                             const nlohmann::json& object);
  // Notes what made the object, and returns what that is kept under.
  std::optional<DeclarationKey> ApplyOwner(const declare::Ecosystem& ecosystem, bool deleted,
                                           const nlohmann::json& object);
  void Undecodable(const ApiObject& object, const absl::Status& why);
  void PublishSoon();
  void UpdateReady();
  void KeepChecking();

  const Options options_;
  const Listener listener_;
  // All below but the atomics belongs to the transport's thread.
  ClusterView view_;
  bool publishing_ = false;  // soon
  bool published_ = false;   // once at least
  std::set<std::string> complained_;
  std::vector<std::unique_ptr<Reflector>> reflectors_;
  const Reflector* provisioning_requests_ = nullptr;  // of reflectors_
  const Reflector* overlays_ = nullptr;
  std::optional<bool> knows_overlays_;  // as it was logged
  const Reflector* devices_ = nullptr;  // of reflectors_
  std::optional<bool> knows_devices_;   // as it was logged
  std::atomic<bool> ready_ = false;
  std::atomic<int64_t> undecodable_ = 0;
  Transport transport_;  // last: its thread uses all of the above
};

}  // namespace muster::kube
