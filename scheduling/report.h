// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/seat.h"

namespace muster {

// Where a gang is in its life.
enum class Outcome {
  kPlaced,   // every member that exists has a seat (promised or bound)
  kWaiting,  // members are missing or not ready; nothing is held for it
  kRefused,  // complete, but it does not fit or its declaration is invalid
};

// "placed", "waiting", "refused": the words of JSON, metrics and tables.
absl::string_view Word(Outcome outcome);

// A bound member whose node is about to go.
struct LeavingMember {
  PodName pod;
  NodeName node;
  std::string signal;                  // e.g. "taint karpenter.sh/disrupted"
  std::optional<absl::Time> deadline;  // when the node ends, where that is known

  friend bool operator==(const LeavingMember&, const LeavingMember&) = default;
};

// A member that kubelet did not admit on its node, and that was not removed since.
struct RejectedMember {
  PodName pod;
  NodeName node;
  std::string reason;  // kubelet's, e.g. "UnexpectedAdmissionError"

  friend bool operator==(const RejectedMember&, const RejectedMember&) = default;
};

// The state of one gang, as plan, explain and the lists show it.
struct GangReport {
  GangId gang;
  std::string declared_by;
  std::vector<std::string> ignored;  // other declarations on its pods that were not used
  Outcome outcome = Outcome::kWaiting;
  int64_t min_members = 0;
  int64_t members = 0;                        // that exist and are not deleted
  int64_t bound = 0;                          // of these, bound to a node and not failed, or succeeded
  int64_t held = 0;                           // of these, waiting at the barrier with their bind call
  std::vector<Seat> seats;                    // in member order; bound members included
  std::optional<Refusal> refusal;             // set unless placed
  std::vector<LeavingMember> leaving = {};    // in member order
  std::vector<RejectedMember> rejected = {};  // in member order
  std::string repair = {};    // what becomes of it, as it lacks members, for people; may be empty
  std::string capacity = {};  // of which class the nodes are and why, for people; may be empty
  double hourly_cost = 0;     // of all seats
  std::string owner = {};     // what its pods were made for in the end, "RayJob ml/train"; empty: not known
  std::string later = {};     // on members that are created once others run, for people; empty: none
  // Who is asked for nodes and how far that is, then why earlier requests were given up.
  std::vector<std::string> scale_up = {};
  // What its claims of devices say that is not understood, and kube-scheduler alone judges.
  std::vector<std::string> left_to_scheduler = {};

  friend bool operator==(const GangReport&, const GangReport&) = default;
};

}  // namespace muster
