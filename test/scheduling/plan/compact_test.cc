// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/compact.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::ElementsAre;

constexpr int64_t kPlenty = 1'000;

TEST(ExchangeForFewerWithin, TakesTwoZonesOfOneRackInPlaceOfOneThatIsRoomierOnSeven) {
  const std::vector<Holder> zones = {{14, {2, 2, 2, 2, 2, 2, 2}}, {10, {10}}, {10, {10}}};
  int64_t effort = kPlenty;
  EXPECT_THAT(ExchangeForFewerWithin(zones, 2, 20, effort), ElementsAre(1, 2));
  EXPECT_LT(effort, kPlenty);
}

TEST(ExchangeForFewerWithin, KeepsTheRoomiestWhereNothingIsWonOrTheOthersDoNotSuffice) {
  int64_t effort = kPlenty;
  EXPECT_THAT(ExchangeForFewerWithin({{8, {4, 4}}, {8, {4, 4}}, {8, {4, 4}}}, 2, 16, effort),
              ElementsAre(0, 1));
  EXPECT_THAT(ExchangeForFewerWithin({{14, {7, 7}}, {10, {10}}, {9, {9}}}, 2, 24, effort), ElementsAre(0, 1));
}

TEST(ExchangeForFewerWithin, StopsWhenItsEffortIsSpent) {
  const std::vector<Holder> zones = {{14, {2, 2, 2, 2, 2, 2, 2}}, {10, {10}}, {10, {10}}};
  int64_t effort = 5;
  EXPECT_THAT(ExchangeForFewerWithin(zones, 2, 20, effort), ElementsAre(0, 1));
}

TEST(ExchangeForFewerWithin, ExchangesThatLackRoomCostEffortToo) {
  std::vector<Holder> racks(100, Holder{3, {1, 1, 1}});
  racks.insert(racks.end(), 100, Holder{2, {2}});
  int64_t effort = 5'000;  // half of the pairs
  ExchangeForFewerWithin(racks, 100, 300, effort);
  EXPECT_LT(effort, 0);
}

}  // namespace
}  // namespace muster
