// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/convert.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/placement.pb.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

GangReport ThereAndBack(const GangReport& report) {
  v1::GangReport message;
  ToProto(report, message);
  // Over the wire as well, so that the tags count.
  v1::GangReport received;
  EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
  const absl::StatusOr<GangReport> back = FromProto(received);
  EXPECT_TRUE(back.ok()) << back.status();
  return back.value_or(GangReport());
}

TEST(ConvertTest, APlacedReportComesBackEqual) {
  GangReport report = PlacedReport("train", {"node-a", "node-b"});
  report.bound = 1;
  report.held = 1;
  report.seats[1].rank.reset();
  report.seats[0].rank = 0;
  EXPECT_EQ(ThereAndBack(report), report);
}

TEST(ConvertTest, ARefusedReportComesBackEqualForEveryKind) {
  for (const auto kind : {Refusal::Kind::kIncomplete, Refusal::Kind::kInvalid, Refusal::Kind::kNoRoom,
                          Refusal::Kind::kNeverFits}) {
    GangReport report = RefusedReport("train");
    report.refusal->kind = kind;
    report.refusal->notes = {"node n1: label nvidia.com/gpu.count is 8, but nvidia.com/gpu is 7"};
    report.refusal->advice = {{Advice::Kind::kRecut, "on node n1"}, {Advice::Kind::kEvict, "on node n2"}};
    EXPECT_EQ(ThereAndBack(report), report);
  }
}

TEST(ConvertTest, AWaitingReportComesBackEqual) {
  GangReport report = RefusedReport("train");
  report.outcome = Outcome::kWaiting;
  EXPECT_EQ(ThereAndBack(report), report);
}

TEST(ConvertTest, AnOutcomeThatIsUnknownHereIsAnError) {
  v1::GangReport message;
  ToProto(PlacedReport("train", {}), message);
  message.set_outcome(static_cast<v1::Outcome>(99));
  EXPECT_EQ(FromProto(message).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ConvertTest, AKindOfRefusalThatIsUnknownHereIsAnError) {
  v1::GangReport message;
  ToProto(RefusedReport("train"), message);
  message.mutable_refusal()->set_kind(static_cast<v1::Refusal::Kind>(99));
  EXPECT_EQ(FromProto(message).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ConvertTest, EveryFilterAnswerComesBack) {
  v1::FilterResponse message;
  ToProto(FilterAnswer(PassAll{{"node-b", "node-c"}}), message);
  EXPECT_THAT(std::get<PassAll>(*FromProto(message)).except, testing::ElementsAre("node-b", "node-c"));
  ToProto(FilterAnswer(PassOne{NodeName("node-a")}), message);
  EXPECT_EQ(std::get<PassOne>(*FromProto(message)).node.text(), "node-a");
  ToProto(FilterAnswer(Refused{"no room"}), message);
  EXPECT_EQ(std::get<Refused>(*FromProto(message)).text, "no room");
}

TEST(ConvertTest, AFilterResponseWithoutAnAnswerIsAnError) {
  EXPECT_EQ(FromProto(v1::FilterResponse()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ConvertTest, AnEvictionOptionComesBack) {
  v1::EvictionOption message;
  ToProto(EvictionOption{NodeName("node-a"), {PodUid("u1"), PodUid("u2")}, 3}, message);
  const EvictionOption back = FromProto(message);
  EXPECT_EQ(back.node.text(), "node-a");
  EXPECT_THAT(back.victims, testing::ElementsAre(PodUid("u1"), PodUid("u2")));
  EXPECT_EQ(back.pdb_violations, 3);
}

}  // namespace
}  // namespace muster
