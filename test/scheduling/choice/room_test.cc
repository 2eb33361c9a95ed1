// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/room.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/choice/rooms.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Room RoomOf(int64_t cpu, std::vector<int32_t> gpus) {
  return {.cpu_millis = cpu, .memory_bytes = 100, .gpus = {gpus.begin(), gpus.end()}};
}
Ask AskOf(int64_t cpu, int32_t gpus, int32_t milli) {
  return {.cpu_millis = cpu, .memory_bytes = 1, .gpus = gpus, .milli = milli};
}

TEST(Room, SharesOneGpuOrTakesWholeOnes) {
  const Room room = RoomOf(10, {0, 300, 500, 500, 1000, 1000});
  EXPECT_TRUE(HasRoom(room, AskOf(1, 2, 1000)));
  EXPECT_FALSE(HasRoom(room, AskOf(1, 3, 1000)));
  EXPECT_TRUE(HasRoom(room, AskOf(1, 1, 700)));
  EXPECT_FALSE(HasRoom(RoomOf(10, {0, 300}), AskOf(1, 1, 301)));
  EXPECT_FALSE(HasRoom(room, AskOf(11, 0, 0)));
  EXPECT_FALSE(HasRoom(room, {.counts = {1}}));
}

TEST(Room, AfterAPartOfAGpuThereIsOneForEachAmountThatWasFree) {
  const std::vector<Room> after = RoomsAfter(RoomOf(10, {100, 500, 500, 1000}), AskOf(4, 1, 400));
  ASSERT_THAT(after, SizeIs(2));
  EXPECT_THAT(after[0].gpus, ElementsAre(100, 100, 500, 1000));
  EXPECT_THAT(after[1].gpus, ElementsAre(100, 500, 500, 600));
  EXPECT_EQ(after[0].cpu_millis, 6);
  EXPECT_THAT(RoomsAfter(RoomOf(3, {1000}), AskOf(4, 1, 400)), IsEmpty());
}

TEST(Room, AfterWholeGpusOneIsLeftWithNothingOfThem) {
  const std::vector<Room> after = RoomsAfter(RoomOf(10, {200, 1000, 1000, 1000}), AskOf(4, 2, 1000));
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_THAT(after[0].gpus, ElementsAre(0, 0, 200, 1000));
}

TEST(Room, UsableIsWhatEndsFirst) {
  EXPECT_DOUBLE_EQ(Usable(RoomOf(10, {300, 500, 1000}), AskOf(1, 1, 500)), 3);
  EXPECT_DOUBLE_EQ(Usable(RoomOf(10, {300, 500, 1000}), AskOf(8, 1, 500)), 1.25);
  EXPECT_DOUBLE_EQ(Usable(RoomOf(10, {1000, 1000, 1000}), AskOf(1, 2, 1000)), 1.5);
  EXPECT_DOUBLE_EQ(Usable(RoomOf(10, {1000}), AskOf(1, 2, 1000)), 0);
  EXPECT_DOUBLE_EQ(Usable({.counts = {6, 1}}, {.counts = {4, 0}}), 1.5);
}

TEST(Rooms, EqualRoomsAreOne) {
  Rooms rooms;
  const RoomId id = rooms.Find(RoomOf(10, {1000}));
  EXPECT_EQ(rooms.Find(RoomOf(10, {1000})), id);
  EXPECT_NE(rooms.Find(RoomOf(10, {1000, 1000})), id);
  EXPECT_THAT(rooms.After(id, AskOf(1, 1, 1000), 0),
              ElementsAre(rooms.Find(RoomsAfter(rooms[id], AskOf(1, 1, 1000))[0])));
}

}  // namespace
}  // namespace muster
