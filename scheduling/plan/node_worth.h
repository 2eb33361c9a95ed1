// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "scheduling/choice/worth.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/plan/gang_worth.h"

namespace muster {

// What the nodes of a cluster are worth for the pods to come (scheduling/choice),
// kept up to date with view and ledger. Demand are the pods that ask for devices,
// counted once, when the view first has them; a restart counts those that there are.
// Whole nodes are always in demand a little, or nobody would keep any for the
// first pod that needs one.
//
// What it keeps is for speed and forgotten where it grows too large; the demand
// then stays, except where pods name more than kMostWheres kinds of nodes.
//
// Threads: thread-compatible.
class NodeWorth {
 public:
  NodeWorth();
  NodeWorth(const NodeWorth&) = delete;
  NodeWorth& operator=(const NodeWorth&) = delete;

  // A pod was asked for.
  void Asked(const PodShape& shape);

  // For one shape, by the number of a node in the order of the view (nodes that
  // it lacks left out): how much the node's value falls where the shape goes
  // there; unset where it has no room by what is known here.
  class Losses {
   public:
    std::optional<double> Of(size_t node);

   private:
    friend class NodeWorth;
    Losses(NodeWorth& owner, size_t ask) : owner_(owner), ask_(ask) {}

    NodeWorth& owner_;
    const size_t ask_;
    absl::flat_hash_map<RoomId, std::optional<double>> known_;
  };
  // With the nodes as they are in `view` beside what is promised. Valid until the
  // next call. Cost: O(nodes), little for those that did not change.
  Losses LossesOf(const PodShape& shape, std::shared_ptr<const ClusterView> view, const Ledger& ledger);
  // The same for the members of a gang, to be asked while others are counted;
  // with the prices of when it first had this view.
  // Cost: O(nodes), and a look at each kind of node for each kind of pod.
  GangWorth ForGang(std::shared_ptr<const ClusterView> view, const Ledger& ledger);

 private:
  static constexpr size_t kMostAsksForGang = 16;
  static constexpr size_t kMostRooms = 50'000;
  static constexpr size_t kMostWheres = 1'000;
  static constexpr size_t kMostKinds = 50'000;
  static constexpr size_t kMostWholes = 32;
  static constexpr uint64_t kAnywhere = ~uint64_t{0};

  struct Entry {
    const NodeState* state = nullptr;  // of held_
    bool promised = false;
    int32_t kind = -1;
    RoomId room = kNoRoom;
  };

  void StartAnew();
  bool Admits(int32_t kind, uint64_t where) const;
  void Observe(std::shared_ptr<const ClusterView> view, const Ledger& ledger);
  Ask AskOf(const PodShape& shape);
  size_t NumberOfDevice(const std::string& name);
  uint64_t WhereOf(const PodShape& shape);
  int32_t KindOf(const std::shared_ptr<const Node>& node);
  Room RoomOf(const NodeState& state, const Resources* promised, int32_t kind) const;
  void ExpectWhole(const Node& node);
  void ForgetNodes();

  std::unique_ptr<Worth> worth_;
  absl::flat_hash_map<std::string, size_t> devices_;
  std::vector<PodShape> wheres_;  // what decides on which nodes shapes may run, without the rest
  Labels keys_;                   // the labels that these look at
  std::vector<std::shared_ptr<const Node>> kinds_;  // one node of each kind
  absl::flat_hash_map<std::string, int32_t> kind_numbers_;
  absl::flat_hash_set<std::vector<int64_t>> wholes_;  // the devices of whole nodes, by their number
  std::vector<Entry> entries_;                        // by number of the node
  std::shared_ptr<const ClusterView> held_;
};

}  // namespace muster
