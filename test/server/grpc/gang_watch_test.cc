// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/gang_watch.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/grpc/convert.h"
#include "server/grpc/grpc_server.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

using testing::ElementsAre;

// Watches are read over a real connection: their pace is that of the reader.
class GangWatchTest : public testing::Test {
 protected:
  GangWatchTest() : server_(service_, nullptr, {"127.0.0.1:0", 64 << 20, absl::Milliseconds(2)}) {
    EXPECT_TRUE(server_.Start().ok());
    stub_ = v1::Placement::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_.port()), grpc::InsecureChannelCredentials()));
  }

  struct Watch {
    explicit Watch(v1::Placement::Stub& stub) : stream(stub.WatchGangs(&context, {})) {}
    ~Watch() {
      context.TryCancel();
      v1::WatchGangsResponse rest;
      while (stream->Read(&rest)) continue;
      EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }

    // The next change in words.
    std::string Next() {
      v1::WatchGangsResponse change;
      if (!stream->Read(&change)) return "end";
      if (change.has_listed()) return "listed";
      if (change.has_removed()) return absl::StrCat("removed ", FromProto(change.removed()).text());
      const GangReport report = FromProto(change.gang()).value();
      return absl::StrCat(report.gang.text(), " ", report.bound, " bound");
    }

    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchGangsResponse>> stream;
  };

  static GangReport Report(const std::string& name, int64_t bound) {
    GangReport report = RefusedReport(name);
    report.bound = bound;
    return report;
  }

  ScriptedService service_;
  GrpcServer server_;
  std::unique_ptr<v1::Placement::Stub> stub_;
};

TEST_F(GangWatchTest, AWatchBeginsWithTheListAndSaysWhereItEnds) {
  service_.SetGangs({Report("a", 1), Report("b", 2)});
  Watch watch(*stub_);
  EXPECT_EQ(watch.Next(), "default/a 1 bound");
  EXPECT_EQ(watch.Next(), "default/b 2 bound");
  EXPECT_EQ(watch.Next(), "listed");
}

TEST_F(GangWatchTest, AWatchOfNothingSaysThatTheListIsComplete) {
  Watch watch(*stub_);
  EXPECT_EQ(watch.Next(), "listed");
}

TEST_F(GangWatchTest, OnlyWhatChangesIsSentAfterTheList) {
  service_.SetGangs({Report("b", 1), Report("c", 1), Report("e", 1)});
  Watch watch(*stub_);
  for (int i = 0; i < 4; ++i) watch.Next();
  service_.SetGangs({Report("a", 1), Report("c", 2), Report("e", 1)});
  EXPECT_EQ(watch.Next(), "default/a 1 bound");
  EXPECT_EQ(watch.Next(), "removed default/b");
  EXPECT_EQ(watch.Next(), "default/c 2 bound");
  service_.SetGangs({});
  EXPECT_EQ(watch.Next(), "removed default/a");
  EXPECT_EQ(watch.Next(), "removed default/c");
  EXPECT_EQ(watch.Next(), "removed default/e");
}

TEST_F(GangWatchTest, EveryWatchGetsEveryChange) {
  Watch one(*stub_);
  Watch two(*stub_);
  EXPECT_EQ(one.Next(), "listed");
  EXPECT_EQ(two.Next(), "listed");
  service_.SetGangs({Report("a", 1)});
  EXPECT_EQ(one.Next(), "default/a 1 bound");
  EXPECT_EQ(two.Next(), "default/a 1 bound");
}

TEST_F(GangWatchTest, ASlowReaderSkipsWhatIsOutdatedAndGetsTheNewest) {
  // Each report is larger than what the connection buffers for a reader.
  constexpr int kUpdates = 60;
  const std::string bulk(2 << 20, 'x');
  Watch watch(*stub_);
  EXPECT_EQ(watch.Next(), "listed");
  for (int i = 1; i <= kUpdates; ++i) {
    GangReport report = Report("a", i);
    report.refusal->text = bulk;
    const int seen = service_.listings;
    service_.SetGangs({report});
    ASSERT_TRUE(Eventually([&] { return service_.listings > seen; }));
  }
  int reads = 0;
  std::string last;
  while (last != absl::StrCat("default/a ", kUpdates, " bound")) {
    last = watch.Next();
    ASSERT_NE(last, "end");
    ++reads;
  }
  EXPECT_LT(reads, kUpdates / 2);
}

TEST_F(GangWatchTest, AWatchWhoseCallerIsGoneIsNotListedFor) {
  { Watch(*stub_).Next(); }
  // The cancellation arrives at some moment; from then on changes are not looked at.
  EXPECT_TRUE(Eventually([&] {
    const int seen = service_.listings;
    service_.SetGangs({Report("a", seen)});
    return !Eventually([&] { return service_.listings > seen; }, absl::Milliseconds(50));
  }));
}

}  // namespace
}  // namespace muster
