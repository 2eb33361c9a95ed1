// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/parts.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/plan/neighbours.h"
#include "scheduling/plan/pod_classes.h"
#include "scheduling/plan/pod_rules.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// The gang's own demand and numbers, then those of its subgroups.
absl::StatusOr<std::vector<Part>> MakeEmptyParts(const Gang& gang, const Topologies& topologies) {
  const GangCount count = Count(gang);
  std::vector<Part> parts(gang.subgroups.size() + 1);
  absl::StatusOr<Demand> demand = FindDemand(gang.topology, topologies);
  if (!demand.ok()) return demand.status();
  parts[0].demand = *std::move(demand);
  for (size_t s = 0; s < gang.subgroups.size(); ++s) {
    const Subgroup& subgroup = gang.subgroups[s];
    Part& part = parts[s + 1];
    part.name = subgroup.name;
    part.parent = subgroup.parent + 1;
    part.min_members = subgroup.min_members;
    part.min_children = subgroup.min_subgroups;
    part.ran = subgroup.ran || (count.ran && !gang.group_needs.has_value());
    demand = FindDemand(subgroup.topology, topologies);
    if (!demand.ok()) {
      return absl::Status(demand.status().code(), absl::StrCat("subgroup ", Shortened(subgroup.name), ": ",
                                                               demand.status().message()));
    }
    part.demand = *std::move(demand);
    parts[static_cast<size_t>(part.parent)].children.push_back(static_cast<int32_t>(s) + 1);
  }
  return parts;
}

// The part that each of the gang's members is directly in.
std::vector<int32_t> PartOfMembers(const Gang& gang) {
  std::vector<int32_t> part(gang.members.size(), 0);
  for (size_t s = 0; s < gang.subgroups.size(); ++s) {
    for (const size_t m : gang.subgroups[s].members) part[m] = static_cast<int32_t>(s) + 1;
  }
  return part;
}

// Sorts the members by what the plan has to do for them; what is left out has
// failed, succeeded, or may not be planned yet.
void AddMembers(const PlanInput& input, const Board& board, Parts& parts) {
  absl::flat_hash_map<PodUid, const Seat*> kept;
  for (const Seat& seat : input.kept) kept[seat.uid] = &seat;
  const std::vector<int32_t> part_of = PartOfMembers(input.gang);
  for (size_t m = 0; m < input.gang.members.size(); ++m) {
    const Pod& pod = *input.gang.members[m];
    Member member{.pod = &pod, .part = part_of[m]};
    if (pod.phase == PodPhase::kSucceeded) {
      for (int32_t p = part_of[m]; p >= 0; p = parts.all[static_cast<size_t>(p)].parent) {
        ++parts.all[static_cast<size_t>(p)].succeeded;
      }
    }
    if (pod.finished()) continue;
    const auto seat = kept.find(pod.uid);
    member.bound = pod.bound();
    member.kept = !member.bound && seat != kept.end();
    if (member.bound || member.kept) {
      member.node = board.Find(member.bound ? pod.node : seat->second->node).value_or(kUnknownNode);
    } else if (!pod.pending()) {
      continue;
    } else if (pod.gated_by_others()) {
      ++parts.gated;
      continue;
    }
    parts.members.push_back(std::move(member));
  }
  parts.LeaveOutWhatCannotBeWhole();
  for (size_t m = 0; m < parts.members.size(); ++m) {
    parts.all[static_cast<size_t>(parts.members[m].part)].members.push_back(m);
    for (int32_t p = parts.members[m].part; p >= 0; p = parts.all[static_cast<size_t>(p)].parent) {
      parts.all[static_cast<size_t>(p)].all.push_back(m);
    }
  }
}

// The members that get seats.
std::vector<const Pod*> Waiting(const Parts& parts) {
  std::vector<const Pod*> waiting;
  for (const Member& member : parts.members) {
    if (member.node == kNoNode) waiting.push_back(member.pod);
  }
  return waiting;
}

// The kind of each member with regard to rules about other pods, which are set
// on the board if there are any.
//   the errors of PodRules::Make
absl::StatusOr<std::vector<PodRules::Kind>> SetPodRules(const PlanInput& input, const Parts& parts,
                                                        Board& board) {
  std::vector<PodRules::Kind> kinds(parts.members.size(), PodRules::kNone);
  const std::vector<const Pod*> waiting = Waiting(parts);
  if (!NeedsPodRules(input.view, input.ledger, input.kept, waiting)) return kinds;
  absl::StatusOr<PodRules> rules =
      PodRules::Make({.view = input.view, .ledger = input.ledger, .members = waiting, .kept = input.kept});
  if (!rules.ok()) return rules.status();
  size_t next = 0;
  for (size_t m = 0; m < kinds.size(); ++m) {
    if (parts.members[m].node == kNoNode) kinds[m] = rules->KindOf(next++);
  }
  board.SetPodRules(*std::move(rules));
  return kinds;
}

