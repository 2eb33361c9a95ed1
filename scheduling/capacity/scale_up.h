// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "scheduling/model/scale_up.h"

namespace muster {

// What an operator says about gangs that do not fit.
struct ScaleUpOptions {
  ScaleUpPolicy policy = ScaleUpPolicy::kUngate;  // of gangs that do not say
  absl::Duration delay = absl::Seconds(10);       // from the first refusal
  // After how long without its end a ProvisioningRequest is given up.
  absl::Duration answer_within = absl::Minutes(5);
  // How long the gang may still not fit once its nodes are said to be there:
  // Cluster Autoscaler keeps them free for others no longer than 10 minutes.
  absl::Duration settle = absl::Minutes(10);
  absl::Duration retry_after = absl::Minutes(10);  // once every candidate was tried
  // Pods of a lower priority than this hold room for gangs; at most 0.
  int32_t placeholders_below = 0;

  friend bool operator==(const ScaleUpOptions&, const ScaleUpOptions&) = default;
};

// How far the ProvisioningRequests for one gang are.
//
// Time: callers pass it in, never going back.
struct ScaleUpCourse {
  int64_t attempt = 0;  // the one that is open, or comes next
  bool open = false;    // it is asked for
  absl::Time since = absl::InfinitePast();
  absl::Time provisioned_since = absl::InfiniteFuture();
  absl::Time resume_at = absl::InfinitePast();  // not before, while none is open
  std::vector<std::string> given_up;            // why earlier ones were, oldest first; the last 16

  friend bool operator==(const ScaleUpCourse&, const ScaleUpCourse&) = default;
};

enum class ScaleUpStep {
  kWait,
  kAsk,     // the request of course.attempt is to be there
  kGiveUp,  // it was given up just now: its reason is the last of course.given_up
};

// What to do next. `request` is that of the open attempt as the cluster shows
// it, null if it shows none; `candidates` are what the attempts ask for, for
// people, in turns. REQUIRES: candidates is not empty.
ScaleUpStep Advance(ScaleUpCourse& course, const ProvisioningRequest* request,
                    absl::Span<const std::string> candidates, const ScaleUpOptions& options, absl::Time now);

// Gives up the open attempt for this reason.
void GiveUp(ScaleUpCourse& course, absl::Span<const std::string> candidates, const std::string& reason,
            const ScaleUpOptions& options, absl::Time now);

// Takes up a request from before a restart as the open attempt.
void Adopt(ScaleUpCourse& course, const ProvisioningRequest& request);

// Which of so many candidates an attempt is for.
size_t CandidateOf(int64_t attempt, size_t candidates);

// Where it stands, for people: the same text while nothing happens.
std::string Describe(const ScaleUpCourse& course, const ProvisioningRequest* request,
                     absl::Span<const std::string> candidates);

// What the request of this attempt is called: a DNS label, different for each
// gang of the namespace and each attempt.
std::string RequestName(const GangId& gang, int64_t attempt);

}  // namespace muster
