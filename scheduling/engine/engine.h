// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduling/capacity/mix.h"
#include "scheduling/capacity/options.h"
#include "scheduling/capacity/reclaims.h"
#include "scheduling/capacity/scale_up.h"
#include "scheduling/capacity/scale_up_candidates.h"
#include "scheduling/engine/plan_job.h"
#include "scheduling/engine/solo_policy.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/scale_up_orders.h"
#include "scheduling/plan/declined.h"
#include "scheduling/plan/node_worth.h"
#include "scheduling/plan/tenants.h"
#include "scheduling/report.h"
#include "scheduling/verbs.h"

namespace muster {

struct EngineOptions {
  // How long a promise holds, and an unfinished gang is completed forward
  // before it is undone, where the gang declares no deadline of its own.
  absl::Duration gang_deadline = absl::Minutes(2);
  // How long room for members that are created later is kept at least, from the
  // plan, and from the bindings of those before them.
  absl::Duration later_holds = absl::Minutes(10);
  // So many bind calls can wait for those of other members.
  int64_t most_held = kMaxMembers;
  // How long a node that kube-scheduler declined for a shape is avoided.
  absl::Duration declined_for = absl::Minutes(1);
  // How long a gang that let its promise expire stands back behind the others;
  // doubled each time in a row, up to kLongestStandBack.
  absl::Duration stand_back = absl::Seconds(10);
  // The least time between two changes of a refusal's numbers as filter shows
  // them: every change makes kube-scheduler try the pod again.
  absl::Duration text_holds = absl::Seconds(30);
  // The schedulers that ask here. Gangs of others are left alone: nobody would
  // come for their seats. Empty: all.
  std::vector<std::string> scheduler_names;
  TopologyOptions topology = {};
  // How long gangs that ask for devices and for no topology wait for one node or
  // one rack, unless they say otherwise; if patiently, for how long.
  Closeness closeness = Closeness::kPatient;
  absl::Duration patience = absl::Minutes(2);
  // What becomes of gangs that lost members and stay below their minimum, unless
  // they say otherwise, and for how long they may stay so.
  Repair repair = Repair::kWait;
  absl::Duration repair_grace = absl::Minutes(10);
  TenantOptions tenants = {};
  CapacityOptions capacity = {};
  // A pool of spot nodes of which one was taken back is avoided half as much after this.
  absl::Duration reclaimed_for = absl::Minutes(30);
  ScaleUpOptions scale_up = {};
  // Whether members on nodes that are about to go are let go once their room is kept.
  bool move_leaving = false;
};

inline constexpr absl::Duration kLongestStandBack = absl::Minutes(10);

// Every decision about placement, over one view of the cluster and one ledger.
//
// It plans nothing itself: planning takes milliseconds, so a caller takes a
// PlanJob out, runs it without the lock, and installs the result.
//
// Invariant: no node is promised more than it has; every promised seat belongs
//            to a pending pod of the view, or is for a later member of a gang
//            that lives (see later.h), or for one that is to replace a member; a
//            seat whose binding is under way stays where it is.
// Time:      callers pass it in.
// Threads:   thread-compatible; server/commit/decisions.h serialises callers.
class Engine {
 public:
  explicit Engine(EngineOptions options);

  // Takes `view` as the state of the cluster. Seats of pods that are bound or
  // gone in it are no longer promised, nor those on a node that came into
  // another domain of the fabric.
  void Observe(std::shared_ptr<const ClusterView> view);
  const ClusterView& view() const { return *view_; }
  std::shared_ptr<const ClusterView> SharedView() const { return view_; }
  const Ledger& ledger() const { return ledger_; }

  // --- filter, prioritize, preempt ---

  // Answers from what is planned. The id of the pod's gang if it must be
  // planned before there is an answer.
  std::variant<FilterAnswer, GangId> Filter(const FilterCall& call, absl::Time now);

  // The answer while a gang is being planned by somebody else.
  FilterAnswer BeingPlanned(const GangId& gang) const;

  std::vector<int64_t> Prioritize(const FilterCall& call) const;
  std::vector<EvictionOption> Preempt(const PreemptCall& call) const;

  // --- planning ---

