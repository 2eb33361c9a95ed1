// SPDX-License-Identifier: Apache-2.0
#include "server/extender/verbs.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace muster {
namespace {

constexpr int kUnprocessable = 422;  // not 400, after which the connection is closed
constexpr int kUnavailable = 503;
constexpr int kInternal = 500;

VerbOutcome OutcomeOf(const FilterAnswer& answer) {
  if (std::holds_alternative<PassAll>(answer)) return VerbOutcome::kPassedAll;
  if (std::holds_alternative<PassOne>(answer)) return VerbOutcome::kPassedOne;
  return VerbOutcome::kRefused;
}

VerbOutcome OutcomeOf(const absl::Status& error) {
  return absl::IsInvalidArgument(error) ? VerbOutcome::kBadRequest : VerbOutcome::kNotReady;
}

int HttpStatus(const absl::Status& error) {
  return absl::IsInvalidArgument(error) ? kUnprocessable : kUnavailable;
}

// Counts a call from its construction to Ended().
class Counted {
 public:
  Counted(Metrics& metrics, Verb verb) : metrics_(metrics), verb_(verb) {}
  void Ended(VerbOutcome outcome) { metrics_.VerbEnded(verb_, outcome, absl::Now() - began_); }

 private:
  Metrics& metrics_;
  const Verb verb_;
  const absl::Time began_ = absl::Now();
};

// For the verbs whose answer has no room for an error.
Reply Failure(const absl::Status& error, Counted& counted) {
  counted.Ended(OutcomeOf(error));
  return {HttpStatus(error), EncodeBind(error)};
}

}  // namespace

Reply Verbs::Filter(const std::string& body) {
  Counted counted(metrics_, Verb::kFilter);
  absl::Status ready = service_.MayDecide();
  absl::StatusOr<NodesRequest> request = ready.ok() ? decoder_.DecodeNodes(body) : std::move(ready);
  if (!request.ok()) {
    counted.Ended(OutcomeOf(request.status()));
    return {200, EncodeFilterError(request.status().message())};
  }
  const FilterAnswer answer = service_.Filter(request->call());
  Reply reply{200, EncodeFilter(answer, request->candidates)};
  counted.Ended(OutcomeOf(answer));
  return reply;
}

Reply Verbs::Prioritize(const std::string& body) {
  Counted counted(metrics_, Verb::kPrioritize);
  absl::Status ready = service_.MayDecide();
  absl::StatusOr<NodesRequest> request = ready.ok() ? decoder_.DecodeNodes(body) : std::move(ready);
  if (!request.ok()) return Failure(request.status(), counted);
  const std::vector<int64_t> scores = service_.Prioritize(request->call());
  if (scores.size() != request->candidates.size()) {
    counted.Ended(VerbOutcome::kError);
    return {kInternal, EncodeBind(absl::InternalError(absl::StrCat(
                           scores.size(), " scores for ", request->candidates.size(), " candidates")))};
  }
  Reply reply{200, EncodeScores(request->candidates, scores)};
  counted.Ended(VerbOutcome::kAnswered);
  return reply;
}

Reply Verbs::Preempt(const std::string& body) {
  Counted counted(metrics_, Verb::kPreempt);
  absl::Status ready = service_.MayDecide();
  absl::StatusOr<PreemptRequest> request = ready.ok() ? decoder_.DecodePreempt(body) : std::move(ready);
  if (!request.ok()) return Failure(request.status(), counted);
  Reply reply{200, EncodeOptions(service_.Preempt(request->call()))};
  counted.Ended(VerbOutcome::kAnswered);
  return reply;
}

absl::StatusOr<BindCall> Verbs::DecodeBind(const std::string& body) {
  absl::Status ready = service_.MayDecide();
  if (!ready.ok()) return ready;
  return decoder_.DecodeBind(body);
}

}  // namespace muster
