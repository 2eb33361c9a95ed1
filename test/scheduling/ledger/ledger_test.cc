// SPDX-License-Identifier: Apache-2.0
#include "scheduling/ledger/ledger.h"

#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::At;
using test::ClusterOf;
using test::PodOf;

const GangId kTrain("default", "train");
const GangId kServe("default", "serve");

Seat SeatOn(const std::string& pod, int64_t gpus, const std::string& node) {
  return SeatOf(PodOf(pod, gpus), NodeName(node));
}

int64_t FreeGpus(const Ledger& ledger, const ClusterView& view, const std::string& node) {
  return ledger.Free(*view.FindNode(NodeName(node))).Get("nvidia.com/gpu");
}

// Two nodes, node-00 and node-01, of four GPUs each.
struct ReserveCase {
  std::string name;  // reads as the end of "Reserve ..."
  std::vector<Seat> seats;
  absl::StatusCode want;
  int64_t want_free;  // GPUs on node-00 afterwards
};
void PrintTo(const ReserveCase& c, std::ostream* out) { *out << c.name; }

class Reserve : public testing::TestWithParam<ReserveCase> {};

TEST_P(Reserve, TakesEverySeatOrNone) {
  const ClusterView view = ClusterOf(2, 4);
  Ledger ledger;
  const absl::Status got = ledger.Reserve(view, kTrain, GetParam().seats, At(absl::Seconds(10)));
  EXPECT_EQ(got.code(), GetParam().want) << got;
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), GetParam().want_free);
  EXPECT_EQ(ledger.Find(kTrain) != nullptr, got.ok());
}

INSTANTIATE_TEST_SUITE_P(
    Ledger, Reserve,
    testing::Values(ReserveCase{"SucceedsWhenEverySeatFits",
                                {SeatOn("a", 4, "node-00"), SeatOn("b", 2, "node-01")},
                                absl::StatusCode::kOk,
                                0},
                    ReserveCase{"KeepsNothingWhenTheLastSeatDoesNotFit",
                                {SeatOn("a", 4, "node-00"), SeatOn("b", 5, "node-01")},
                                absl::StatusCode::kResourceExhausted,
                                4},
                    ReserveCase{"CountsSeatsOnOneNodeTogether",
                                {SeatOn("a", 3, "node-00"), SeatOn("b", 2, "node-00")},
                                absl::StatusCode::kResourceExhausted,
                                4},
                    ReserveCase{
                        "RefusesAnUnknownNode", {SeatOn("a", 1, "node-77")}, absl::StatusCode::kNotFound, 4},
                    ReserveCase{"RefusesToPromiseNothing", {}, absl::StatusCode::kInvalidArgument, 4}),
    [](const auto& info) { return info.param.name; });

TEST(Ledger, ASecondPromiseToAGangReplacesTheFirst) {
  const ClusterView view = ClusterOf(2, 4);
  Ledger ledger;
  ASSERT_TRUE(ledger.Reserve(view, kTrain, {SeatOn("a", 4, "node-00")}, At(absl::Seconds(1))).ok());
  ASSERT_TRUE(ledger.Reserve(view, kTrain, {SeatOn("a", 3, "node-01")}, At(absl::Seconds(2))).ok());
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), 4);
  EXPECT_EQ(FreeGpus(ledger, view, "node-01"), 1);
}

TEST(Ledger, ReleaseRestoresExactlyWhatWasThere) {
  const ClusterView view = ClusterOf(1, 4);
  Ledger ledger;
  ASSERT_TRUE(ledger.Reserve(view, kServe, {SeatOn("s", 1, "node-00")}, At(absl::Seconds(1))).ok());
  ASSERT_TRUE(ledger.Reserve(view, kTrain, {SeatOn("a", 2, "node-00")}, At(absl::Seconds(1))).ok());
  EXPECT_TRUE(ledger.Release(kTrain));
  EXPECT_FALSE(ledger.Release(kTrain));
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), 3);
  EXPECT_TRUE(ledger.Release(kServe));
  EXPECT_TRUE(ledger.PromisedNodes().empty());
}

TEST(Ledger, ThePromiseGoesWithItsLastSeat) {
  const ClusterView view = ClusterOf(1, 4);
  Ledger ledger;
  ASSERT_TRUE(
      ledger
          .Reserve(view, kTrain, {SeatOn("a", 1, "node-00"), SeatOn("b", 1, "node-00")}, At(absl::Seconds(1)))
          .ok());
  ledger.ReleaseSeats(kTrain, {PodUid("uid-a")});
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), 3);
  ledger.ReleaseSeats(kTrain, {PodUid("uid-b")});
  EXPECT_EQ(ledger.Find(kTrain), nullptr);
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), 4);
}

TEST(Ledger, ACopyDoesNotSeeLaterChanges) {
  const ClusterView view = ClusterOf(1, 4);
  Ledger ledger;
  const Ledger before = ledger;
  ASSERT_TRUE(ledger.Reserve(view, kTrain, {SeatOn("a", 4, "node-00")}, At(absl::Seconds(1))).ok());
  EXPECT_EQ(FreeGpus(before, view, "node-00"), 4);
  EXPECT_EQ(FreeGpus(ledger, view, "node-00"), 0);
}

}  // namespace
}  // namespace muster