  // Gangs that a plan might help, in queue order: those with a pending member
  // without a standing seat whose situation changed since they were planned; or
  // if there are none, those whose members beyond the minimum were left out.
  std::vector<GangId> ToPlan(absl::Time now);
  // Of ToPlan, the gangs up to and including `gang`; it alone if it is not among them.
  std::vector<GangId> ToPlanUpTo(const GangId& gang, absl::Time now);
  PlanJob Prepare(const GangId& gang, absl::Time now);
  // Takes over the result of `job`. False, without any effect, if seats of it
  // no longer fit what happened meanwhile: prepare again.
  bool Install(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result, absl::Time now);
  // Takes back promises that expired at `now`.
  void Expire(absl::Time now);

  // --- bind ---

  // What to do with a bind call.
  struct Admission {
    enum class Kind { kRefused, kAlreadyBound, kSolo, kMember };
    Kind kind = Kind::kRefused;
    absl::Status refusal;
    GangId gang;  // of a member; for kSolo the owner of its one-seat promise
    Seat seat;
  };
  // Only a pod and node that filter answered are admitted. kSolo: the seat is
  // promised from now on, bind it at once.
  Admission AdmitBind(const BindCall& call, absl::Time now);

  // The seats of `gang` to be bound now, given the members whose bind calls
  // wait, with the nodes they are called for: those of `waiting` once they
  // complete the minimum together with members that are bound, or are being bound
  // and not `abandoned`: nobody holds their room; empty before, and while its
  // object is missing.
  //   kAborted  a seat does not stand on the newest view: the gang is planned
  //             anew, and the calls in `waiting` must be refused
  absl::StatusOr<std::vector<Seat>> Complete(const GangId& gang,
                                             const absl::flat_hash_map<PodUid, NodeName>& waiting,
                                             absl::FunctionRef<bool(const PodUid&)> abandoned,
                                             absl::Time now);

  // The bindings of `gang` start: its promise holds for a deadline from now on.
  // Returns until when they are tried. REQUIRES: Complete gave seats.
  absl::Time BeginCommit(const GangId& gang, absl::Time now);

  // Whether the pod is a pending member of the gang, as one whose bind call waits must be.
  bool AwaitsBinding(const GangId& gang, const BindCall& call) const;
  // A bind call of this pod ended without a binding: it is not on its way any more.
  void CallFailed(const PodUid& uid);

  // The life of one binding: it starts, and it ends in one of three ways.
  void BindingStarted(const Seat& seat);
  void BindingDone(const PodUid& uid);                     // the API server has it
  void BindingFailed(const PodUid& uid);                   // tried again with the same seat
  void MemberGone(const GangId& gang, const PodUid& uid);  // deleted: its seat is free
  // From its start until the view shows the pod bound, or it failed.
  bool BindingUnderWay(const PodUid& uid) const;
  // Whether the seat is still good on the newest view: its node is there, fit
  // for the pod and not overdrawn, and the pod is pending.
  bool Stands(const Seat& seat) const;

  // --- recovery ---

  // Members to nominate to their seats, or (with an empty node) to clear of a
  // nomination for which there is no seat.
  std::vector<Seat> NominationsWanted() const;
  // Members that filter refused as such before what they declare turned out to
  // be no gang: kube-scheduler has to try them again. Each is given once.
  std::vector<Seat> TakeMistaken() { return std::exchange(mistaken_, {}); }
  // A bound member to evict.
  struct Eviction {
    Seat seat;
    // Of a gang that ran, lost members, and is placed anew as a whole. Else its
    // gang could not be completed within its deadline, and undoing it harms nobody
    // as long as the member has not changed.
    bool restart = false;
  };
  std::vector<Eviction> ToEvict(absl::Time now);

  // --- room ---

  // What is to be written now so that gangs get room, as of the newest view.
  ScaleUpOrders ScaleUp(absl::Time now);
  // Plans for the room of members whose nodes are about to go, each to be run
  // without the lock and installed.
  std::vector<PlanJob> PrepareMoves(absl::Time now);
  void InstallMove(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
                   absl::Time now);
  // The ProvisioningRequest of this attempt can't be written: the next candidate is tried.
  void RequestFailed(const GangId& gang, int64_t attempt, const std::string& why, absl::Time now);

  // --- reports ---

  // Of the gang, or of the group that it is a part of. kNotFound if no pod declares
  // it. The kind of its controller may be left out of its name where that leaves
  // one gang, which the report then names.
  absl::StatusOr<GangReport> Report(const GangId& gang) const;
  std::vector<GangReport> Reports() const;
  // How many gangs there are of each outcome. Cost: O(gangs with pending members).
  std::map<Outcome, int64_t> CountGangs() const;
  // How many refused gangs there are by the kind of the first advice for them;
  // those without any are left out. Cost: O(gangs with pending members).
  std::map<Advice::Kind, int64_t> CountAdvice() const;

