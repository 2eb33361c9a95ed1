// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "test/simulation/api_server.h"
#include "test/simulation/faults.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// One gang's life as its owner wants it.
struct GangLife {
  // What becomes of a member that is lost.
  enum class Controller {
    kKeepsName,  // created again under its name, as a StatefulSet does
    kNewName,    // created again under another; the failed one stays, as with a Job
    kNone,       // nothing: somebody made the pods by hand
  };
  struct Member {
    PodName pod;  // its latest
    int64_t pods = 0;
    bool done = false;  // it succeeded
    absl::Time create_at;
    absl::Duration runs;
  };

  GangId id;
  int64_t size = 1;
  int64_t min = 1;
  std::vector<int64_t> subgroups;  // sizes; empty: none. Each is whole or the gang is not.
  Pod model;
  Controller controller = Controller::kKeepsName;
  bool can_be_placed = true;  // false: larger than the cluster, or never complete
  bool cleans_up = false;     // members that finished are removed while others run
  bool gated = false;         // its pods are created with Muster's gate
  std::vector<Member> members;

  bool was_whole = false;  // the minimum was bound at one time
  bool lost_for_ever = false;
  bool ended = false;
  absl::Time began;
};

// Everybody who makes pods: gangs of all kinds under their controllers, single
// pods, and pods that never come to Muster. Each gang begins, runs to its end,
// and is cleaned up.
class Workload {
 public:
  Workload(Timeline& timeline, ApiServer& api, const Faults& faults);

  void BeginGang();
  void BeginSingle();
  // Deletes a pod of some gang, as people and other controllers do.
  void DeleteSomePod();
  // Ends, after a while, gangs that can never be placed; and those that lost a
  // member for ever.
  void GiveUpHopeless();
  void GiveUpLost();

  // How long the pod runs until it succeeds; and whether it may end now: members
  // of a gang that was never whole wait for the others.
  absl::Duration RunTime(const Pod& pod);
  bool MayEnd(const Pod& pod) const;

  GangLife* Find(const Pod& pod);
  // Of a pod that is, or was, a member; null for others.
  GangLife* Find(const PodName& pod);
  const std::vector<std::unique_ptr<GangLife>>& gangs() const { return gangs_; }
  int64_t ended() const { return ended_; }
  // Whether every gang that can be placed has ended.
  bool AllEnded() const;

 private:
  void DrawGang(GangLife& gang);
  void DrawMembers(GangLife& gang);
  void Seen(const Change& change);
  void SeenPod(const Pod& pod);
  void ReconcileSoon(GangLife& gang);
  void Reconcile(GangLife& gang);
  void ReconcileMember(GangLife& gang, size_t number);
  bool AnyRuns(const GangLife& gang, bool or_succeeded) const;
  // Members that finished are gone, and those that are left were lost: to Muster
  // it looks like a gang that lacks members. Its owner makes it anew.
  bool NothingSaysThatItRan(const GangLife& gang) const;
  void CreatePod(GangLife& gang, size_t number);
  void End(GangLife& gang);

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  std::vector<std::unique_ptr<GangLife>> gangs_;
  std::map<GangId, GangLife*> by_id_;
  std::map<GangLife*, absl::Time> reconcile_at_;
  std::map<PodName, std::pair<GangLife*, size_t>> member_of_;
  int64_t uids_ = 0;
  int64_t singles_ = 0;
  int64_t ended_ = 0;
};

}  // namespace muster::test
