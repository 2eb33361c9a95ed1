// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/scale_up.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/capacity/scale_up_candidates.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::At;
using State = ProvisioningRequest::Condition::State;

const std::vector<std::string> kBoth = {"spot", "on-demand"};

struct Course : testing::Test {
  ScaleUpStep Next(absl::Duration at, const ProvisioningRequest* request = nullptr) {
    return Advance(course, request, kBoth, options, At(at));
  }

  ScaleUpOptions options;
  ScaleUpCourse course;
};

TEST_F(Course, AsksUntilTheRequestIsThereAndThenWaits) {
  EXPECT_EQ(Next(absl::Seconds(0)), ScaleUpStep::kAsk);
  EXPECT_EQ(Next(absl::Seconds(1)), ScaleUpStep::kAsk);
  const ProvisioningRequest silent;
  EXPECT_EQ(Next(absl::Seconds(2), &silent), ScaleUpStep::kWait);
  EXPECT_EQ(Describe(course, &silent, kBoth), "asked for spot: not answered yet");
}

TEST_F(Course, EachEndIsAReasonForTheNextCandidate) {
  struct Case {
    ProvisioningRequest::Condition ProvisioningRequest::*condition;
    State state;
    const char* reason;
    const char* want;
  };
  for (const Case& c : {
           Case{&ProvisioningRequest::failed, State::kTrue, "Expired", "spot: it failed: Expired: because"},
           Case{&ProvisioningRequest::booking_expired, State::kTrue, "Late",
                "spot: its booking expired: Late: because"},
           Case{&ProvisioningRequest::capacity_revoked, State::kTrue, "Gone",
                "spot: its capacity was revoked: Gone: because"},
           Case{&ProvisioningRequest::provisioned, State::kFalse, "CapacityIsNotFound",
                "spot: CapacityIsNotFound: because"},
       }) {
    course = {};
    Next(absl::Seconds(0));
    ProvisioningRequest request;
    request.*c.condition = {c.state, c.reason, "because"};
    EXPECT_EQ(Next(absl::Seconds(1), &request), ScaleUpStep::kGiveUp) << c.want;
    EXPECT_THAT(course.given_up, testing::ElementsAre(c.want));
    EXPECT_EQ(Next(absl::Seconds(1)), ScaleUpStep::kAsk);
    EXPECT_EQ(course.attempt, 1);
  }
}

TEST_F(Course, OtherConditionsAreNoEnd) {
  Next(absl::Seconds(0));
  ProvisioningRequest request;
  request.failed = {State::kFalse, "X", ""};
  request.provisioned = {State::kFalse, "FailedToCheckCapacity", ""};
  EXPECT_EQ(Next(absl::Seconds(1), &request), ScaleUpStep::kWait);
}

TEST_F(Course, SilenceEndsAndSaysWhetherItWasAccepted) {
  Next(absl::Seconds(0));
  ProvisioningRequest request;
  EXPECT_EQ(Next(absl::Minutes(5), &request), ScaleUpStep::kWait);
  EXPECT_EQ(Next(absl::Minutes(5) + absl::Seconds(1), &request), ScaleUpStep::kGiveUp);
  Next(absl::Minutes(6));
  request.accepted = {State::kTrue, "Accepted", ""};
  EXPECT_EQ(Next(absl::Minutes(12), &request), ScaleUpStep::kGiveUp);
  EXPECT_THAT(course.given_up,
              testing::ElementsAre("spot: nobody answered within 5m; does Cluster Autoscaler run with "
                                   "--enable-provisioning-requests?",
                                   "on-demand: it was accepted, and nothing came within 5m"));
}

TEST_F(Course, OnceAllWereTriedItRestsAndBeginsAnewUnderAnotherNumber) {
  ProvisioningRequest failed;
  failed.failed = {State::kTrue, "No", ""};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Next(absl::Seconds(i)), ScaleUpStep::kAsk);
    EXPECT_EQ(Next(absl::Seconds(i), &failed), ScaleUpStep::kGiveUp);
  }
  EXPECT_EQ(Next(absl::Minutes(10)), ScaleUpStep::kWait);
  EXPECT_EQ(Next(absl::Minutes(10) + absl::Seconds(1)), ScaleUpStep::kAsk);
  EXPECT_EQ(course.attempt, 2);
  EXPECT_EQ(CandidateOf(course.attempt, 2), 0);
}

