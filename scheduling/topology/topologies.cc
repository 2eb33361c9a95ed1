// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/topologies.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

std::string Names(const Topologies& topologies) {
  if (topologies.all.empty()) return "none";
  return absl::StrJoin(topologies.all, "; ", [](std::string* out, const Topology& topology) {
    absl::StrAppendFormat(out, "%s (%s)", Shortened(topology.key.name), LevelNames(topology.tree.levels()));
  });
}

// What can't be used and why, to follow what there is; empty if nothing.
std::string UnusableNames(const Topologies& topologies) {
  constexpr int kMost = 3;
  std::string names;
  int count = 0;
  for (const TopologyProblem& problem : topologies.problems) {
    const bool used = std::any_of(topologies.all.begin(), topologies.all.end(),
                                  [&](const Topology& topology) { return topology.key == problem.key; });
    if (used || ++count > kMost) continue;
    absl::StrAppendFormat(&names, "; %s%s, %s", count == 1 ? "can't be used: " : "",
                          Shortened(problem.key.name), problem.text);
  }
  if (count > kMost) absl::StrAppendFormat(&names, "; and %d more", count - kMost);
  return names;
}

}  // namespace

absl::StatusOr<LevelRef> FindLevel(const Topologies& topologies, absl::string_view topology,
                                   absl::string_view text) {
  absl::Status missing;
  for (const Topology& candidate : topologies.all) {
    if (!topology.empty() && candidate.key.name != topology) continue;
    const absl::StatusOr<size_t> level = FindLevel(candidate.tree.levels(), text);
    if (level.ok()) return LevelRef{&candidate, *level};
    missing = level.status();
  }
  if (topology.empty()) {
    return absl::NotFoundError(absl::StrFormat("no topology has a level \"%s\"; there is %s%s",
                                               Shortened(text), Names(topologies),
                                               UnusableNames(topologies)));
  }
  if (!missing.ok()) {
    return absl::NotFoundError(absl::StrFormat("topology %s: %s", Shortened(topology), missing.message()));
  }
  for (const TopologyProblem& problem : topologies.problems) {
    if (problem.key.name == topology) {
      return absl::FailedPreconditionError(
          absl::StrFormat("topology %s can't be used: %s", Shortened(topology), problem.text));
    }
  }
  return absl::NotFoundError(
      absl::StrFormat("no topology \"%s\"; there is %s", Shortened(topology), Names(topologies)));
}

}  // namespace muster
