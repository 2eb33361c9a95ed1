// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/capacity_wish.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24 * 365);
constexpr int64_t kMostBase = 1'000'000;

std::optional<absl::Duration> ReadDuration(absl::string_view key, PodReader& reader) {
  const std::optional<std::string> text = reader.Text(key);
  absl::Duration parsed;
  if (!text.has_value()) return std::nullopt;
  if (absl::ParseDuration(*text, &parsed) && parsed > absl::ZeroDuration() && parsed <= kLongest)
    return parsed;
  reader.Problem(
      absl::StrCat(key, " is ", Quoted(*text), "; want a duration such as 90s, 10m or 8h, at most 8760h"));
  return std::nullopt;
}

// One word of a mix. False if it is none.
bool ReadMixWord(absl::string_view word, CapacityMix& mix) {
  if (word == "strict" || word == "prefer") {
    mix.strict = word == "strict";
    return true;
  }
  const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(word, absl::MaxSplits('=', 1));
  const auto [name, value] = pair;
  if (name == "base") return absl::SimpleAtoi(value, &mix.base) && mix.base >= 0 && mix.base <= kMostBase;
  if (name == "percent") {
    return absl::SimpleAtoi(value, &mix.percent_above) && mix.percent_above >= 0 && mix.percent_above <= 100;
  }
  if (name == "count") {
    mix.count_gpus = value == "gpus";
    return value == "gpus" || value == "pods";
  }
  if (name != "fallback") return false;
  return absl::ParseDuration(value, &mix.fallback) && mix.fallback >= absl::ZeroDuration() &&
         mix.fallback <= kLongest;
}

std::optional<CapacityMix> ReadMix(PodReader& reader) {
  constexpr absl::string_view kKey = "muster.dev/capacity-mix";
  const std::optional<std::string> text = reader.Text(kKey);
  if (!text.has_value()) return std::nullopt;
  CapacityMix mix;
  for (const absl::string_view word : absl::StrSplit(*text, ',')) {
    if (ReadMixWord(word, mix)) continue;
    reader.Problem(absl::StrCat(kKey, " is ", Quoted(*text), "; what is wrong is ", Quoted(word),
                                "; want base=NUMBER,percent=0 to 100,count=pods or gpus,strict or prefer,"
                                "fallback=DURATION, such as base=3,percent=50"));
    return std::nullopt;
  }
  return mix;
}

std::optional<CapacityPolicy> ReadPolicy(PodReader& reader) {
  const std::optional<std::string> text = reader.Text("muster.dev/capacity");
  if (!text.has_value()) return std::nullopt;
  const std::optional<CapacityPolicy> policy = CapacityPolicyNamed(*text);
  if (!policy.has_value()) {
    reader.Problem(absl::StrCat("muster.dev/capacity is ", Quoted(*text),
                                "; want any, spot, on-demand, prefer-spot or prefer-on-demand"));
  }
  return policy;
}

std::optional<bool> ReadLeaders(PodReader& reader) {
  const std::optional<std::string> text = reader.Text("muster.dev/capacity-leaders");
  if (!text.has_value()) return std::nullopt;
  if (*text != "on-demand" && *text != "same") {
    reader.Problem(
        absl::StrCat("muster.dev/capacity-leaders is ", Quoted(*text), "; want on-demand or same"));
  }
  return *text == "on-demand";
}

std::optional<ScaleUpPolicy> ReadScaleUp(PodReader& reader) {
  const std::optional<std::string> text = reader.Text("muster.dev/scale-up");
  if (!text.has_value()) return std::nullopt;
  const std::optional<ScaleUpPolicy> policy = ScaleUpPolicyNamed(*text);
  if (!policy.has_value()) {
    reader.Problem(absl::StrCat("muster.dev/scale-up is ", Quoted(*text),
                                "; want never, ungate or provisioning-request"));
  }
  return policy;
}

std::optional<bool> ReadMoves(PodReader& reader) {
  const std::optional<std::string> text = reader.Text("muster.dev/when-leaving");
  if (!text.has_value()) return std::nullopt;
  if (*text != "move" && *text != "report") {
    reader.Problem(absl::StrCat("muster.dev/when-leaving is ", Quoted(*text), "; want move or report"));
  }
  return *text == "move";
}

std::string ValueOf(const Labels& map, absl::string_view key) {
  const auto at = map.find(key);
  return at == map.end() ? "" : at->second;
}

// What others read on pods. Values that they would not understand say nothing.
//
// Sources: cluster-autoscaler FAQ; sigs.k8s.io/karpenter v1.14 pkg/utils/pod/scheduling.go, where the
//          value is "true" or a duration; docs.spot.io; docs.cast.ai.
void ReadOthers(const PodFacts& pod, CapacityWish& wish) {
  const std::string evict = ValueOf(pod.annotations, "cluster-autoscaler.kubernetes.io/safe-to-evict");
  const std::string disrupt = ValueOf(pod.annotations, "karpenter.sh/do-not-disrupt");
  absl::Duration protects;
  wish.must_stay = evict == "false" || disrupt == "true" ||
                   (absl::ParseDuration(disrupt, &protects) && protects > absl::ZeroDuration()) ||
                   ValueOf(pod.labels, "spotinst.io/restrict-scale-down") == "true";
  wish.may_go = evict == "true" || ValueOf(pod.labels, "scheduling.cast.ai/lifecycle") == "spot" ||
                ValueOf(pod.annotations, "scheduling.cast.ai/lifecycle") == "spot";
}

bool IsIngress(const PodFacts& pod) {
  static constexpr std::array<absl::string_view, 8> kControllers = {
      "ingress-nginx", "nginx-ingress",        "traefik",      "haproxy-ingress", "contour",
      "kong",          "istio-ingressgateway", "envoy-gateway"};
  for (const absl::string_view key : {"app.kubernetes.io/name", "app", "k8s-app"}) {
    const std::string value = ValueOf(pod.labels, key);
    if (std::find(kControllers.begin(), kControllers.end(), value) != kControllers.end()) return true;
  }
  return false;
}

}  // namespace

CapacityWish ReadCapacityWish(const PodFacts& pod) {
  CapacityWish wish;
  PodReader reader(pod, wish.problem);
  wish.policy = ReadPolicy(reader);
  wish.mix = ReadMix(reader);
  wish.leaders_on_demand = ReadLeaders(reader);
  wish.scale_up = ReadScaleUp(reader);
  wish.moves = ReadMoves(reader);
  wish.run_time = ReadDuration("muster.dev/run-time", reader);
  wish.checkpoint_interval = ReadDuration("muster.dev/checkpoint-interval", reader);
  wish.restart_time = ReadDuration("muster.dev/restart-time", reader);
  ReadOthers(pod, wish);
  wish.is_ingress = IsIngress(pod);
  return wish;
}

}  // namespace muster::declare