struct ClassKey {
  const Pod* sample;
  PodRules::Kind kind;
  ClassSet classes;
  DeviceDemand devices;
};

// On nodes of which capacity classes the pod may be.
ClassSet ClassesOf(const PlanInput& input, const Pod& pod) {
  return input.classes == nullptr ? ClassSet::All() : input.classes->For(pod.uid);
}

// More devices, then more CPU, then more memory.
bool MoreDemanding(const ClassKey& a, const ClassKey& b) {
  const auto demand = [](const ClassKey& key) {
    const Resources& requests = key.sample->shape.requests;
    int64_t devices = 0;
    for (const auto& [name, amount] : requests.scalars) devices += amount;
    for (const ClaimDemand& claim : key.devices.claims) {
      for (const DeviceRequest& request : claim.spec->requests) devices += request.alternatives.front().count;
    }
    return std::tuple(devices, requests.cpu_millis, requests.memory_bytes);
  };
  return demand(a) > demand(b);
}

// Classes are numbered from the most demanding shape to the least.
//   kInvalidArgument  they are too many
absl::Status AddClasses(const PlanInput& input, const std::vector<PodRules::Kind>& kinds, Parts& parts,
                        Board& board) {
  std::vector<ClassKey> keys;
  for (size_t m = 0; m < parts.members.size(); ++m) {
    Member& member = parts.members[m];
    const ClassSet classes = ClassesOf(input, *member.pod);
    DeviceDemand devices = member.node == kNoNode ? DemandOf(input.view, *member.pod) : DeviceDemand();
    const auto at = std::find_if(keys.begin(), keys.end(), [&](const ClassKey& key) {
      return key.kind == kinds[m] && key.classes == classes && key.devices.key == devices.key &&
             key.sample->shape == member.pod->shape;
    });
    member.cls = static_cast<size_t>(at - keys.begin());
    if (at == keys.end()) keys.push_back({member.pod, kinds[m], classes, std::move(devices)});
    if (keys.size() > PodRules::kMostDifferent) return TooDifferent(PodRules::kMostDifferent, *member.pod);
  }
  std::vector<size_t> order(keys.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return MoreDemanding(keys[a], keys[b]); });
  std::vector<size_t> class_of(keys.size());
  for (const size_t k : order) {
    class_of[k] =
        board.AddClass(keys[k].sample->shape, keys[k].kind, keys[k].classes, std::move(keys[k].devices));
    parts.class_samples.push_back(keys[k].sample);
  }
  for (Member& member : parts.members) member.cls = class_of[member.cls];
  return absl::OkStatus();
}

// Marks waiting members of the part until it has `needed`.
void Require(const Part& part, int64_t needed, Preference preference, Parts& parts) {
  int64_t have = part.succeeded;
  for (const size_t m : part.all)
    have += parts.members[m].node != kNoNode || parts.members[m].required ? 1 : 0;
  std::vector<size_t> order = part.all;
  if (preference == Preference::kLeastDemanding) {
    std::reverse(order.begin(), order.end());
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return parts.members[a].cls > parts.members[b].cls; });
  }
  for (const size_t m : order) {
    if (have >= needed) return;
    Member& member = parts.members[m];
    if (member.node != kNoNode || member.required) continue;
    member.required = true;
    ++have;
  }
}

absl::Status CheckSliceSizes(const Gang& gang, const Parts& parts) {
  for (size_t p = 0; p < parts.all.size(); ++p) {
    const Part& part = parts.all[p];
    if (part.demand.slices.empty()) continue;
    const int64_t size = part.demand.slices.front().size;
    const std::optional<int64_t> declared = p == 0 ? gang.size : gang.subgroups[p - 1].size;
    const int64_t min_members = p == 0 ? gang.min_members : part.min_members;
    for (const int64_t count : {declared.value_or(0), min_members}) {
      if (count % size == 0) continue;
      const std::string& fields = (p == 0 ? gang.topology : gang.subgroups[p - 1].topology).said_by.fields;
      return absl::InvalidArgumentError(
          absl::StrFormat("%sslices of %d members do not divide %d members%s",
                          p == 0 ? "" : absl::StrCat("subgroup ", Shortened(part.name), ": "), size, count,
                          fields.empty() ? "" : absl::StrCat("; that is asked for by ", fields)));
    }
  }
  return absl::OkStatus();
}

