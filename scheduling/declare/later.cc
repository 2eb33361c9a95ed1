// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/later.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/divide.h"

namespace muster::declare {
namespace {

bool IsLater(const SubgroupSpec& spec, int32_t reached) {
  return spec.stage > reached && spec.parent.empty();
}

// How many members the part lacks of its minimum.
int64_t Missing(const SubgroupSpec& spec, const Gang& gang) {
  const std::vector<size_t> members = MembersIn(gang, spec);
  const auto exist = std::count_if(members.begin(), members.end(),
                                   [&](size_t m) { return gang.members[m]->phase != PodPhase::kFailed; });
  return std::max<int64_t>(0, Needed(spec) - exist);
}

// Makes the labels those of a pod that the part has in it.
void Satisfy(absl::Span<const LabelRequirement> selector, Labels& labels) {
  for (const LabelRequirement& requirement : selector) {
    if (requirement.op == LabelRequirement::Op::kIn && !requirement.values.empty()) {
      labels[requirement.key] = requirement.values.front();
    } else if (requirement.op == LabelRequirement::Op::kNotIn) {
      labels.erase(requirement.key);
    }
  }
}

// Members of the part's role, which the others will be near; or any member.
std::vector<const Pod*> Examples(const SubgroupSpec& spec, const Gang& gang) {
  std::vector<const Pod*> examples;
  for (const auto& member : gang.members) {
    if (member->phase != PodPhase::kFailed && member->membership->role == spec.role) {
      examples.push_back(member.get());
    }
  }
  if (examples.empty()) examples.push_back(gang.members.front().get());
  return examples;
}

std::shared_ptr<const Pod> MemberLike(const Pod& example, const SubgroupSpec& spec, const std::string& name) {
  Pod pod = example;
  pod.name = PodName(example.name.ns(), name);
  pod.uid = PodUid(pod.name.text());
  pod.node = pod.nominated = NodeName();
  pod.phase = PodPhase::kPending;
  pod.deleting = pod.started = false;
  pod.gates.clear();
  if (spec.like.requests_only) {
    pod.shape.requests = spec.like.shape->requests;
  } else {
    pod.shape = *spec.like.shape;
  }
  pod.membership->rank.reset();
  if (pod.membership->role != spec.role) {
    pod.membership->role = spec.role;
    pod.membership->subgroups.clear();
    pod.membership->block = 0;
  }
  Satisfy(spec.selector, pod.labels);
  return std::make_shared<const Pod>(std::move(pod));
}

}  // namespace

Later CountLater(absl::Span<const SubgroupSpec> specs, const Gang& gang, int32_t reached) {
  Later later{.after = reached, .known = true};
  for (const SubgroupSpec& spec : specs) {
    const int64_t missing = IsLater(spec, reached) ? Missing(spec, gang) : 0;
    if (missing == 0) continue;
    later.count += missing;
    later.parts.push_back(spec.name);
    later.after_end |= spec.after_end;
    later.known &= spec.like.shape != nullptr;
  }
  later.known &= later.count <= kMaxMembers;
  return later;
}

MemberList LaterMembers(absl::Span<const SubgroupSpec> specs, const Gang& gang) {
  MemberList members;
  for (const SubgroupSpec& spec : specs) {
    if (!IsLater(spec, gang.later.after)) continue;
    const std::vector<const Pod*> examples = Examples(spec, gang);
    const int64_t missing = Missing(spec, gang);
    for (int64_t n = 0; n < missing; ++n) {
      const Pod& example = *examples[static_cast<size_t>(n) % examples.size()];
      members.push_back(MemberLike(example, spec, absl::StrCat(gang.id.name(), "/", spec.name, "/", n)));
    }
  }
  return members;
}

}  // namespace muster::declare