  // Nodes that are about to go, and what runs on them.
  struct Departures {
    int64_t nodes = 0;
    int64_t members = 0;  // of gangs
    absl::Time next_deadline = absl::InfiniteFuture();
  };
  Departures CountDepartures() const;

 private:
  // How far a pod that filter answered has come.
  struct Progress {
    enum class Step { kAnswered, kBinding, kBindingDone };
    Step step = Step::kAnswered;
    Seat seat;
    bool any_node = false;    // filter let every candidate pass: seat.node is not set
    bool seen = true;         // the view showed the pod when its bind call came
    std::string tenant = "";  // of a pod without a gang that asks for devices
    // Where any_node is set, the classes of those that passed; and of a pod that
    // shares a mix the workload.
    ClassSet classes = ClassSet::All();
    WorkloadId mixed_in = {};
    int64_t mix_weight = 0;
  };
  // Label requirements that put nodes into one domain.
  struct Pin {
    std::vector<LabelRequirement> requirements;
    std::string text = {};
  };
  // How gated members of a gang are let go.
  struct Letting {
    bool seated = false;    // those with a seat
    bool unseated = false;  // those without
    std::string request;    // that those with a seat must consume first; empty: none
    // What members without a seat require of nodes from then on.
    absl::flat_hash_map<PodUid, std::vector<NodeSelectorTerm>> terms;
  };
  struct Asking {
    ScaleUpCandidate way;
    std::vector<LabelRequirement> pin;
  };
  struct GangState {
    std::optional<Refusal> refusal;  // of the last plan, unless that gave seats
    std::string capacity;            // what that plan chose, see CapacityPlan
    std::string shown;               // the text that filter gives
    absl::Time shown_since = absl::InfinitePast();
    uint64_t planned_at = 0;  // Growth() of the last plan; 0: never planned
    absl::Time stand_back_until = absl::InfinitePast();
    absl::Time patient_since = absl::InfiniteFuture();  // since when there is no room
    bool relaxed = false;                               // the last plan was free to
    bool surplus_due = false;                           // the last plan left out what is beyond the minimum
    int expiries = 0;                                   // promises in a row that nobody came for
    absl::Time unfinished_since = absl::InfiniteFuture();
    // Since when it is being completed; it is undone a deadline later. Where that
    // does not come to pass (disruption budgets forbid it) it is tried again.
    absl::Time forward_since = absl::InfiniteFuture();
    absl::Time undone_since = absl::InfiniteFuture();
    bool released = false;                              // its minimum is waived
    absl::flat_hash_set<PodUid> to_restart;             // members to evict before it is placed anew
    absl::Time restart_until = absl::InfinitePast();    // those that are not gone then are kept
    absl::Time move_again = absl::InfinitePast();       // when room for leaving members is looked for again
    std::string no_move = {};                           // why there was none
    bool lacks_room = false;                            // of the last plan, see PlanJob
    absl::Time refused_since = absl::InfiniteFuture();  // since when it lacks room
    ScaleUpCourse course = {};
    std::vector<Asking> candidates = {};  // what the attempts of this round ask for
    std::vector<std::string> candidate_texts = {};
    std::string scale_up = {};  // where it stands, for people
  };

