// SPDX-License-Identifier: Apache-2.0
// Spark as Palantir's scheduler extender has it declared: annotations of the
// driver say how many executors come. The driver starts first and creates them.
//
// Source: palantir/k8s-spark-scheduler internal/common/constants.go (archived):
//         labels spark-app-id, spark-role, annotations spark-executor-count, or
//         with spark-dynamic-allocation-enabled
//         spark-dynamic-allocation-min-executor-count, and
//         spark-executor-{cpu,mem,nvidia.com/gpu}; label spark-exec-id is
//         Spark's own (3.5).
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"
#include "scheduling/model/quantity.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "spark-app-id";
constexpr absl::string_view kDynamic = "spark-dynamic-allocation-enabled";

// What an executor will ask for, as far as the driver says it.
std::shared_ptr<const PodShape> ReadExecutor(PodReader& reader) {
  PodShape executor;
  executor.requests.pods = 1;
  bool said = false;
  const auto amount = [&](absl::string_view key, const auto& parse) -> int64_t {
    const std::optional<std::string> text = reader.Text(key);
    if (!text.has_value()) return 0;
    said = true;
    const absl::StatusOr<int64_t> number = parse(*text);
    if (number.ok()) return *number;
    reader.Problem(absl::StrCat(key, " is ", Quoted(*text), "; want a quantity such as 500m or 4Gi"));
    return 0;
  };
  executor.requests.cpu_millis = amount("spark-executor-cpu", ParseMillis);
  executor.requests.memory_bytes = amount("spark-executor-mem", ParseUnits);
  const int64_t gpus = amount("spark-executor-nvidia.com/gpu", ParseUnits);
  if (gpus > 0) executor.requests.Set("nvidia.com/gpu", gpus);
  return said ? std::make_shared<const PodShape>(std::move(executor)) : nullptr;
}

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
  membership.parts[1].like.shape = ReadExecutor(reader);
  membership.parts[1].like.requests_only = true;
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
