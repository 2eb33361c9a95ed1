// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduling/capacity/class_set.h"
#include "scheduling/dra/demand.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/resources.h"
#include "scheduling/plan/board_devices.h"
#include "scheduling/plan/planner.h"
#include "scheduling/plan/pod_rules.h"

namespace muster {

// Members of one class of a gang on one node. `fill` says what they were taken for.
struct Portion {
  size_t fill = 0;
  size_t cls = 0;
  int32_t node = 0;
  int64_t members = 0;
};

// The nodes of a cluster while one gang is being planned: what is free on them,
// and how many more members of each class that leaves room for.
//
// A class is all members of one shape that rules about other pods do not tell
// apart. Nodes are numbered in ascending order of
// their names, as Topologies numbers them.
//
// Invariant: what is free is what was free at first without all of taken().
// Threads:   thread-compatible.
class Board {
 public:
  enum class Room {
    kNow,    // beside what runs and what is promised
    kEmpty,  // as if nothing ran anywhere
  };

  // Everything that `input` refers to outlives the board. `other` is a board of the
  // same input, from which is taken what does not depend on room; null: none.
  Board(const PlanInput& input, Room room, const Board* other = nullptr);

  // Keeps classes that are added later off the nodes for which `nodes` holds;
  // empty: off none.
  void Close(std::vector<bool> nodes) { closed_ = std::move(nodes); }
  bool IsClosed(int32_t n) const { return !closed_.empty() && closed_[At(n)]; }
  // Keeps classes that are added later and ask for GPUs that pods share off the
  // nodes for which `nodes` holds; empty: off none.
  void CloseShares(std::vector<bool> nodes) { closed_shares_ = std::move(nodes); }
  bool IsClosedToShares(const PodShape& shape, int32_t n) const {
    return !closed_shares_.empty() && closed_shares_[At(n)] &&
           Tenants(input_.view, input_.ledger, input_.tenants).Share(node(n), shape.requests);
  }
  const std::string* gpu_product() const { return input_.gpu_product; }
  // Sets the rules about other pods for classes that are added later.
  void SetPodRules(PodRules rules) { rules_ = std::move(rules); }
  // Adds a class of members that may be on nodes of these capacity classes, and
  // returns its number. `shape` outlives the board. What each of them asks of
  // devices is `demand`.
  size_t AddClass(const PodShape& shape, PodRules::Kind kind = PodRules::kNone,
                  ClassSet classes = ClassSet::All(), DeviceDemand demand = {});

  int32_t node_count() const { return static_cast<int32_t>(nodes_.size()); }
  size_t class_count() const { return classes_.size(); }
  const PodShape& shape(size_t cls) const { return *classes_[cls].shape; }
  const Node& node(int32_t n) const { return *nodes_[At(n)].node; }
  const Resources& free(int32_t n) const {
    const NodeEntry& entry = nodes_[At(n)];
    return entry.own < 0 ? *entry.first_free : own_[At(entry.own)];
  }
  // How much the node is to be avoided where others are as good.
  int64_t penalty(int32_t n) const { return nodes_[At(n)].penalty; }
  bool in_window(int32_t n) const { return nodes_[At(n)].in_window; }
  // The node of this name.
  std::optional<int32_t> Find(const NodeName& name) const;

