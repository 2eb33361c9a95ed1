// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/gang_feed.h"

#include "gtest/gtest.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

struct CountingReader : GangFeed::Reader {
  void Offer(GangList gangs) override { offered.push_back(std::move(gangs)); }
  std::vector<GangList> offered;
};

TEST(GangFeedTest, AReaderGetsThePresentListWhenItJoins) {
  ScriptedService service;
  service.SetGangs({RefusedReport("a")});
  GangFeed feed(service);
  const auto reader = std::make_shared<CountingReader>();
  feed.Join(reader);
  ASSERT_EQ(reader->offered.size(), 1u);
  EXPECT_EQ(*reader->offered[0], std::vector<GangReport>{RefusedReport("a")});
}

TEST(GangFeedTest, APollWithoutAChangeListsAndOffersNothing) {
  ScriptedService service;
  GangFeed feed(service);
  const auto reader = std::make_shared<CountingReader>();
  feed.Join(reader);
  feed.Poll();
  EXPECT_EQ(reader->offered.size(), 1u);
  EXPECT_EQ(service.listings, 1);
}

TEST(GangFeedTest, AChangeIsListedOnceForAllReaders) {
  ScriptedService service;
  GangFeed feed(service);
  const auto one = std::make_shared<CountingReader>();
  const auto two = std::make_shared<CountingReader>();
  feed.Join(one);
  feed.Join(two);
  service.SetGangs({RefusedReport("a")});
  feed.Poll();
  EXPECT_EQ(service.listings, 2);
  ASSERT_EQ(one->offered.size(), 2u);
  EXPECT_EQ(one->offered[1], two->offered[1]);
}

TEST(GangFeedTest, AChangeThatAnotherReaderFoundWhileJoiningReachesTheOldOnes) {
  ScriptedService service;
  GangFeed feed(service);
  const auto old = std::make_shared<CountingReader>();
  feed.Join(old);
  service.SetGangs({RefusedReport("a")});
  feed.Join(std::make_shared<CountingReader>());
  feed.Poll();
  ASSERT_EQ(old->offered.size(), 2u);
  EXPECT_EQ(old->offered[1]->size(), 1u);
}

TEST(GangFeedTest, AReaderThatLeftGetsNothingMore) {
  ScriptedService service;
  GangFeed feed(service);
  const auto reader = std::make_shared<CountingReader>();
  feed.Join(reader);
  feed.Leave(*reader);
  service.SetGangs({RefusedReport("a")});
  feed.Poll();
  EXPECT_EQ(reader->offered.size(), 1u);
  EXPECT_EQ(service.listings, 1) << "nobody is left to list for";
}

}  // namespace
}  // namespace muster
