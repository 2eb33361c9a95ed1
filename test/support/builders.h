// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "scheduling/model/cluster_view.h"

// The plainest legal values; a test states how its own deviate.
namespace muster::test {

inline absl::Time At(absl::Duration since_start) { return absl::UnixEpoch() + absl::Hours(1) + since_start; }

inline Resources Amounts(int64_t cpus, int64_t gpus) {
  Resources amounts;
  amounts.cpu_millis = cpus * 1000;
  amounts.memory_bytes = int64_t{cpus} << 30;
  amounts.pods = 1;
  if (gpus > 0) amounts.Set("nvidia.com/gpu", gpus);
  return amounts;
}

// A ready node with 64 CPUs, 64 Gi of memory, 110 pod slots.
inline Node NodeOf(const std::string& name, int64_t gpus) {
  Node node;
  node.name = NodeName(name);
  node.labels = {{"kubernetes.io/hostname", name}};
  node.allocatable = Amounts(64, gpus);
  node.allocatable.pods = 110;
  return node;
}

// A pending pod with 1 CPU, without a gang.
inline Pod PodOf(const std::string& name, int64_t gpus) {
  Pod pod;
  pod.name = PodName("default", name);
  pod.uid = PodUid(absl::StrCat("uid-", name));
  pod.resource_version = std::string("1");
  pod.created = At(absl::ZeroDuration());
  pod.scheduler_name = "default-scheduler";
  pod.shape.requests = Amounts(1, gpus);
  pod.has_controller = true;
  return pod;
}

// Member `rank` of a gang of `size` that declares itself by labels.
inline Pod MemberOf(const std::string& gang, int64_t size, int64_t rank, int64_t gpus) {
  Pod pod = PodOf(absl::StrCat(gang, "-", rank), gpus);
  Membership membership;
  membership.gang = GangId("default", gang);
  membership.declared_by = "muster.dev";
  membership.rank = rank;
  membership.size = size;
  membership.min_members = size;
  pod.membership = std::move(membership);
  return pod;
}

inline Pod BoundTo(Pod pod, const std::string& node) {
  pod.node = NodeName(node);
  return pod;
}

// `count` nodes node-00, node-01, ... of `gpus` each.
inline ClusterView ClusterOf(int count, int64_t gpus) {
  ClusterView view;
  for (int i = 0; i < count; ++i) view.Upsert(NodeOf(absl::StrCat("node-", i < 10 ? "0" : "", i), gpus));
  return view;
}

inline void AddGang(ClusterView& view, const std::string& gang, int64_t size, int64_t gpus) {
  for (int64_t i = 0; i < size; ++i) view.Upsert(MemberOf(gang, size, i, gpus));
}

inline std::shared_ptr<const ClusterView> Published(ClusterView view) {
  return std::make_shared<const ClusterView>(std::move(view));
}

}  // namespace muster::test