  // Whether the node is of a capacity class on which members of the class may be.
  bool HasCapacityFor(size_t cls, int32_t n) const {
    return classes_[cls].classes.Has(nodes_[At(n)].capacity);
  }
  CapacityClass capacity(int32_t n) const { return nodes_[At(n)].capacity; }
  // Whether members of the class may be on the node if there is room.
  bool MayUse(size_t cls, int32_t n) const { return classes_[cls].may_use[At(n)]; }
  // Whether it depends on where others are whether a member may be on a node,
  // so that members have to be placed one by one.
  bool OneByOne(size_t cls) const { return classes_[cls].kind != PodRules::kNone; }
  // How many more members of the class have room on the node.
  int64_t Capacity(size_t cls, int32_t n) const { return classes_[cls].capacity[At(n)]; }
  // At least as many as may ever come to the node beside each other; cheap to find.
  int64_t MostOn(size_t cls, int32_t n) const {
    const bool one = OneByOne(cls) && rules_->AtMostOne(classes_[cls].kind, At(n));
    return std::min<int64_t>(Capacity(cls, n), one ? 1 : kMaxMembers);
  }
  // Whether one more has room there and every rule about other pods allows it.
  bool TakesOneMore(size_t cls, int32_t n) const {
    return Capacity(cls, n) > 0 && (!OneByOne(cls) || rules_->Allows(classes_[cls].kind, At(n)));
  }
  // Of `coming` more members, how many may find room on the node, or by what rules
  // about `key` say around it: see PodRules. REQUIRES: OneByOne(cls).
  int64_t RoomInTurn(size_t cls, int32_t n, int64_t coming) const {
    return std::min(Capacity(cls, n), rules_->RoomOn(classes_[cls].kind, At(n), coming));
  }
  int64_t RoomInTurnBy(size_t cls, const std::string& key, int32_t n, int64_t coming) const {
    return rules_->RoomBy(classes_[cls].kind, key, At(n), coming);
  }
  std::optional<PodRules::Wait> WaitsFor(size_t cls, int32_t n) const {
    return rules_->WaitsFor(classes_[cls].kind, At(n));
  }
  std::vector<int64_t> LeastOf(size_t cls) const { return rules_->Least(classes_[cls].kind); }
  // What members of the class ask of devices.
  const DeviceDemand& devices(size_t cls) const { return classes_[cls].demand; }
  // What has yet to be created before it is known what some class asks for; empty: nothing.
  std::string MissingForDevices() const;
  // Of which devices the node has too little for one more; unset if it has enough.
  std::optional<BoardDevices::Lack> DeviceLack(size_t cls, int32_t n) const;
  // The rule about other pods that keeps one more off the node; empty if none does.
  std::string PodRuleAgainst(size_t cls, int32_t n) const;
  // Free units of the devices that the class asks for; of all devices where it
  // asks for none: what the next GPU job would have found whole.
  int64_t DevicesAtStake(size_t cls, int32_t n) const;
  bool knows_worth() const { return input_.worth != nullptr; }
  // What `members` more of the class there cost the pods to come: see GangWorth.
  int64_t LossOf(size_t cls, int32_t n, int64_t members) const {
    return input_.worth == nullptr ? 0 : input_.worth->Loss(n, free(n), shape(cls), members);
  }
  // The same for each number of members from 1 to `most`; empty where nothing is known.
  std::vector<int64_t> LossesOf(size_t cls, int32_t n, int64_t most) const {
    if (input_.worth == nullptr) return {};
    return input_.worth->LossesOf(n, free(n), shape(cls), 1, most);
  }

  // Takes room. REQUIRES: Capacity is at least portion.members.
  void Take(const Portion& portion);
  // In the order in which it was taken.
  const std::vector<Portion>& taken() const { return taken_; }
  // Gives back all but the first `count` of taken().
  void UndoTo(size_t count);

 private:
  struct NodeEntry {
    const Node* node;
    const Resources* first_free;  // in the view
    int32_t own;                  // index into own_ once what is free differs from that; -1 before
    bool in_window;
    int64_t penalty;
    CapacityClass capacity;
  };
  struct Class {
    const PodShape* shape;
    PodRules::Kind kind;
    ClassSet classes;
    DeviceDemand demand;
    std::vector<bool> may_use;
    std::vector<int64_t> capacity;
  };

  // What does not depend on room, nor on other gangs.
  struct Admitted {
    const PodShape* shape;
    ClassSet classes;
    std::vector<bool> nodes;
  };
  struct Known {
    // By Eligible alone, for shapes that say the same of nodes; and for a class.
    std::vector<std::unique_ptr<const Admitted>> eligible;
    std::vector<std::unique_ptr<const Admitted>> admitted;
  };

  static size_t At(int32_t n) { return static_cast<size_t>(n); }
  const std::vector<bool>& EligibleFor(const PodShape& shape);
  const std::vector<bool>& AdmittedFor(const PodShape& shape, ClassSet classes);
  Resources& OwnFree(int32_t n);
  void Recount(int32_t n);
  int64_t RoomFor(const Class& cls, int32_t n) const;
  void Change(const Portion& portion, int64_t times);

  const PlanInput& input_;
  std::optional<PodRules> rules_;
  mutable BoardDevices devices_;
  std::vector<bool> closed_;
  std::vector<bool> closed_shares_;
  std::vector<NodeEntry> nodes_;
  std::vector<Resources> own_;
  std::vector<Class> classes_;
  std::shared_ptr<Known> known_;
  std::vector<Portion> taken_;
};

}  // namespace muster
