// SPDX-License-Identifier: Apache-2.0
// LeaderWorkerSet: each group, a leader and its workers, is a gang; it is called
// like its leader. The size is on the pods. Workers are created once the leader
// has a node where the group has a domain of its own, and once it is ready where
// the object says so (startupPolicy LeaderReady).
//
// Source: sigs.k8s.io/lws v0.8.0 (checked), api/leaderworkerset/v1,
//         leaderworkerset_types.go: labels leaderworkerset.sigs.k8s.io/{name,
//         group-index,worker-index,subgroup-index}, annotations .../{size,
//         leader-name,exclusive-topology,subgroup-size,
//         subgroup-exclusive-topology}; spec.startupPolicy,
//         spec.leaderWorkerTemplate.{size,workerTemplate}.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "LeaderWorkerSet.leaderworkerset.x-k8s.io";
constexpr absl::string_view kLabel = "leaderworkerset.sigs.k8s.io/name";
constexpr absl::string_view kExclusive = "leaderworkerset.sigs.k8s.io/exclusive-topology";
constexpr absl::string_view kSubgroupExclusive = "leaderworkerset.sigs.k8s.io/subgroup-exclusive-topology";

TopologyDemand OneDomainAlone(const std::string& level, absl::string_view said_by) {
  TopologyDemand demand;
  demand.said_by.fields = std::string(said_by);
  demand.required = demand.exclusive = level;
  return demand;
}

// The leader, and the workers that are created after it.
std::vector<SubgroupSpec> LeaderFirst(int64_t size) {
  std::vector<SubgroupSpec> parts(2);
  parts[0].name = parts[0].role = "leader";
  parts[0].size = 1;
  parts[1].name = parts[1].role = "worker";
  parts[1].size = size - 1;
  parts[1].stage = 1;
  parts[1].like.path = "/spec/leaderWorkerTemplate/workerTemplate";
  return parts;
}

void ReadSubgroup(PodReader& reader, Membership& membership) {
  const auto index = reader.Number("leaderworkerset.sigs.k8s.io/subgroup-index", 0, kMaxMembers);
  const auto level = reader.Text(kSubgroupExclusive);
  if (!index.has_value()) return;
  SubgroupSpec subgroup;
  subgroup.name = absl::StrCat("subgroup-", *index);
  if (level.has_value()) subgroup.topology = OneDomainAlone(*level, kSubgroupExclusive);
  membership.subgroups.push_back(std::move(subgroup));
}

class LeaderWorkerSetEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view controller() const override { return "leaderworkerset"; }
  // Without a template of its own the leader is one of its workers.
  bool RolesArePodSets() const override { return false; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto set = pod.labels.find(kLabel);
    if (set == pod.labels.end() || set->second.empty()) return std::nullopt;
    Membership membership;
    membership.declared_by = std::string(kName);
    membership.object = set->second;
    PodReader reader(pod, membership.problem);
    const auto leader = reader.Text("leaderworkerset.sigs.k8s.io/leader-name");
    membership.gang = GangId(pod.ns, leader.value_or(std::string(pod.name)));
    membership.role = leader.has_value() ? "worker" : "leader";
    membership.rank = leader.has_value() ? ControllerRank(pod) : 0;
    membership.size = reader.Number("leaderworkerset.sigs.k8s.io/size", 1, kMaxMembers);
    if (!membership.size.has_value()) {
      reader.Problem(absl::StrCat(kLabel, " needs leaderworkerset.sigs.k8s.io/size beside it"));
      return membership;
    }
    if (const auto level = reader.Text(kExclusive)) {
      membership.topology = OneDomainAlone(*level, kExclusive);
      membership.parts = LeaderFirst(*membership.size);
    }
    ReadSubgroup(reader, membership);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"leaderworkerset.x-k8s.io", {"v1"}, "leaderworkersets", "LeaderWorkerSet"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const int64_t size =
          NumberAt(object, "/spec/leaderWorkerTemplate/size", 1, kMaxMembers, declaration).value_or(1);
      declaration.min_members = size;
      declaration.size = size;
      const ObjectFields spec = root.At("spec");
      const bool alone = root.At("metadata").At("annotations").At(kExclusive).Present();
      if (alone || spec.Text("startupPolicy") == "LeaderReady") declaration.subgroups = LeaderFirst(size);
    });
  }
};

}  // namespace

const Ecosystem& LeaderWorkerSet() {
  static const LeaderWorkerSetEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
