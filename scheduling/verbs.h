// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/pod.h"

// The questions that kube-scheduler and other callers ask, and the answers, in
// Muster's own terms. The adapters translate them to HTTP and gRPC.
namespace muster {

// "On which of these nodes may this pod run?"
struct FilterCall {
  const Pod& pod;  // as the caller sees it; the view's own pod of this uid wins
  absl::Span<const absl::string_view> candidates;  // nodes that passed the caller's own filters
};

// Every candidate passes but those in `except`.
struct PassAll {
  std::vector<absl::string_view> except;  // names out of the call, in its order
};

// The pod has a seat, and it is among the candidates.
struct PassOne {
  NodeName node;
};

// No candidate passes, and evicting pods from one would not change that.
struct Refused {
  std::string text;  // byte-stable while the reason is the same
};

using FilterAnswer = std::variant<PassAll, PassOne, Refused>;

// Scores are in [0, kBestScore]: the extender protocol's range.
inline constexpr int64_t kBestScore = 10;

// "Bind this pod to this node."
struct BindCall {
  PodName pod;
  PodUid uid;
  NodeName node;
};

// A node that the caller would free by evicting `victims`.
struct EvictionOption {
  NodeName node;
  std::vector<PodUid> victims;
  int64_t pdb_violations = 0;  // the caller's count, handed back as it came
};

// "Which of these evictions for this pod are acceptable?" The answer is a
// subset of the options, each unchanged.
struct PreemptCall {
  const Pod& pod;
  std::vector<EvictionOption> options;
};

}  // namespace muster
