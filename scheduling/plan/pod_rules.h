// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/neighbours.h"
#include "scheduling/plan/tally.h"

namespace muster {

// What a plan's rules about other pods are built from; all of it is needed
// while they are.
struct PodRulesInput {
  const ClusterView& view;
  const Ledger& ledger;                    // without a promise to the members
  const std::vector<const Pod*>& members;  // those that get seats; they outlive the rules
  const std::vector<Seat>& kept;           // seats that other members of the gang have already
  bool as_if_empty = false;                // leave out everything that runs or is promised
};

// What kube-scheduler's NodePorts, PodTopologySpread and InterPodAffinity say
// of the members of one plan, as seats are given and taken back.
//
// Nodes are numbered as the view has them in order, without entries that lack
// their node. Pods that the rules can't tell apart are of one kind: members of
// equal shape and equal kind are interchangeable. Labels tell pods apart only as far
// as some selector matches the one and not the other.
//
// Source:  these plugins in Kubernetes 1.37.2.
// Cost:    building: O(nodes + pods of the cluster) for each kind; Allows: the
//          terms of the kind; Seat: that of all kinds.
// Threads: thread-compatible; a value. The view outlives it.
class PodRules {
 public:
  using Kind = int32_t;
  // Of a pod that no rule concerns: it may go anywhere, and keeps nobody away.
  static constexpr Kind kNone = -1;

  // The most kinds and shapes together that a plan's members may have: each kind
  // costs some numbers for every node.
  static constexpr size_t kMostDifferent = 256;
  //   kInvalidArgument  the members have more
  static absl::StatusOr<PodRules> Make(const PodRulesInput& input);

  // The kind of members[member].
  Kind KindOf(size_t member) const { return kind_of_[member]; }

  // Whether one more pod of the kind may go to the node.
  bool Allows(Kind kind, size_t node) const;
  // What one more pod of the kind waits for that only a skew keeps off the node:
  // more pods in the other domains of this constraint. nullopt if it may come,
  // or may not whoever comes elsewhere.
  struct Wait {
    size_t constraint = 0;
    int32_t value = 0;  // the node's domain
  };
  std::optional<Wait> WaitsFor(Kind kind, size_t node) const;
  // By constraint of the kind, the fewest pods in any domain: when that rises,
  // one that waits for it may come.
  std::vector<int64_t> Least(Kind kind) const;
  // How many of `coming` pods of the kind may find room around the node by its
  // rules about `key`, if those that come elsewhere keep the skew as well as
  // they can. At least 1 where Allows.
  int64_t RoomBy(Kind kind, const std::string& key, size_t node, int64_t coming) const;
  // The same by all of its rules, on the node.
  int64_t RoomOn(Kind kind, size_t node, int64_t coming) const;

  // Whether two of the kind can never be on the node together.
  bool AtMostOne(Kind kind, size_t node) const;

  // The rule that keeps it off, as a clause for people such as "host port 8080
  // is taken" or "topology spread over zone". Empty exactly if Allows.
  std::string Blocks(Kind kind, size_t node) const;

  // A pod of the kind gets a seat on the node, or gives it back.
  // REQUIRES: kind is not kNone; for Unseat, that one was seated there.
  void Seat(Kind kind, size_t node) { Place(*kinds_[Index(kind)].sample, node, +1); }
  void Unseat(Kind kind, size_t node) { Place(*kinds_[Index(kind)].sample, node, -1); }

 private:
  explicit PodRules(const ClusterView& view);

  // Pods of one kind, with what is counted for them. Vectors are by term.
  struct KindState {
    const Pod* sample = nullptr;
    std::vector<Tally> affinity;
    std::vector<Tally> anti_affinity;
    std::vector<SpreadTally> spread;
    std::vector<Tally> repelled;      // by others' anti-affinity; one for each label
    bool meant_by_itself = false;     // by all terms of its own affinity
    std::vector<bool> repels_itself;  // by term of its anti-affinity
  };
  enum class Rule { kNone, kHostPort, kSpread, kAffinity, kAntiAffinity, kRepelled };
  struct Verdict {
    Rule rule = Rule::kNone;
    size_t which = 0;  // of the ports, terms or labels
  };

  absl::Status FindKinds(const PodRulesInput& input);
  KindState Prepare(const Pod& sample);
  SpreadTally PrepareSpread(const Pod& sample, const SpreadConstraint& constraint);
  std::shared_ptr<const TopologyValues> Values(const std::string& key);
  void PlaceNeighbours(const PodRulesInput& input);

  // `pods` pods like `pod` come to the node.
  void Place(const Pod& pod, size_t node, int64_t pods);
  void Count(const Pod& pod, size_t node, int64_t pods, KindState& kind);
  void TakePorts(const PodTerms& terms, size_t node, int64_t pods);
  Verdict Judge(const KindState& kind, size_t node) const;
  static Verdict JudgeAffinity(const KindState& kind, size_t node);

  static size_t Index(Kind kind) { return static_cast<size_t>(kind); }

  NamespaceLabels namespaces_;
  std::vector<const Node*> nodes_;
  std::map<std::string, std::shared_ptr<const TopologyValues>> values_;
  std::vector<Kind> kind_of_;
  std::vector<KindState> kinds_;
  bool ports_matter_ = false;                 // some kind takes some
  std::vector<std::vector<HostPort>> taken_;  // by node
};

}  // namespace muster
