// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduling/model/device.h"
#include "scheduling/model/device_claim.h"
#include "scheduling/model/disruption_budget.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/gang_groups.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/namespace.h"
#include "scheduling/model/node.h"
#include "scheduling/model/node_overlay.h"
#include "scheduling/model/persistent_map.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/scale_up.h"
#include "scheduling/model/topology.h"

namespace muster {

// A node with what runs on it.
struct NodeState {
  std::shared_ptr<const Node> node;              // null: pods are bound to a node that the view lacks
  std::vector<std::shared_ptr<const Pod>> pods;  // bound here and not finished, by name
  // What is left of the allocatable (of nothing, while the view lacks the node).
  // Kept, not computed: every plan and every filter call reads it on all nodes.
  Resources free;
};

// What Muster knows of the cluster: a value, cheap to copy and to change.
//
// Why:       decisions read a view that never changes under them; the watcher
//            copies the last view, changes the copy, and publishes it.
// Invariant: `free` of every node is its allocatable without its pods' requests;
//            members of a gang are exactly the pods of which GangOf is it: those
//            whose membership names it, or a gang of the group that it stands for.
// Threads:   thread-compatible; published views are const.
class ClusterView {
 public:
  using Members = PersistentMap<PodName, std::shared_ptr<const Pod>>;

  void Upsert(Node node);
  void RemoveNode(const NodeName& name);
  // A pod of the same name with another uid replaces the old one.
  void Upsert(Pod pod);
  void RemovePod(const PodName& name);
  void Upsert(GangDeclaration declaration);
  void RemoveDeclaration(const DeclarationKey& key);
  void Upsert(TopologyObject object);
  void RemoveTopologyObject(const TopologyKey& key);
  void Upsert(Namespace ns);
  void RemoveNamespace(const std::string& name);
  // The controller of an object that is one itself. The key has the object's
  // "KIND.GROUP" and its namespace and name.
  void SetOwner(const DeclarationKey& object, Owner owner);
  void RemoveOwner(const DeclarationKey& object);
  void Upsert(ProvisioningRequest request);
  void RemoveProvisioningRequest(const PodName& name);
  void Upsert(DisruptionBudget budget);
  void RemoveDisruptionBudget(const PodName& name);
  void Upsert(NodeOverlay overlay);
  void RemoveNodeOverlay(const std::string& name);
  void Upsert(DeviceSlice slice);
  void RemoveDeviceSlice(const std::string& name);
  void Upsert(DeviceClass device_class);
  void RemoveDeviceClass(const std::string& name);
  void Upsert(DeviceClaim claim);
  void RemoveClaim(const PodName& name);
  void Upsert(ClaimTemplate claim_template);
  void RemoveClaimTemplate(const PodName& name);
  // Whether the cluster knows claims of devices at all; true from the first
  // object of these on.
  void SetKnowsDevices(bool knows) { knows_devices_ = knows; }
  // Whether the cluster knows ProvisioningRequests at all.
  void SetKnowsProvisioningRequests(bool knows) { knows_provisioning_requests_ = knows; }

  // Null where there is none; valid as long as this view.
  const NodeState* FindNode(const NodeName& name) const;
  std::shared_ptr<const Pod> FindPod(const PodName& name) const;
  const Members* FindMembers(const GangId& gang) const;
  const GangDeclaration* FindDeclaration(const DeclarationKey& key) const;
  // The gang that the pod is planned with: the one that it names, or the group
  // that this is a part of. Valid as long as this view and the pod.
  // REQUIRES: the pod has a membership.
  const GangId& GangOf(const Pod& pod) const;
  bool IsInGroup(const Pod& pod) const;
  const GangGroups& groups() const { return groups_; }
  // The labels of a namespace. One that the view lacks has its name as a label,
  // as every namespace has.
  Labels NamespaceLabels(const std::string& name) const;

