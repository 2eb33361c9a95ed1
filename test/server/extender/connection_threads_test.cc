// SPDX-License-Identifier: Apache-2.0
#include "server/extender/connection_threads.h"

#include <atomic>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

TEST(ConnectionThreadsTest, TasksThatWaitForEachOtherAllRun) {
  constexpr int kTasks = 200;
  ConnectionThreads threads({});
  absl::Barrier all(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    threads.Run([&all] { all.Block(); });
  }
  threads.Finish();
  EXPECT_EQ(threads.threads(), 0u);
}

TEST(ConnectionThreadsTest, AnIdleThreadIsTakenBeforeANewOne) {
  ConnectionThreads threads({.idle = absl::Minutes(1)});
  for (int i = 0; i < 100; ++i) {
    absl::Notification done;
    threads.Run([&done] { done.Notify(); });
    done.WaitForNotification();
  }
  // A thread that has notified may not be idle yet when the next task comes.
  EXPECT_LT(threads.threads(), 50u);
}

TEST(ConnectionThreadsTest, IdleThreadsEnd) {
  ConnectionThreads threads({.idle = absl::Milliseconds(10)});
  for (int i = 0; i < 10; ++i) threads.Run([] {});
  EXPECT_TRUE(Eventually([&] { return threads.threads() == 0; }));
  absl::Notification done;
  threads.Run([&done] { done.Notify(); });
  done.WaitForNotification();
}

TEST(ConnectionThreadsTest, BeyondTheLimitTasksWaitAndThatIsTold) {
  std::atomic<int> full = 0;
  ConnectionThreads threads({.max_threads = 2, .on_full = [&full] { ++full; }});
  absl::Notification go;
  std::atomic<int> ran = 0;
  for (int i = 0; i < 5; ++i) {
    threads.Run([&] {
      go.WaitForNotification();
      ++ran;
    });
  }
  EXPECT_EQ(threads.threads(), 2u);
  EXPECT_EQ(full, 3);
  EXPECT_EQ(ran, 0);
  go.Notify();
  threads.Finish();
  EXPECT_EQ(ran, 5);
}

}  // namespace
}  // namespace muster
