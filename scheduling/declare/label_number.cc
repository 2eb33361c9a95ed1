// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/label_number.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::declare {
namespace {

const std::string* Find(const Labels& labels, absl::string_view key) {
  const auto at = labels.find(key);
  return at == labels.end() ? nullptr : &at->second;
}

}  // namespace

std::string Quoted(absl::string_view value) {
  constexpr size_t kShown = 80;
  return value.size() <= kShown
             ? absl::StrCat("\"", value, "\"")
             : absl::StrFormat("\"%s...\" (%d bytes)", value.substr(0, kShown), value.size());
}

absl::StatusOr<std::optional<std::string>> TextOf(const PodFacts& pod, absl::string_view key) {
  const std::string* label = Find(pod.labels, key);
  const std::string* annotation = Find(pod.annotations, key);
  if (label != nullptr && annotation != nullptr && *label != *annotation) {
    return absl::InvalidArgumentError(absl::StrFormat("label and annotation %s disagree: %s and %s", key,
                                                      Quoted(*label), Quoted(*annotation)));
  }
  if (label != nullptr) return std::optional<std::string>(*label);
  if (annotation != nullptr) return std::optional<std::string>(*annotation);
  return std::optional<std::string>();
}

absl::StatusOr<std::optional<int64_t>> NumberOf(const PodFacts& pod, absl::string_view key, int64_t low,
                                                int64_t high) {
  const auto text = TextOf(pod, key);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return std::optional<int64_t>();
  int64_t number = 0;
  if (!absl::SimpleAtoi(**text, &number) || number < low || number > high) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is %s; want a whole number from %d to %d", key, Quoted(**text), low, high));
  }
  return std::optional<int64_t>(number);
}

std::optional<int64_t> ControllerRank(const PodFacts& pod) {
  // Before the ordinals of the StatefulSets and Jobs that those are made of.
  for (const char* key : {"leaderworkerset.sigs.k8s.io/worker-index", "training.kubeflow.org/replica-index",
                          "ray.io/replica-host-index", "batch.kubernetes.io/job-completion-index",
                          "apps.kubernetes.io/pod-index"}) {
    const std::string* text = Find(pod.labels, key);
    if (text == nullptr) text = Find(pod.annotations, key);
    int64_t rank = 0;
    if (text != nullptr && absl::SimpleAtoi(*text, &rank) && rank >= 0) return rank;
  }
  return std::nullopt;
}

}  // namespace muster::declare