// Spread and exclusive domains hold for the parts within as well, which must
// therefore be placed by the same tree.
absl::Status CheckTrees(const Parts& parts) {
  for (size_t p = 1; p < parts.all.size(); ++p) {
    const Part& part = parts.all[p];
    for (int32_t above = part.parent; above >= 0; above = parts.all[static_cast<size_t>(above)].parent) {
      const Demand& outer = parts.all[static_cast<size_t>(above)].demand;
      if (outer.spread.has_value() && !part.demand.slices.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "subgroup ", Shortened(part.name), " asks for slices, and the gang around it for a spread"));
      }
      if (!outer.spread.has_value() && !outer.exclusive.has_value()) continue;
      if (part.demand.tree == nullptr || part.demand.tree == outer.tree) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("subgroup ", Shortened(part.name),
                       " is in another topology than the spread or exclusive level around it"));
    }
  }
  return absl::OkStatus();
}

// Slices are counted in members, so these must be alike.
absl::Status CheckSliceShapes(const Parts& parts) {
  for (const Part& part : parts.all) {
    if (part.demand.slices.empty()) continue;
    for (const size_t m : part.members) {
      const Member& first = parts.members[part.members.front()];
      const Member& member = parts.members[m];
      const bool alike = member.pod->shape == first.pod->shape &&
                         (member.cls == first.cls || member.node != kNoNode || first.node != kNoNode);
      if (alike) continue;
      return absl::InvalidArgumentError(absl::StrFormat(
          "slices are of equal members, but pods %s and %s ask for different nodes or amounts",
          first.pod->name.text(), member.pod->name.text()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Parts> MakeParts(const PlanInput& input, const Topologies& topologies, Board& board) {
  absl::StatusOr<std::vector<Part>> all = MakeEmptyParts(input.gang, topologies);
  if (!all.ok()) return all.status();
  Parts parts{.all = *std::move(all)};
  if (absl::Status s = CheckSliceSizes(input.gang, parts); !s.ok()) return s;
  if (absl::Status s = CheckTrees(parts); !s.ok()) return s;
  AddMembers(input, board, parts);
  const absl::StatusOr<std::vector<PodRules::Kind>> kinds = SetPodRules(input, parts, board);
  if (!kinds.ok()) return kinds.status();
  if (absl::Status s = AddClasses(input, *kinds, parts, board); !s.ok()) return s;
  if (absl::Status s = CheckSliceShapes(parts); !s.ok()) return s;
  MarkRequired(input.gang, Preference::kFirst, parts);
  return parts;
}

void MarkRequired(const Gang& gang, Preference preference, Parts& parts) {
  for (Member& member : parts.members) member.required = false;
  for (size_t p = parts.all.size(); p-- > 1;)
    Require(parts.all[p], parts.all[p].min_members, preference, parts);
  // What succeeded before this attempt satisfies nothing: the count knows.
  const GangCount count = Count(gang);
  const Part& whole = parts.all.front();
  const int64_t succeeded_of_this_attempt = count.satisfied - count.living;
  Require(whole, count.needed + whole.succeeded - succeeded_of_this_attempt, preference, parts);
}

bool HasChoice(const Parts& parts) {
  const bool slices = std::any_of(parts.all.begin(), parts.all.end(),
                                  [](const Part& part) { return !part.demand.slices.empty(); });
  const bool alike = parts.class_samples.size() == 1 && parts.all.size() == 1;
  return !slices && !alike && std::any_of(parts.members.begin(), parts.members.end(), [](const Member& m) {
    return !m.required && m.node == kNoNode;
  });
}

Board EmptyBoard(const PlanInput& input, const Parts& parts, const Board& board) {
  Board empty(input, Board::Room::kEmpty, &board);
  const std::vector<const Pod*> waiting = Waiting(parts);
  std::vector<PodRules::Kind> kinds(parts.class_samples.size(), PodRules::kNone);
  if (NeedsPodRules(input.view, input.ledger, input.kept, waiting)) {
    // MakeParts found no more kinds than there may be, and no fewer than here.
    PodRules rules = *PodRules::Make({.view = input.view,
                                      .ledger = input.ledger,
                                      .members = waiting,
                                      .kept = input.kept,
                                      .as_if_empty = true});
    for (size_t cls = 0; cls < kinds.size(); ++cls) {
      const auto at = std::find(waiting.begin(), waiting.end(), parts.class_samples[cls]);
      if (at != waiting.end()) kinds[cls] = rules.KindOf(static_cast<size_t>(at - waiting.begin()));
    }
    empty.SetPodRules(std::move(rules));
  }
  for (size_t cls = 0; cls < kinds.size(); ++cls) {
    const Pod& sample = *parts.class_samples[cls];
    empty.AddClass(sample.shape, kinds[cls], ClassesOf(input, sample), DemandOf(input.view, sample));
  }
  return empty;
}

}  // namespace muster
