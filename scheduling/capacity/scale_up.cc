// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/scale_up.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr size_t kMostReasons = 16;
constexpr size_t kLongestMessage = 300;

using Condition = ProvisioningRequest::Condition;

std::string Said(const Condition& condition) {
  return absl::StrCat(condition.reason, condition.message.empty() ? "" : ": ",
                      condition.message.substr(0, kLongestMessage));
}

// Why the request is over; empty while it is not.
std::string WhyOver(const ProvisioningRequest* request, const ScaleUpCourse& course,
                    const ScaleUpOptions& options, absl::Time now) {
  if (request != nullptr) {
    if (request->failed.holds()) return absl::StrCat("it failed: ", Said(request->failed));
    if (request->capacity_revoked.holds())
      return absl::StrCat("its capacity was revoked: ", Said(request->capacity_revoked));
    if (request->booking_expired.holds())
      return absl::StrCat("its booking expired: ", Said(request->booking_expired));
    const Condition& provisioned = request->provisioned;
    if (provisioned.state == Condition::State::kFalse && provisioned.reason == "CapacityIsNotFound")
      return Said(provisioned);
  }
  if (now - course.provisioned_since > options.settle) {
    return absl::StrCat("its nodes were provisioned, and the gang still did not fit after ",
                        absl::FormatDuration(options.settle));
  }
  if (course.provisioned_since != absl::InfiniteFuture() || now - course.since <= options.answer_within)
    return "";
  const std::string within = absl::FormatDuration(options.answer_within);
  if (request != nullptr && request->accepted.holds())
    return absl::StrCat("it was accepted, and nothing came within ", within);
  return absl::StrCat("nobody answered within ", within,
                      "; does Cluster Autoscaler run with --enable-provisioning-requests?");
}

}  // namespace

size_t CandidateOf(int64_t attempt, size_t candidates) {
  return static_cast<size_t>(attempt) % std::max<size_t>(candidates, 1);
}

void GiveUp(ScaleUpCourse& course, absl::Span<const std::string> candidates, const std::string& reason,
            const ScaleUpOptions& options, absl::Time now) {
  const size_t candidate = CandidateOf(course.attempt, candidates.size());
  course.given_up.push_back(absl::StrCat(candidates[candidate], ": ", reason));
  if (course.given_up.size() > kMostReasons) course.given_up.erase(course.given_up.begin());
  course.open = false;
  course.provisioned_since = absl::InfiniteFuture();
  ++course.attempt;
  const bool all_tried = candidate + 1 == candidates.size();
  course.resume_at = all_tried ? now + options.retry_after : now;
}

ScaleUpStep Advance(ScaleUpCourse& course, const ProvisioningRequest* request,
                    absl::Span<const std::string> candidates, const ScaleUpOptions& options, absl::Time now) {
  if (!course.open) {
    if (now < course.resume_at) return ScaleUpStep::kWait;
    course.open = true;
    course.since = now;
    return ScaleUpStep::kAsk;
  }
  if (request != nullptr && request->provisioned.holds())
    course.provisioned_since = std::min(course.provisioned_since, now);
  const std::string reason = WhyOver(request, course, options, now);
  if (reason.empty()) return request == nullptr ? ScaleUpStep::kAsk : ScaleUpStep::kWait;
  GiveUp(course, candidates, reason, options, now);
  return ScaleUpStep::kGiveUp;
}

void Adopt(ScaleUpCourse& course, const ProvisioningRequest& request) {
  course.attempt = request.attempt;
  course.open = true;
  course.since = request.created;
}

std::string Describe(const ScaleUpCourse& course, const ProvisioningRequest* request,
                     absl::Span<const std::string> candidates) {
  if (!course.open) {
    if (course.given_up.empty()) return "";
    return absl::StrCat("every candidate was tried; the next request comes after ",
                        absl::FormatTime(absl::RFC3339_sec, course.resume_at, absl::UTCTimeZone()));
  }
  std::string state = "not answered yet";
  if (request == nullptr) {
    state = "being written";
  } else if (request->provisioned.holds()) {
    state = "provisioned, its nodes are waited for";
  } else if (request->accepted.holds()) {
    state = "accepted";
  }
  return absl::StrCat("asked for ", candidates[CandidateOf(course.attempt, candidates.size())], ": ", state);
}

std::string RequestName(const GangId& gang, int64_t attempt) {
  constexpr size_t kLongest = 40;  // with hash and number at most 63
  std::string name = "muster-";
  for (const char c : gang.name().substr(0, kLongest)) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c));
    name += plain ? absl::ascii_tolower(static_cast<unsigned char>(c)) : '-';
  }
  // FNV-1a: what was replaced or cut off still makes a difference.
  uint32_t hash = 2166136261U;
  for (const char c : gang.text()) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return absl::StrCat(name, "-", absl::Hex(hash & 0xffffffU, absl::kZeroPad6), "-", attempt);
}

}  // namespace muster
