// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/replay/trace.h"

namespace muster::replay {

// Where a pod goes, and what is left of the node then.
struct Placement {
  size_t node = 0;
  Room left;
};

// A way to choose nodes for pods that come one by one. Ties go to the first node.
//
// Threads: thread-compatible.
class Policy {
 public:
  virtual ~Policy() = default;

  // Where the pod goes; unset exactly if no node has room for it.
  virtual std::optional<Placement> Choose(const Ask& pod) = 0;
  // The pod goes there.
  virtual void Place(const Placement& placement) = 0;
};

// The names of all policies, Muster's own first:
//   muster     the engine's own choice (scheduling/choice)
//   first-fit  the first node that has room, the first GPU on it
//   best-fit   the node with the least left over, of GPUs and CPU as parts of
//              the largest node's, each counted half; the tightest GPU on it
//   fgd        the least growth of fragmentation (Weng et al., USENIX ATC 2023),
//              judged by the pods that are 95 % of the trace, in steps of 1 %
//   hami       HAMi's order: the node that is used most; the emptiest GPU on it
absl::Span<const absl::string_view> PolicyNames();

// Null if there is no policy of this name. `trace` must outlive it.
std::unique_ptr<Policy> MakePolicy(absl::string_view name, const Trace& trace);

}  // namespace muster::replay
