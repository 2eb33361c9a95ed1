// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/gpu_advice.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "scheduling/dra/demand.h"
#include "scheduling/gpu/inventory.h"
#include "scheduling/gpu/mig_advice.h"

namespace muster {
namespace {

// Of each kind, the most that are told; more say no more.
constexpr size_t kMostNotes = 5;
constexpr size_t kMostAdvice = 3;

std::set<std::string> GpusAskedFor(const Gang& gang) {
  std::set<std::string> resources;
  for (const auto& member : gang.members) {
    if (!member->pending()) continue;
    for (const auto& [resource, amount] : member->shape.requests.scalars) {
      if (amount > 0 && IsGpuResource(resource)) resources.insert(resource);
    }
  }
  return resources;
}

// Published placements that are not those that are known.
void AddNotesOnDevices(const PlanInput& input, Refusal& refusal) {
  const bool claims = std::any_of(
      input.gang.members.begin(), input.gang.members.end(),
      [&](const auto& member) { return member->pending() && !DemandOf(input.view, *member).claims.empty(); });
  if (!claims) return;
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState&) {
    const std::string problem = ProblemOfDevices(input.view, name);
    if (problem.empty() || refusal.notes.size() >= kMostNotes) return;
    refusal.notes.push_back(absl::StrCat("node ", name.text(), ": ", problem));
  });
}

void AddNotes(const PlanInput& input, const std::set<std::string>& asked, Refusal& refusal) {
  int64_t more = 0;
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr || !state.node->gpus.has_value()) return;
    const GpuInventory& gpus = *state.node->gpus;
    const bool offers = std::any_of(asked.begin(), asked.end(), [&](const std::string& resource) {
      return gpus.Find(resource) != nullptr;
    });
    if (!offers || gpus.problems.empty()) return;
    if (refusal.notes.size() == kMostNotes) {
      ++more;
      return;
    }
    refusal.notes.push_back(absl::StrCat("node ", name.text(), ": ", gpus.problems.front().text));
  });
  if (more > 0) refusal.notes.push_back(absl::StrCat("and ", more, " more nodes"));
}

// How many instances of `resource` pods of lower priority than the gang have on
// a node, and whose they are.
struct Holders {
  int64_t instances = 0;
  std::vector<std::string> pods;
};

Holders LowerHolders(const PlanInput& input, const NodeState& state, const std::string& resource) {
  Holders holders;
  for (const auto& pod : state.pods) {
    const int64_t amount = pod->shape.requests.Get(resource);
    if (amount <= 0 || pod->deleting || pod->priority >= input.gang.priority) continue;
    holders.instances += amount;
    holders.pods.push_back(pod->name.text());
  }
  return holders;
}

using Option = std::tuple<int64_t, int64_t, Advice>;  // the best ones are the least

void Consider(const PlanInput& input, const NodeState& state, const std::string& resource,
              std::vector<Option>& options) {
  const std::string& name = state.node->name.text();
  const absl::string_view profile = absl::StripPrefix(resource, "nvidia.com/mig-");
  if (const auto room = FindMigRoom(*state.node->gpus, state.free, profile)) {
    const bool cut = room->whole > 0;
    const int64_t gpus = cut ? room->whole : room->idle;
    options.emplace_back(
        cut ? 0 : 1, -gpus,
        Advice{cut ? Advice::Kind::kCut : Advice::Kind::kRecut,
               absl::StrFormat("on node %s %d %s; one cut anew has up to %d of %s", name, gpus,
                               cut ? "whole GPUs are free" : "GPUs have no instance in use", room->each,
                               profile)});
  }
  const Holders holders = LowerHolders(input, state, resource);
  if (holders.pods.empty()) return;
  const size_t shown = std::min<size_t>(holders.pods.size(), 3);
  options.emplace_back(
      2, static_cast<int64_t>(holders.pods.size()),
      Advice{
          Advice::Kind::kEvict,
          absl::StrFormat("on node %s %d of %s are held at lower priority, by %s%s", name, holders.instances,
                          profile, absl::StrJoin(holders.pods.begin(), holders.pods.begin() + shown, ", "),
                          holders.pods.size() > shown ? " and others" : "")});
}

void AddAdvice(const PlanInput& input, const std::string& resource, Refusal& refusal) {
  std::vector<Option> options;
  input.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node != nullptr && state.node->gpus.has_value()) Consider(input, state, resource, options);
  });
  std::stable_sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  for (size_t i = 0; i < std::min(options.size(), kMostAdvice); ++i) {
    refusal.advice.push_back(std::move(std::get<2>(options[i])));
  }
}

}  // namespace

void AdviseOnGpus(const PlanInput& input, Refusal& refusal) {
  if (refusal.kind != Refusal::Kind::kNoRoom && refusal.kind != Refusal::Kind::kNeverFits) return;
  AddNotesOnDevices(input, refusal);
  const std::set<std::string> asked = GpusAskedFor(input.gang);
  if (asked.empty()) return;
  AddNotes(input, asked, refusal);
  for (const std::string& resource : asked) {
    const bool lacks =
        std::any_of(refusal.excluded.begin(), refusal.excluded.end(), [&](const Exclusion& exclusion) {
          return exclusion.cause == absl::StrCat("insufficient ", resource);
        });
    if (lacks && absl::StartsWith(resource, "nvidia.com/mig-") && !absl::EndsWith(resource, ".shared")) {
      AddAdvice(input, resource, refusal);
    }
  }
}

}  // namespace muster