  std::variant<FilterAnswer, GangId> FilterMember(const FilterCall& call,
                                                  const std::shared_ptr<const Pod>& pod, absl::Time now);
  // Of a pod whose binding is under way: there, and nowhere else.
  std::optional<FilterAnswer> WhileBinding(const FilterCall& call, const Pod& pod) const;
  FilterAnswer FilterSolo(const FilterCall& call, const Pod& pod, absl::Time now);
  FilterAnswer FilterSoloWithDevices(const FilterCall& call, const Pod& pod, const SoloClasses& wanted);
  // On which classes of nodes the pod, which is in no gang, goes.
  SoloClasses ClassesOfSolo(const Pod& pod, absl::Time now) const;
  // Where the other pods of its workload are, as far as they were answered.
  MixCount CountMix(const Pod& pod) const;
  CapacityClass ClassOfNode(const NodeName& node) const;
  // Keeps what was answered to the pod.
  void Answered(const Pod& pod, const NodeName& node, ClassSet classes);
  FilterAnswer RefuseWith(const GangId& gang, absl::Time now);
  // Notes which nodes began to go, and which pools they were taken from.
  void NoteDepartures(absl::Time now);
  // The bound members of the gang whose nodes are about to go.
  std::vector<LeavingMember> Leaving(const Gang& gang) const;
  absl::Time FirstSeen(const NodeName& node) const;
  absl::Duration DeadlineOf(const Gang& gang) const { return gang.deadline.value_or(options_.gang_deadline); }
  bool IsOurs(const Pod& pod) const;
  // Whether members beyond the gang's minimum must wait for the minimums of others.
  bool MinimumOnly(const GangId& gang, absl::Time now) const;
  // Whether the gang need not wait any more for a close placement.
  bool MayRelax(const Gang& gang, absl::Time now) const;
  // Whether every pending member has a standing seat, and these make the minimum.
  bool IsSeated(const Gang& gang) const;
  // Whether members of the gang are bound, but not its minimum.
  bool IsBoundInPart(const Gang& gang) const;
  // Whether the gang may still reach its minimum with the members that exist.
  bool CanComplete(const Gang& gang) const;
  std::vector<EvictionOption> PreemptPlaceholders(const PreemptCall& call) const;
  // The view without placeholders; null where there are none.
  const ClusterView* Room() const;
  // Whether nothing that the seat takes is overdrawn, but for what placeholders hold.
  bool HasRoom(const Pod& pod, const Seat& seat, const NodeState& state) const;
  // Whether the node's devices serve what the pod, and all others there, claim.
  // REQUIRES: the view has the seat's node.
  bool HasDevices(const Pod& pod, const Seat& seat) const;
  bool AwaitsPlaceholders(const Seat& seat) const;
  // As Ledger::Reserve; a gang that may have it gets the room of placeholders.
  absl::Status Reserve(const Gang& gang, const std::vector<Seat>& seats, absl::Time expires);
  ScaleUpPolicy ScaleUpPolicyOf(const GangId& gang) const;
  // Whether every seat of the gang is nominated, or further.
  bool IsNominated(const GangId& gang) const;
  // Whether somebody is to be asked for nodes by now.
  bool LacksRoom(const GangState& state, absl::Time now) const;
  void FindPlaceholders(ScaleUpOrders& orders) const;
  // The owner of the promise to the stand-ins of members that are to be moved.
  static GangId StandInsOf(const GangId& gang);
  static bool IsOfStandIns(const GangId& owner);
  bool MayMove(const Pod& member) const;
  std::vector<std::shared_ptr<const Pod>> ToMove(const Gang& gang) const;
  std::vector<GangId> GangsToMove() const;
  // The members whose room is kept.
  void FindMoves(absl::Time now, ScaleUpOrders& orders);
  // New members of the gang get the room of its stand-ins.
  void TakeFromStandIns(const GangId& gang, const std::vector<Seat>& seats);
  void FindUngatings(absl::Time now, ScaleUpOrders& orders) const;
  Letting LettingOf(const GangId& gang, absl::Time now) const;
  std::vector<Pin> PinsOf(const Gang& gang, const GangState& state) const;
  void FindCandidates(const Gang& gang, GangState& state, absl::Time now) const;
  ProvisioningOrder OrderFor(const Gang& gang, const GangState& state) const;
  std::shared_ptr<const ProvisioningRequest> RequestOf(const GangId& gang, int64_t attempt) const;
  // After a restart.
  void TakeUpRequest(const GangId& gang, GangState& state) const;
  // Drives the gang's ProvisioningRequests; adds those that still serve to `needed`.
  void FollowRequest(const GangId& gang, GangState& state, absl::Time now, std::set<PodName>& needed,
                     ScaleUpOrders& orders);
  std::vector<std::string> ScaleUpLines(const GangId& gang, const GangState& state) const;
  // Whether a pod of another tenant shares the GPUs that the seat is on: one that
  // is there, or one with a seat promised there to another than `owner`.
  bool SharesWithOthers(const Seat& seat, const std::string& tenant, const GangId& owner) const;
  void Release(const GangId& gang);
  // The gang as it is declared, and as its repair has it: without its minimum
  // where that is waived, and waiting while it is restarted.
  Gang Assemble(const GangId& id) const;
  void LimitHeld(Gang& gang) const;
  // Whether its members can be evicted without a loss.
  static bool UndoHarmsNobody(const Gang& gang);
  // Whether no binding of it starts, so that those that are under way end and it
  // can be undone.
  bool UndoIsDue(const Gang& gang, absl::Time now) const;
  // The members to undo, at `now`; also begins restarts and waives minimums.
  std::vector<Seat> Repairing(const Gang& gang, absl::Time now);
  std::vector<Seat> Restarting(const Gang& gang, absl::Time now);
  void BeginRepair(const Gang& gang, absl::Span<const Seat> bound, bool may_restart, absl::Time now);
  // What becomes of the gang as it lacks members; empty if it does not.
  std::string DescribeRepair(const Gang& gang) const;
  // Nodes on which kubelet did not admit pods are avoided for their shape.
  void LearnRejections(absl::Time now);
  // Install but for the room of the gang's later members; that may leave the
  // ledger changed where it fails.
  bool InstallSeats(const PlanJob& job, const std::variant<std::vector<Seat>, Refusal>& result,
                    absl::Time now);
  // Promises the room of the job's later members; false if it is gone.
  bool PromiseLater(const PlanJob& job, absl::Time now);
  // Whether room for later members of `gang` is still of use: some live or wait.
  bool AwaitsLater(const GangId& gang) const;
  // The pods of `gang` are each on its own.
  void Dissolve(const Gang& gang, GangState& state);
  std::variant<FilterAnswer, GangId> Answer(const FilterCall& call, absl::Time now);
  void ForgetAside(absl::Time now);
  // Counts the pods that `last` lacks and that ask for devices as demand.
  void CountDemand(const ClusterView& last);
  void DropLostStandIns(const GangId& owner, const Promise& promise);
  void DropStaleSeats(const ClusterView& last, const GangId& gang, const Promise& promise);
  // Whether the pod is planned with another gang than `gang`, which has its seat:
  // a group of gangs came, changed or went.
  bool HasLeft(const Pod& pod, const GangId& gang) const;
  // Promises the seat, whose binding is under way, to the pod's gang of now.
  void TakeAlong(const Seat& seat, const GangId& from, const GangId& to, absl::Time expires);
  // Counts everything after which a refused gang might fit.
  uint64_t Growth() const { return view_->growth() + released_ + 1; }

