// SPDX-License-Identifier: Apache-2.0
#include "server/cli/explain.h"

#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/grpc/grpc_server.h"
#include "test/server/grpc/scripted_service.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() : server_(service_, nullptr, {"127.0.0.1:0", 64 << 20, absl::Milliseconds(2)}) {
    EXPECT_TRUE(server_.Start().ok());
    address_ = absl::StrCat("127.0.0.1:", server_.port());
    service_.SetGangs({PlacedReport("train", {"node-b", "node-a"}), RefusedReport("wide")});
  }

  std::string Explained(const std::string& subject, ReportFormat format = ReportFormat::kText) {
    std::ostringstream out;
    const absl::Status status = Explain({subject, address_, format, absl::Seconds(20)}, out);
    return status.ok() ? out.str() : status.ToString();
  }

  ScriptedService service_;
  GrpcServer server_;
  std::string address_;
};

TEST_F(ExplainTest, ARefusedGangIsExplainedWithItsNumbers) {
  EXPECT_EQ(Explained("default/wide"),
            R"(gang default/wide: refused

declared by  PodGroup.scheduling.x-k8s.io
ignored      pod-group.kueue.x-k8s.io, muster.dev
members      8 exist, 8 needed, 2 bound, 3 held
fits         7 of 8

7 of 8 members fit; the eighth needs 8 nvidia.com/gpu on one node

LEVEL  FIT IN ONE  THE BEST ONE      HOLD ALL
rack   at least 7  zone-a/rack-3     at least 0 of 8
host   1           zone-a/rack-3/n1  0 of 64

NODES     EXCLUDED BY
61 of 64  insufficient nvidia.com/gpu
3 of 64   node selector
)");
}

TEST_F(ExplainTest, APlacedGangIsExplainedWithItsSeatsByNode) {
  const std::string expected = R"(gang default/train: placed

declared by  muster.dev
members      2 exist, 2 needed, 0 bound, 0 held

POD              ROLE    RANK  NODE    GPUS
default/train-0  worker  0     node-b  8
default/train-1  worker  1     node-a  8
)";
  EXPECT_EQ(Explained("default/train"), expected);
  EXPECT_EQ(Explained("gang/default/train"), expected);
  EXPECT_EQ(Explained("pod/default/train-1"), expected);
}

TEST_F(ExplainTest, JsonHasTheFieldsThatProgramsRead) {
  const auto placed = nlohmann::json::parse(Explained("default/train", ReportFormat::kJson));
  EXPECT_EQ(placed["gang"], "default/train");
  EXPECT_EQ(placed["declaredBy"], "muster.dev");
  EXPECT_EQ(placed["outcome"], "placed");
  EXPECT_EQ(
      placed["seats"][1],
      nlohmann::json::parse(
          R"({"pod":"default/train-1","role":"worker","rank":1,"node":"node-a","gpus":8,"capacity":"unknown"})"));
  EXPECT_FALSE(placed.contains("refusal"));
  const auto refused = nlohmann::json::parse(Explained("default/wide", ReportFormat::kJson));
  EXPECT_EQ(refused["refusal"]["fits"], 7);
  EXPECT_EQ(refused["refusal"]["of"], 8);
  EXPECT_EQ(refused["refusal"]["kind"], "no-room");
  EXPECT_EQ(refused["refusal"]["excluded"][1],
            nlohmann::json::parse(R"({"cause":"node selector","nodes":3})"));
}

TEST_F(ExplainTest, ASubjectThatIsNeitherGangNorPodIsRefused) {
  for (const char* subject : {"", "train", "default/", "/train", "node/default/train", "a/b/c/d"}) {
    EXPECT_THAT(Explained(subject), HasSubstr("INVALID_ARGUMENT")) << subject;
  }
}

TEST_F(ExplainTest, AnUnknownGangIsNotFound) {
  EXPECT_THAT(Explained("default/none"), HasSubstr("NOT_FOUND"));
}

TEST_F(ExplainTest, AServerThatIsGoneIsUnavailableAndNamed) {
  server_.Stop(absl::ZeroDuration());
  EXPECT_THAT(Explained("default/train"), testing::AllOf(HasSubstr("UNAVAILABLE"), HasSubstr(address_)));
}

TEST_F(ExplainTest, GangsAreListedOnePerLine) {
  std::ostringstream out;
  ASSERT_TRUE(ListGangs({address_, ReportFormat::kText, absl::Seconds(20)}, out).ok());
  EXPECT_EQ(out.str(),
            "default/train  placed  0/2 bound, 0 held\n"
            "default/wide  refused  2/8 bound, 3 held  "
            "7 of 8 members fit; the eighth needs 8 nvidia.com/gpu on one node\n");
}

TEST_F(ExplainTest, GangsAreListedAsJson) {
  std::ostringstream out;
  ASSERT_TRUE(ListGangs({address_, ReportFormat::kJson, absl::Seconds(20)}, out).ok());
  const auto json = nlohmann::json::parse(out.str());
  ASSERT_EQ(json["gangs"].size(), 2u);
  EXPECT_EQ(json["gangs"][1]["gang"], "default/wide");
}

// A stream that hands every flushed line to the test's own turn of events.
class LineEvents : public std::stringbuf {
 public:
  explicit LineEvents(std::function<void(const std::string&)> on_line) : on_line_(std::move(on_line)) {}

 protected:
  int sync() override {
    on_line_(str());
    str("");
    return 0;
  }

 private:
  const std::function<void(const std::string&)> on_line_;
};

TEST_F(ExplainTest, AWatchPrintsGangsAndChangesUntilTheServerEnds) {
  std::vector<std::string> lines;
  std::thread stopping;
  LineEvents events([&](const std::string& line) {
    lines.push_back(line);
    if (lines.size() == 2) service_.SetGangs({PlacedReport("train", {"node-c"})});
    if (lines.size() == 4) stopping = std::thread([this] { server_.Stop(absl::ZeroDuration()); });
  });
  std::ostream out(&events);
  EXPECT_FALSE(WatchGangs({address_, ReportFormat::kText, absl::Seconds(20)}, out).ok());
  ASSERT_EQ(lines.size(), 4u);
  stopping.join();
  EXPECT_EQ(lines[2], "default/train  placed  0/1 bound, 0 held\n");
  EXPECT_EQ(lines[3], "default/wide  gone\n");
}

}  // namespace
}  // namespace muster::cli