TEST_F(Course, KeepsNoMoreThanTheLastReasons) {
  ProvisioningRequest failed;
  failed.failed = {State::kTrue, std::string(1000, 'x'), std::string(100'000, 'y')};
  for (int i = 0; i < 1000; ++i) {
    Next(absl::Hours(i));
    Next(absl::Hours(i), &failed);
  }
  EXPECT_EQ(course.given_up.size(), 16);
  EXPECT_LT(course.given_up.back().size(), 2000);
}

TEST_F(Course, WhatWasAskedBeforeARestartIsTakenUp) {
  ProvisioningRequest request;
  request.attempt = 3;
  request.created = At(absl::Seconds(0));
  Adopt(course, request);
  EXPECT_EQ(Next(absl::Minutes(4), &request), ScaleUpStep::kWait);
  EXPECT_EQ(Next(absl::Minutes(6), &request), ScaleUpStep::kGiveUp);
  EXPECT_THAT(course.given_up, testing::ElementsAre(testing::StartsWith("on-demand: nobody answered")));
}

TEST(RequestName, IsALabelAndDiffersForEachGangAndAttempt) {
  std::set<std::string> names;
  for (const std::string gang : {"train", "Train", "jobset:train", "jobset-train", "träin", "a.b", "a-b"}) {
    for (const int attempt : {0, 1, 123456}) names.insert(RequestName(GangId("ml", gang), attempt));
  }
  names.insert(RequestName(GangId("ml", std::string(300, 'x')), 99'999'999));
  EXPECT_EQ(names.size(), 22);
  for (const std::string& name : names) {
    EXPECT_LE(name.size(), 63) << name;
    EXPECT_THAT(name, testing::MatchesRegex("[a-z0-9]([-a-z0-9]*[a-z0-9])?"));
  }
}

class Candidates : public testing::Test {
 protected:
  Gang GangWith(std::vector<std::optional<CapacityPolicy>> policies) {
    Gang gang;
    gang.id = GangId("default", "train");
    for (size_t i = 0; i < policies.size(); ++i) {
      Pod pod = test::MemberOf("train", static_cast<int64_t>(policies.size()), static_cast<int64_t>(i), 8);
      pod.capacity.policy = policies[i];
      gang.members.push_back(std::make_shared<const Pod>(std::move(pod)));
    }
    return gang;
  }
  std::vector<std::string> Texts(const Gang& gang) {
    std::vector<std::string> texts;
    for (const auto& c : ScaleUpCandidates(ClusterView(), gang, options_, At(absl::ZeroDuration())))
      texts.push_back(c.text);
    return texts;
  }
  CapacityOptions options_;
};

TEST_F(Candidates, FollowThePolicy) {
  using P = CapacityPolicy;
  EXPECT_THAT(Texts(GangWith({P::kSpot})), testing::ElementsAre("spot"));
  EXPECT_THAT(Texts(GangWith({P::kOnDemand})), testing::ElementsAre("on-demand"));
  EXPECT_THAT(Texts(GangWith({P::kPreferSpot})), testing::ElementsAre("spot", "on-demand"));
  EXPECT_THAT(Texts(GangWith({P::kPreferOnDemand})), testing::ElementsAre("on-demand", "spot"));
  EXPECT_THAT(Texts(GangWith({P::kAny})), testing::ElementsAre("any capacity"));
  EXPECT_THAT(Texts(GangWith({std::nullopt})), testing::ElementsAre("spot", "on-demand"));
  EXPECT_THAT(Texts(GangWith({P::kOnDemand, P::kPreferSpot})),
              testing::ElementsAre("on-demand and spot by role", "on-demand"));
}

// The terms, looked at as a node selector of a template does.
bool Allows(const std::vector<NodeSelectorTerm>& terms, const Labels& labels) {
  return std::any_of(terms.begin(), terms.end(),
                     [&](const auto& term) { return Matches(term, "n", labels); });
}

TEST_F(Candidates, TheirTermsHoldForNodesOfEveryProvider) {
  struct Case {
    Labels labels;
    bool spot;
  };
  const auto spot = TermsOf(kSpotOnly, {});
  const auto stays = TermsOf(kStays, {});
  for (const Case& c : {Case{{{"karpenter.sh/capacity-type", "spot"}}, true},
                        Case{{{"karpenter.sh/capacity-type", "on-demand"}}, false},
                        Case{{{"eks.amazonaws.com/capacityType", "SPOT"}}, true},
                        Case{{{"eks.amazonaws.com/capacityType", "ON_DEMAND"}}, false},
                        Case{{{"cloud.google.com/gke-spot", "true"}}, true},
                        Case{{{"kubernetes.azure.com/scalesetpriority", "spot"}}, true},
                        Case{{{"spotinst.io/node-lifecycle", "od"}}, false}, Case{{}, false}}) {
    EXPECT_EQ(Allows(spot, c.labels), c.spot);
    EXPECT_EQ(Allows(stays, c.labels), !c.spot);
  }
  EXPECT_TRUE(TermsOf(ClassSet::All(), {}).empty());
  const ClassOptions own{.rules = {{"pool", {"cheap"}, CapacityClass::kSpot}},
                         .otherwise = CapacityClass::kUnknown};
  EXPECT_TRUE(Allows(TermsOf(kSpotOnly, own), {{"pool", "cheap"}}));
  EXPECT_FALSE(Allows(TermsOf(kStays, own), {{"pool", "cheap"}}));
}

TEST_F(Candidates, OfNodesThatAreKeptIsBoughtWhatSaysThatItIs) {
  const auto kept = TermsOf(kKept, {});
  EXPECT_TRUE(Allows(kept, {{"karpenter.sh/capacity-type", "reserved"}}));
  EXPECT_TRUE(Allows(kept, {{"cloud.google.com/gke-nodepool", "p"}}));
  EXPECT_FALSE(Allows(kept, {{"cloud.google.com/gke-nodepool", "p"}, {"cloud.google.com/gke-spot", "true"}}));
  EXPECT_FALSE(Allows(kept, {})) << "the planner would not use it";
  const ClassOptions unlabelled{.rules = {}, .otherwise = CapacityClass::kOnDemand};
  EXPECT_TRUE(Allows(TermsOf(kKept, unlabelled), {}));
  EXPECT_FALSE(Allows(TermsOf(kKept, unlabelled), {{"karpenter.sh/capacity-type", "spot"}}));
  // What an operator says of a label counts before what its provider means by it.
  const ClassOptions own{.rules = {{"pool", {"cheap"}, CapacityClass::kSpot}},
                         .otherwise = CapacityClass::kUnknown};
  EXPECT_FALSE(Allows(TermsOf(kKept, own), {{"pool", "cheap"}, {"karpenter.sh/capacity-type", "on-demand"}}));
}

TEST_F(Candidates, OnDemandIsWhatThePlannerTakesForIt) {
  const Gang gang = GangWith({CapacityPolicy::kOnDemand});
  ClusterView view;
  const auto first = [&] {
    return ScaleUpCandidates(view, gang, options_, At(absl::ZeroDuration())).front().members;
  };
  view.Upsert(test::NodeOf("unlabelled", 8));
  EXPECT_THAT(first(), testing::ElementsAre(kStays)) << "where no node says what it is any will do";
  Node spot = test::NodeOf("spot", 8);
  spot.capacity = CapacityClass::kSpot;
  view.Upsert(spot);
  EXPECT_THAT(first(), testing::ElementsAre(kKept));
}

TEST_F(Candidates, APodThatCanHaveOneAlternativeGetsTheLabelThatTellsItsNodes) {
  ClusterView view;
  const auto add = [&](const std::string& name, const Labels& labels) {
    Node node = test::NodeOf(name, 8);
    node.labels = labels;
    node.capacity = ClassByRules(WellKnownClassRules(), labels);
    view.Upsert(node);
  };
  add("od", {{"eks.amazonaws.com/capacityType", "ON_DEMAND"}});
  const Labels unlabelled;
  EXPECT_FALSE(Matches(OneTermOf(view, kSpotOnly, {}), "n", {{"karpenter.sh/capacity-type", "on-demand"}}));
  EXPECT_TRUE(Matches(OneTermOf(view, kSpotOnly, {}), "n", {{"karpenter.sh/capacity-type", "spot"}}));
  add("spot", {{"eks.amazonaws.com/capacityType", "SPOT"}});
  EXPECT_TRUE(Matches(OneTermOf(view, kSpotOnly, {}), "n", {{"eks.amazonaws.com/capacityType", "SPOT"}}));
  EXPECT_FALSE(Matches(OneTermOf(view, kSpotOnly, {}), "n", unlabelled));
  add("of-another-provider", {{"karpenter.sh/capacity-type", "spot"}});
  EXPECT_TRUE(Matches(OneTermOf(view, kSpotOnly, {}), "n", {{"karpenter.sh/capacity-type", "spot"}}));
  EXPECT_TRUE(Matches(OneTermOf(view, kSpotOnly, {}), "n", {{"eks.amazonaws.com/capacityType", "SPOT"}}));
}

TEST_F(Candidates, TermsOfThePodAreKept) {
  const NodeSelectorTerm a{{{"zone", LabelRequirement::Op::kIn, {"a"}}}, {}};
  const NodeSelectorTerm b{{{"zone", LabelRequirement::Op::kIn, {"b"}}}, {}};
  const auto terms = Narrowed({a, b}, TermsOf(kSpotOnly, {}));
  EXPECT_TRUE(Allows(terms, {{"zone", "b"}, {"karpenter.sh/capacity-type", "spot"}}));
  EXPECT_FALSE(Allows(terms, {{"zone", "c"}, {"karpenter.sh/capacity-type", "spot"}}));
  EXPECT_FALSE(Allows(terms, {{"zone", "a"}}));
  EXPECT_EQ(Narrowed({a}, {}), std::vector<NodeSelectorTerm>{a});
  EXPECT_EQ(Narrowed({}, {b}), std::vector<NodeSelectorTerm>{b});
}

}  // namespace
}  // namespace muster