  // In ascending order of names. Entries of nodes() may lack their node.
  const PersistentMap<NodeName, NodeState>& nodes() const { return nodes_; }
  const PersistentMap<PodName, std::shared_ptr<const Pod>>& pods() const { return pods_; }
  const PersistentMap<GangId, Members>& gangs() const { return gangs_; }
  const PersistentMap<DeclarationKey, std::shared_ptr<const GangDeclaration>>& declarations() const {
    return declarations_;
  }
  const PersistentMap<TopologyKey, std::shared_ptr<const TopologyObject>>& topology_objects() const {
    return topology_objects_;
  }
  const PersistentMap<std::string, Labels>& namespaces() const { return namespaces_; }
  const PersistentMap<DeclarationKey, Owner>& owners() const { return owners_; }
  const PersistentMap<PodName, std::shared_ptr<const DisruptionBudget>>& budgets() const { return budgets_; }
  // Whether a budget forbids to evict the pod, which is the only one of its kind.
  // Cost: O(budgets).
  bool IsSparedAlone(const Pod& pod) const;
  const PersistentMap<std::string, std::shared_ptr<const NodeOverlay>>& overlays() const { return overlays_; }
  // Those that Muster made, by namespace and name.
  const PersistentMap<PodName, std::shared_ptr<const ProvisioningRequest>>& provisioning_requests() const {
    return provisioning_requests_;
  }
  bool knows_provisioning_requests() const { return knows_provisioning_requests_; }
  bool knows_devices() const { return knows_devices_; }
  // Null where no driver publishes devices for the node alone.
  const NodeDevices* FindDevices(const NodeName& node) const;
  // Of devices that several nodes reach, by name.
  const PersistentMap<std::string, std::shared_ptr<const DeviceSlice>>& reached_by_several() const {
    return reached_by_several_;
  }
  const PersistentMap<std::string, std::shared_ptr<const DeviceSlice>>& device_slices() const {
    return slices_;
  }
  const PersistentMap<std::string, std::shared_ptr<const DeviceClass>>& device_classes() const {
    return device_classes_;
  }
  const PersistentMap<PodName, std::shared_ptr<const DeviceClaim>>& claims() const { return claims_; }
  const PersistentMap<PodName, std::shared_ptr<const ClaimTemplate>>& claim_templates() const {
    return claim_templates_;
  }
  const DeviceClass* FindDeviceClass(const std::string& name) const;
  // The class that pods ask for which request the extended resource; null if there is none.
  const DeviceClass* FindClassOfResource(absl::string_view resource) const;
  bool has_classes_of_resources() const { return !class_of_resource_.empty(); }
  const DeviceClaim* FindClaim(const PodName& name) const;
  const ClaimTemplate* FindClaimTemplate(const PodName& name) const;
  // The claim that kube-scheduler made for extended resources of the pod; null if there is none.
  const DeviceClaim* FindExtendedClaim(const PodUid& pod) const;
  // The unfinished pods on the node that name claims; null if there are none.
  const Members* FindClaiming(const NodeName& node) const { return claiming_.Find(node); }
  // The pending pods with Muster's own gate.
  const PersistentMap<PodName, std::shared_ptr<const Pod>>& gated() const { return gated_; }
  // The unfinished pods of negative priority that are on nodes and in no gang.
  const PersistentMap<PodName, std::shared_ptr<const Pod>>& negative() const { return negative_; }
  // The pods that keep others away by a required anti-affinity, bound or not.
  const PersistentMap<PodName, std::shared_ptr<const Pod>>& repelling() const { return repelling_; }
  // The pods, finished ones too, that share a capacity mix with others of their
  // workload. Null where there are none.
  const Members* FindMixed(const WorkloadId& workload) const { return mixed_.Find(workload); }
  // The nodes that take no new seats: see Node::departure.
  const PersistentMap<NodeName, std::shared_ptr<const Node>>& departing() const { return departing_; }
  // How many unfinished members of each gang ask for a domain for themselves;
  // gangs without any are left out.
  const PersistentMap<GangId, int64_t>& exclusive_gangs() const { return exclusive_gangs_; }
  // How many pending members each gang has; gangs without any are left out.
  const PersistentMap<GangId, int64_t>& pending_gangs() const { return pending_gangs_; }

  // Counts the changes after which a gang that was refused might fit, or one
  // that was planned no longer does: a node that came, changed or went, a pod
  // that left its node, a change of a gang's members or declaration, or of a
  // topology; and while pods wait that have terms on others, a pod that was
  // bound or has other labels. A plan or a refusal holds as long as this stands
  // still.
  uint64_t growth() const { return growth_; }

  // Pods that kubelet did not admit, and that were not removed since.
  const PersistentMap<PodName, std::shared_ptr<const Pod>>& rejected() const { return rejected_; }

  // Stands for the fabric: which nodes there are, their labels, and the topology
  // objects. Views with equal marks have the same of all three, also views that
  // come from different ones; each change of one of the three makes a new mark,
  // and nothing else does. So what is made of the fabric serves as long as the
  // mark that is kept with it is the view's.
  struct FabricMark {};
  using Fabric = std::shared_ptr<const FabricMark>;  // null: nothing at all
  const Fabric& fabric() const { return fabric_; }

