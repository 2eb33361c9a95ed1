// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/model/capacity_wish.h"
#include "scheduling/model/device_claim.h"
#include "scheduling/model/gang_groups.h"
#include "scheduling/model/gpu_wish.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/pod_terms.h"
#include "scheduling/model/rare.h"
#include "scheduling/model/repair.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/selector.h"
#include "scheduling/model/topology_demand.h"

namespace muster {

// Everything about a pod that decides on which nodes it may run. Members with
// equal shapes are interchangeable for the planner.
struct PodShape {
  Resources requests;  // as kube-scheduler counts them, with one pod slot
  Labels node_selector;
  std::optional<std::vector<NodeSelectorTerm>> required_affinity;  // terms are alternatives
  std::vector<Toleration> tolerations;
  Rare<PodTerms> terms;  // about other pods; unset for most, and then labels do not count
  std::optional<GpuWish> gpu_wish;
  std::string gpu_problem;  // why its wish about GPUs can't be read: it gets no seat
  Rare<PodClaims> claims;   // unset: it names none

  // Set where the pod asks for something that Muster can't read or does not
  // model: a sentence that names the field and its value. Such a pod counts
  // where it is bound, and is never seated.
  std::string unmodelled;

  friend bool operator==(const PodShape&, const PodShape&) = default;
};

// What pods will be like that have yet to be created.
struct PodTemplate {
  std::string path;  // of the template in its object, as a JSON pointer; empty where there is none
  std::shared_ptr<const PodShape> shape;  // null: not known
  bool requests_only = false;             // all else is as the gang's other members have it

  friend bool operator==(const PodTemplate& a, const PodTemplate& b) {
    return a.path == b.path && a.requests_only == b.requests_only &&
           (a.shape == b.shape || (a.shape != nullptr && b.shape != nullptr && *a.shape == *b.shape));
  }
};

// A part of a gang as a declaration describes it: a role, one job of a set, one
// group of workers, one gang of a group of gangs.
struct SubgroupSpec {
  std::string name;                      // unique within the gang
  std::string parent;                    // the subgroup that it is a part of; empty: the gang itself
  std::optional<int64_t> min_members;    // of its members at whatever depth; unset: all that are declared
  std::optional<int64_t> min_subgroups;  // of the subgroups directly within; unset: all
  std::optional<int64_t> size;           // members that it will have, where that is declared
  int32_t stage = 0;                     // its members are created once those of earlier stages run
  bool after_end = false;                // rather: once members of an earlier stage have ended
  PodTemplate like;                      // of a later stage: what its members will be like
  TopologyDemand topology;
  std::string role;                        // in an object: its members are those of this role
  std::vector<LabelRequirement> selector;  // in an object: which members are in it by their labels
  std::vector<std::string> split_by;  // in an object: one subgroup for each set of values of these labels

  friend bool operator==(const SubgroupSpec&, const SubgroupSpec&) = default;
};

// A pod's own word on the gang it belongs to, as recognised by declare/.
struct Membership {
  GangId gang;
  std::string declared_by;      // the declaration that was used, e.g. "PodGroup.scheduling.x-k8s.io"
  std::string role;             // empty where the declaration knows no roles
  int64_t block = 0;            // of ranks: the number of its job within a set of jobs
  std::optional<int64_t> rank;  // within its block

  // True where an object of `declared_by` carries the numbers; without that
  // object the gang waits. It is called `object`, or like the gang if that is empty.
  bool needs_object = false;
  std::string object;
  // Another object, which says which of the roles are created after others.
  std::optional<DeclarationKey> stages_in;
  std::optional<int64_t> size;
  std::optional<int64_t> min_members;
  std::optional<absl::Duration> deadline;
  RepairPolicy repair;
  TopologyDemand topology;              // of the whole gang
  std::vector<SubgroupSpec> subgroups;  // from the outermost to the one that the pod is directly in
  std::vector<SubgroupSpec> parts;      // of the whole gang, as in an object, where the pod knows them
  GroupLink group;                      // as in an object, where the pod knows it
  std::vector<std::string> ignored;     // other declarations on the pod that were not used

  // Set when the declaration is malformed: a sentence that names the field.
  // The gang is refused with it, never guessed.
  std::string problem;

  GangId object_id() const { return object.empty() ? gang : GangId(gang.ns(), object); }
  DeclarationKey object_key() const { return {declared_by, object_id()}; }
  bool HasObjectOf(const Membership& other) const {
    return gang == other.gang && object == other.object && declared_by == other.declared_by;
  }

  friend bool operator==(const Membership&, const Membership&) = default;
};

// What made the pod: a pod of a ReplicaSet that a Deployment made is the Deployment's.
struct Owner {
  std::string kind;  // empty: nobody did
  std::string name;
  std::string group = "";  // of the kind's API; empty: the core's, or not known

  friend bool operator==(const Owner&, const Owner&) = default;
};

enum class PodPhase { kPending, kRunning, kSucceeded, kFailed };

// A pod as placement sees it.
struct Pod {
  PodName name;
  PodUid uid;
  std::string resource_version;
  absl::Time created = absl::InfinitePast();
  int32_t priority = 0;
  std::string scheduler_name;
  Labels labels;
  PodShape shape;
  std::vector<std::string> gates;  // names of scheduling gates that are left
  bool may_preempt = true;         // false: its preemptionPolicy is Never
  // The ProvisioningRequest whose nodes it is for, by its annotation; empty: none.
  std::string consumes;
  NodeName node;       // spec.nodeName; empty while unbound
  NodeName nominated;  // status.nominatedNodeName
  PodPhase phase = PodPhase::kPending;
  bool deleting = false;        // metadata.deletionTimestamp is set
  bool started = false;         // a container of it has run
  std::string rejected;         // why kubelet did not admit it, which failed it; empty if it did
  bool has_controller = false;  // an owner reference with controller: true
  Rare<Membership> membership;
  Owner owner;  // the Deployment in place of its ReplicaSet
  CapacityWish capacity;
  // What the claims are called that were made for it, by their name within the
  // pod; an empty name says that none is needed.
  Rare<std::map<std::string, std::string>> made_claims;

  bool bound() const { return !node.empty(); }
  // A gate of somebody else: it can't be placed whatever is free.
  bool gated_by_others() const;
  bool has_own_gate() const;
  bool finished() const { return phase == PodPhase::kSucceeded || phase == PodPhase::kFailed; }
  // Waits for a node and may get one: a deleted pod never will.
  bool pending() const { return !bound() && !finished() && !deleting; }

  friend bool operator==(const Pod&, const Pod&) = default;
};

// The workload that the pod is of; itself where nothing made it.
WorkloadId WorkloadOf(const Pod& pod);

}  // namespace muster
