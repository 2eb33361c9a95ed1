// SPDX-License-Identifier: Apache-2.0
// Spark as Palantir's scheduler extender has it declared: annotations of the
// driver say how many executors come. The driver starts first and creates them.
//
// Source: palantir/k8s-spark-scheduler internal/common/constants.go (archived):
//         labels spark-app-id, spark-role, annotations spark-executor-count, or
//         with spark-dynamic-allocation-enabled
//         spark-dynamic-allocation-min-executor-count; label spark-exec-id is
//         Spark's own (3.5).
#include <string>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "spark-app-id";
constexpr absl::string_view kDynamic = "spark-dynamic-allocation-enabled";

void ReadExecutors(PodReader& reader, Membership& membership) {
  const bool dynamic = reader.Flag(kDynamic);
  const char* key = dynamic ? "spark-dynamic-allocation-min-executor-count" : "spark-executor-count";
  const auto executors = reader.Number(key, 0, kMaxMembers - 1);
  if (!executors.has_value()) return reader.Problem(absl::StrCat("spark-app-id needs ", key, " beside it"));
  membership.min_members = 1 + *executors;
  if (!dynamic) membership.size = 1 + *executors;
  membership.parts.resize(2);
  membership.parts[0].name = membership.parts[0].role = "driver";
  membership.parts[0].size = 1;
  membership.parts[1].name = membership.parts[1].role = "executor";
  membership.parts[1].size = *executors;
  membership.parts[1].stage = 1;
}

class SparkEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto app = pod.labels.find(kName);
    const auto role = pod.labels.find("spark-role");
    if (app == pod.labels.end() || role == pod.labels.end() || app->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, app->second);
    membership.declared_by = std::string(kName);
    membership.role = role->second;
    PodReader reader(pod, membership.problem);
    membership.rank = reader.Number("spark-exec-id", 0, kMaxMembers);
    if (membership.role == "driver") ReadExecutors(reader, membership);
    return membership;
  }
};

}  // namespace

const Ecosystem& Spark() {
  static const SparkEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
