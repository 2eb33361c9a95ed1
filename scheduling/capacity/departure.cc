// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/departure.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster {
namespace {

struct KnownSign {
  enum class Where { kTaint, kCondition, kLabel };
  Where where;
  absl::string_view key;
  int64_t lead_seconds;  // 0: nobody says
  bool reclaimed;
  bool leaving = true;
};

using Where = KnownSign::Where;

// Sources, as of August 2026:
//   AWS        aws-node-termination-handler pkg/node/node.go; the notice of an interruption is 2 minutes
//   Karpenter  sigs.k8s.io/karpenter v1.14 pkg/apis/v1/taints.go
//   GKE        cloud.google.com docs, graceful termination of spot VMs: 30 s unless set otherwise
//   AKS        node-problem-detector; learn.microsoft.com scheduled events: Preempt at least 30 s,
//              Terminate 5 min, Redeploy 10 min, Reboot 15 min
//   CA         sigs.k8s.io/cluster-autoscaler pkg/utils/taints/taints.go
//   core       k8s.io/api core/v1 well_known_taints.go, cloud-provider api
constexpr std::array kSigns = {
    KnownSign{Where::kTaint, "aws-node-termination-handler/spot-itn", 120, true},
    KnownSign{Where::kTaint, "cloud.google.com/impending-node-termination", 30, true},
    KnownSign{Where::kCondition, "PreemptScheduled", 30, true},
    KnownSign{Where::kTaint, "aws-node-termination-handler/rebalance-recommendation", 0, true},
    KnownSign{Where::kTaint, "aws-node-termination-handler/asg-lifecycle-termination", 0, false},
    KnownSign{Where::kTaint, "aws-node-termination-handler/scheduled-maintenance", 0, false},
    KnownSign{Where::kLabel, "aws-node-termination-handler/action", 0, false},
    KnownSign{Where::kTaint, "karpenter.sh/disrupted", 0, false},
    KnownSign{Where::kTaint, "ToBeDeletedByClusterAutoscaler", 0, false},
    KnownSign{Where::kCondition, "TerminateScheduled", 300, false},
    KnownSign{Where::kCondition, "RedeployScheduled", 600, false},
    KnownSign{Where::kCondition, "RebootScheduled", 900, false},
    KnownSign{Where::kTaint, "node.kubernetes.io/out-of-service", 0, false},
    KnownSign{Where::kTaint, "node.cloudprovider.kubernetes.io/shutdown", 0, false},
    KnownSign{Where::kTaint, "karpenter.sh/unregistered", 0, false, false},
    KnownSign{Where::kTaint, "node.cloudprovider.kubernetes.io/uninitialized", 0, false, false},
};

constexpr absl::string_view kTerminationTimestamp = "karpenter.sh/nodeclaim-termination-timestamp";
constexpr absl::string_view kActionTime = "aws-node-termination-handler/action-time";

std::optional<absl::Time> UnixTime(absl::string_view text) {
  int64_t seconds = 0;
  constexpr int64_t kYear3000 = 32503680000;
  if (!absl::SimpleAtoi(text, &seconds) || seconds <= 0 || seconds > kYear3000) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

std::optional<absl::Time> TextTime(const Labels& map, absl::string_view key) {
  const auto at = map.find(key);
  absl::Time time;
  if (at == map.end() || !absl::ParseTime(absl::RFC3339_full, at->second, &time, nullptr))
    return std::nullopt;
  return time;
}

Departure Make(const KnownSign& sign, absl::string_view word) {
  Departure departure;
  departure.signal = absl::StrCat(word, " ", sign.key);
  departure.leaving = sign.leaving;
  departure.reclaimed = sign.reclaimed;
  departure.lead = absl::Seconds(sign.lead_seconds);
  return departure;
}

std::optional<Departure> Find(const KnownSign& sign, const NodeSigns& signs) {
  switch (sign.where) {
    case Where::kTaint: {
      const auto at = std::find_if(signs.taints.begin(), signs.taints.end(),
                                   [&](const Taint& taint) { return taint.key == sign.key; });
      if (at == signs.taints.end()) return std::nullopt;
      Departure found = Make(sign, "taint");
      if (sign.key == "ToBeDeletedByClusterAutoscaler") found.since = UnixTime(at->value);
      return found;
    }
    case Where::kCondition: {
      const auto at = std::find_if(signs.conditions.begin(), signs.conditions.end(),
                                   [&](const NodeCondition& c) { return c.type == sign.key; });
      if (at == signs.conditions.end()) return std::nullopt;
      Departure found = Make(sign, "condition");
      found.since = at->since;
      return found;
    }
    case Where::kLabel: {
      if (signs.labels.find(sign.key) == signs.labels.end()) return std::nullopt;
      Departure found = Make(sign, "label");
      const auto since = signs.labels.find(kActionTime);
      if (since != signs.labels.end()) found.since = UnixTime(since->second);
      return found;
    }
  }
  return std::nullopt;
}

// Whether `a` leaves less time than `b`, as far as is known before anybody saw them.
bool Sooner(const Departure& a, const Departure& b) {
  const auto left = [](const Departure& d) {
    return d.lead > absl::ZeroDuration() ? d.lead : absl::InfiniteDuration();
  };
  return left(a) < left(b);
}

}  // namespace

std::optional<Departure> DepartureOf(const NodeSigns& signs) {
  std::optional<Departure> first;
  for (const KnownSign& sign : kSigns) {
    std::optional<Departure> found = Find(sign, signs);
    if (found.has_value() && (!first.has_value() || Sooner(*found, *first))) first = std::move(found);
  }
  const std::optional<absl::Time> end = TextTime(signs.annotations, kTerminationTimestamp);
  if (!end.has_value()) return first;
  if (!first.has_value()) {
    first.emplace();
    first->signal = absl::StrCat("annotation ", kTerminationTimestamp);
  }
  // A shorter lead than Karpenter's own deadline is a provider's word.
  if (first->lead == absl::ZeroDuration()) first->deadline = end;
  return first;
}

bool IsDeletionCandidate(const std::vector<Taint>& taints) {
  return std::any_of(taints.begin(), taints.end(),
                     [](const Taint& taint) { return taint.key == "DeletionCandidateOfClusterAutoscaler"; });
}

}  // namespace muster
