// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "scheduling/declare/ecosystem.h"

namespace muster::declare {

// Reads a pod's labels and annotations and remembers the first thing that is
// wrong, with the pod's name, in `problem`.
//
// Threads: thread-compatible. The pod and `problem` outlive this.
class PodReader {
 public:
  PodReader(const PodFacts& pod, std::string& problem) : pod_(pod), problem_(problem) {}

  // Under `key` of the labels or annotations; nullopt if it is absent or wrong.
  std::optional<std::string> Text(absl::string_view key);
  std::optional<int64_t> Number(absl::string_view key, int64_t low, int64_t high);
  // "true" or "false"; false if it is absent.
  bool Flag(absl::string_view key);

  void Problem(absl::string_view what);

 private:
  const PodFacts& pod_;
  std::string& problem_;
};

}  // namespace muster::declare
