// SPDX-License-Identifier: Apache-2.0
#include "test/server/grpc/scripted_service.h"

#include "absl/strings/str_cat.h"

namespace muster {

GangReport PlacedReport(const std::string& name, const std::vector<std::string>& nodes) {
  GangReport report;
  report.gang = GangId("default", name);
  report.declared_by = "muster.dev";
  report.outcome = Outcome::kPlaced;
  report.members = report.min_members = static_cast<int64_t>(nodes.size());
  for (const std::string& node : nodes) {
    const auto rank = static_cast<int64_t>(report.seats.size());
    Seat seat;
    seat.pod = PodName("default", absl::StrCat(name, "-", rank));
    seat.uid = PodUid(absl::StrCat("uid-", name, "-", rank));
    seat.role = "worker";
    seat.rank = rank;
    seat.node = NodeName(node);
    seat.requests.cpu_millis = 500;
    seat.requests.memory_bytes = 1 << 30;
    seat.requests.ephemeral_bytes = 7;
    seat.requests.pods = 1;
    seat.requests.Set("nvidia.com/gpu", 8);
    seat.requests.Set("hugepages-2Mi", 3);
    report.seats.push_back(seat);
  }
  return report;
}

GangReport RefusedReport(const std::string& name) {
  GangReport report;
  report.gang = GangId("default", name);
  report.declared_by = "PodGroup.scheduling.x-k8s.io";
  report.ignored = {"pod-group.kueue.x-k8s.io", "muster.dev"};
  report.outcome = Outcome::kRefused;
  report.members = report.min_members = 8;
  report.bound = 2;
  report.held = 3;
  report.refusal =
      Refusal{.kind = Refusal::Kind::kNoRoom,
              .fits = 7,
              .of = 8,
              .nodes = 64,
              .excluded = {{"insufficient nvidia.com/gpu", 61}, {"node selector", 3}},
              .levels = {{"rack", 7, "zone-a/rack-3", 0, 8, true}, {"host", 1, "zone-a/rack-3/n1", 0, 64}},
              .slices = {{"host", 2, 3, 4}},
              .subgroup = "workers",
              .would_fit_if = "one zone were enough",
              .text = "7 of 8 members fit; the eighth needs 8 nvidia.com/gpu on one node"};
  return report;
}

}  // namespace muster