 private:
  void Seat(const std::shared_ptr<const Pod>& pod);
  void Unseat(const Pod& pod);
  void Join(const std::shared_ptr<const Pod>& pod);
  void Leave(const Pod& pod);
  static void Add(int64_t change, const GangId& gang, PersistentMap<GangId, int64_t>& counts);
  // Keeps groups_ as objects, and members that speak for them, come and go.
  GroupLink WordOfMembers(const DeclarationKey& key) const;
  void Regroup(const DeclarationKey& key, bool members_speak);
  void RegroupMembers(const Pod* old, const Pod* next);
  void Move(const GangId& from, const std::set<DeclarationKey>& keys);
  // Keeps pending_gangs_ and exclusive_gangs_ as the member comes (+1) or goes (-1).
  void CountMember(int64_t change, const GangId& gang, const Pod& pod);
  // Keeps claiming_ as the pod comes to its node or goes.
  void IndexClaiming(const std::shared_ptr<const Pod>& pod, bool comes);
  void SetSlice(const std::string& name, std::shared_ptr<const DeviceSlice> slice);
  std::set<NodeName> NodesOfPool(const DevicePool& pool) const;
  void GatherDevices(const NodeName& name);
  void CountUse(const DeviceClaim& claim, int64_t change);
  void MapResources();
  // Sets the node's amounts that are devices.
  void OfferDevices(Node& node) const;
  void OfferDevicesAnew(const NodeName& name);
  void FabricChanged() { fabric_ = std::make_shared<const FabricMark>(); }
  // Keeps mixed_ as the pod comes or goes.
  void IndexMixed(const std::shared_ptr<const Pod>& pod, bool comes);
  std::optional<PriceChange> PriceChangeOf(const Labels& labels) const;
  // Gives nodes the prices of the overlays that there are now.
  void PriceNodes();
  // Keeps negative_ and gated_ as the pod comes or goes.
  void IndexForScaleUp(const std::shared_ptr<const Pod>& pod, bool comes);
  // Keeps repelling_ and attentive_ as `pod` comes (+1) or goes (-1).
  void CountTerms(const std::shared_ptr<const Pod>& pod, int64_t change);

  PersistentMap<NodeName, NodeState> nodes_;
  PersistentMap<PodName, std::shared_ptr<const Pod>> pods_;
  PersistentMap<GangId, Members> gangs_;
  PersistentMap<GangId, int64_t> pending_gangs_;
  PersistentMap<GangId, int64_t> exclusive_gangs_;
  PersistentMap<DeclarationKey, std::shared_ptr<const GangDeclaration>> declarations_;
  GangGroups groups_;
  PersistentMap<TopologyKey, std::shared_ptr<const TopologyObject>> topology_objects_;
  PersistentMap<std::string, Labels> namespaces_;
  PersistentMap<DeclarationKey, Owner> owners_;
  PersistentMap<PodName, std::shared_ptr<const ProvisioningRequest>> provisioning_requests_;
  bool knows_provisioning_requests_ = false;
  PersistentMap<PodName, std::shared_ptr<const DisruptionBudget>> budgets_;
  PersistentMap<std::string, std::shared_ptr<const NodeOverlay>> overlays_;
  PersistentMap<PodName, std::shared_ptr<const Pod>> negative_;
  PersistentMap<PodName, std::shared_ptr<const Pod>> gated_;
  PersistentMap<PodName, std::shared_ptr<const Pod>> repelling_;
  PersistentMap<PodName, std::shared_ptr<const Pod>> rejected_;
  PersistentMap<NodeName, std::shared_ptr<const Node>> departing_;
  PersistentMap<WorkloadId, Members> mixed_;
  PersistentMap<std::string, std::shared_ptr<const DeviceSlice>> slices_;
  PersistentMap<std::string, std::shared_ptr<const DeviceSlice>> reached_by_several_;
  PersistentMap<DevicePool, std::set<std::string>> slices_of_pool_;
  PersistentMap<NodeName, std::set<DevicePool>> pools_of_node_;
  PersistentMap<NodeName, std::shared_ptr<const NodeDevices>> devices_;
  PersistentMap<std::string, std::shared_ptr<const DeviceClass>> device_classes_;
  PersistentMap<std::string, std::string> class_of_resource_;
  PersistentMap<PodName, std::shared_ptr<const DeviceClaim>> claims_;
  PersistentMap<PodUid, PodName> extended_claims_;  // by owner
  PersistentMap<PodName, std::shared_ptr<const ClaimTemplate>> claim_templates_;
  PersistentMap<DeviceId, int64_t> in_use_;  // by how many claims
  PersistentMap<NodeName, Members> claiming_;
  bool knows_devices_ = false;
  int64_t attentive_ = 0;  // pending pods whose terms look at other pods
  uint64_t growth_ = 0;
  Fabric fabric_;
};

// How the MIG placements that are published for the node's devices differ from
// those that are known of them, as a clause; empty: they do not.
std::string ProblemOfDevices(const ClusterView& view, const NodeName& node);

// How many nodes of the view have each kind of problem with their GPUs.
// Cost: O(nodes).
std::map<GpuProblem::Kind, int64_t> CountGpuProblems(const ClusterView& view);

}  // namespace muster
