// SPDX-License-Identifier: Apache-2.0
// YuniKorn's gangs: annotations of the pods list the task groups of the
// application, each with its minimum, and name the one that the pod is in.
//
// Source: yunikorn-k8shim 1.9 (not checked against its module): annotations
//         yunikorn.apache.org/task-groups (JSON: [{"name", "minMember",
//         "minResource"}]),
//         yunikorn.apache.org/task-group-name; labels yunikorn.apache.org/app-id,
//         applicationId, spark-app-selector. All but that as
//         github.com/ray-project/kuberay/ray-operator v1.5.0 writes them (checked),
//         controllers/ray/batchscheduler/yunikorn; of a cluster without an id,
//         which YuniKorn would make up, the pods go by its label ray.io/cluster.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_reader.h"
#include "scheduling/model/quantity.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "task-groups.yunikorn.apache.org";
constexpr absl::string_view kGroups = "yunikorn.apache.org/task-groups";
constexpr absl::string_view kGroup = "yunikorn.apache.org/task-group-name";

std::string ApplicationOf(const PodFacts& pod, PodReader& reader) {
  for (const char* key :
       {"yunikorn.apache.org/app-id", "applicationId", "spark-app-selector", "ray.io/cluster"}) {
    const std::string id = reader.Text(key).value_or("");
    if (!id.empty()) return id;
  }
  reader.Problem(absl::StrCat(kGroup, " needs yunikorn.apache.org/app-id beside it"));
  return std::string(pod.name);
}

// What a member of the group will ask for.
std::shared_ptr<const PodShape> ReadResources(const ObjectFields& group) {
  if (!group.At("minResource").Present()) return nullptr;
  PodShape shape;
  shape.requests.pods = 1;
  group.ForEachText("minResource", [&](const std::string& name, const std::string& text) {
    const absl::StatusOr<int64_t> amount = name == kCpu ? ParseMillis(text) : ParseUnits(text);
    if (!amount.ok()) return group.At("minResource").Reject(name, "a quantity such as 500m or 4Gi");
    if (*amount > 0) shape.requests.Set(name, *amount);
  });
  return std::make_shared<const PodShape>(std::move(shape));
}

void ReadGroups(const std::string& text, PodReader& reader, Membership& membership) {
  nlohmann::json groups;
  groups[std::string(kGroups)] = nlohmann::json::parse(text, nullptr, false);
  if (groups.front().is_discarded() || !groups.front().is_array()) {
    return reader.Problem(
        absl::StrCat(kGroups, " is ", Quoted(text), "; want JSON, a list of {\"name\", \"minMember\"}"));
  }
  std::string problem;
  int64_t minimum = 0;
  ObjectFields(groups, problem)
      .ForEach(
          kGroups,
          [&](const ObjectFields& group) {
            SubgroupSpec part;
            part.name = part.role = group.NeededText("name");
            part.min_members = group.NeededNumber("minMember", 0, kMaxMembers);
            // A driver makes its executors once it runs.
            if (part.name == "spark-executor") {
              part.stage = 1;
              part.like.shape = ReadResources(group);
              part.like.requests_only = true;
            }
            minimum += *part.min_members;
            membership.parts.push_back(std::move(part));
          },
          kMaxSubgroups);
  if (!problem.empty()) reader.Problem(problem);
  membership.min_members = std::max<int64_t>(1, minimum);
}

class YuniKornEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  bool ListsRoles() const override { return true; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto group = pod.annotations.find(kGroup);
    if (group == pod.annotations.end() || group->second.empty()) return std::nullopt;
    Membership membership;
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    membership.gang = GangId(pod.ns, ApplicationOf(pod, reader));
    membership.role = group->second;
    membership.rank = ControllerRank(pod);
    if (const auto groups = reader.Text(kGroups)) ReadGroups(*groups, reader, membership);
    return membership;
  }
};

}  // namespace

const Ecosystem& YuniKorn() {
  static const YuniKornEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