  const EngineOptions options_;
  const std::shared_ptr<const CapacityOptions> capacity_;  // options_.capacity, for plan jobs
  std::shared_ptr<const ClusterView> view_ = std::make_shared<const ClusterView>();
  FabricTrees trees_;  // the last that a job built
  NodeWorth worth_;
  Ledger ledger_;
  Declined declined_;
  absl::flat_hash_set<PodUid> rejections_;  // that were learned
  uint64_t released_ = 0;
  uint64_t installed_ = 0;  // counts the plans whose seats were promised
  uint64_t exclusive_ = 0;  // of these, those of gangs that ask for an exclusive domain
  absl::flat_hash_map<PodUid, Progress> progress_;
  // Pods that were refused when their nominated node was tried alone: the
  // window that follows says nothing against that node.
  absl::flat_hash_map<PodUid, absl::Time> refused_alone_;
  std::map<GangId, GangState> gangs_;
  // Pods to which filter gave no node because they are members, and when:
  // kube-scheduler has put them aside.
  struct Aside {
    PodName pod;
    absl::Time since;
  };
  absl::flat_hash_map<PodUid, Aside> aside_;
  std::vector<Seat> mistaken_;  // without nodes
  std::map<NodeName, absl::Time> departing_since_;
  Reclaims reclaims_;
  Penalties penalties_;                                 // as of the last Expire
  mutable std::shared_ptr<const ClusterView> room_of_;  // the view that room_ is of
  mutable std::shared_ptr<const ClusterView> room_;
  // Whether the devices of nodes serve all that is claimed there, as it was found
  // on `view` with these seats.
  struct DevicesFit {
    struct Found {
      std::shared_ptr<const std::vector<Seat>> seats;
      bool fit = true;
    };
    std::shared_ptr<const ClusterView> view;
    std::map<NodeName, Found> nodes;
  };
  mutable DevicesFit devices_fit_;
  ClassSet present_ = {CapacityClass::kUnknown};  // the classes of the view's nodes
};

}  // namespace muster
