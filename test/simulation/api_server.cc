// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/api_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/model/scale_up.h"

namespace muster::test {
namespace {

constexpr size_t kRemembered = 2000;  // changes

std::string Describe(const ChangedObject& object) {
  if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&object)) {
    constexpr const char* kPhases[] = {"Pending", "Running", "Succeeded", "Failed"};
    return absl::StrCat("pod ", (*pod)->name.name(), " uid ", (*pod)->uid.text(), " ",
                        kPhases[static_cast<size_t>((*pod)->phase)], (*pod)->bound() ? " on " : "",
                        (*pod)->node.text(), (*pod)->nominated.empty() ? "" : " nominated ",
                        (*pod)->nominated.text(), (*pod)->deleting ? " deleting" : "");
  }
  if (const auto* name = std::get_if<PodName>(&object)) return absl::StrCat("pod ", name->name(), " gone");
  if (const auto* node = std::get_if<Node>(&object)) {
    return absl::StrCat("node ", node->name.text(), node->ready ? "" : " not ready",
                        node->unschedulable ? " cordoned" : "", " ", node->allocatable.Get("nvidia.com/gpu"),
                        " gpus");
  }
  return absl::StrCat("node ", std::get<NodeName>(object).text(), " gone");
}

}  // namespace

void ApiServer::Changed(ChangedObject object) {
  if (timeline_.tracing()) timeline_.Note(absl::StrCat("  v", version_, " ", Describe(object)));
  log_.push_back({version_, std::move(object)});
  if (log_.size() > kRemembered) {
    forgotten_ = log_.front().version;
    log_.pop_front();
  }
  const Change change = log_.back();
  for (const auto& listener : listeners_) listener(change);
}

void ApiServer::Put(Pod pod) {
  pod.resource_version = absl::StrCat(++version_);
  const PodName name = pod.name;
  truth_.Upsert(std::move(pod));
  Changed(truth_.FindPod(name));
}

void ApiServer::Put(Node node) {
  ++version_;
  truth_.Upsert(node);
  Changed(std::move(node));
}

void ApiServer::Remove(const PodName& name) {
  ++version_;
  truth_.RemovePod(name);
  Changed(name);
}

void ApiServer::Remove(const NodeName& name) {
  ++version_;
  truth_.RemoveNode(name);
  Changed(name);
}

void ApiServer::Delete(const PodName& name) {
  const std::shared_ptr<const Pod> pod = truth_.FindPod(name);
  if (pod == nullptr || pod->deleting) return;
  if (!pod->bound() || pod->finished()) return Remove(name);
  Pod next = *pod;
  next.deleting = true;
  Put(std::move(next));
}

absl::Status ApiServer::Precondition(const PodVersion& pod) const {
  const std::shared_ptr<const Pod> found = truth_.FindPod(pod.name);
  if (found == nullptr) return absl::NotFoundError("no such pod");
  if (found->uid != pod.uid) return absl::AbortedError("another uid");
  if (!pod.resource_version.empty() && pod.resource_version != found->resource_version) {
    return absl::AbortedError("another version");
  }
  return absl::OkStatus();
}

absl::Status ApiServer::Bind(const PodVersion& pod, const NodeName& node) {
  if (absl::Status s = Precondition(pod); !s.ok()) return s;
  Pod next = *truth_.FindPod(pod.name);
  if (next.bound() || next.deleting) return absl::AbortedError("bound or deleting already");
  if (const auto refused = refused_.find(pod.name); refused != refused_.end()) {
    Refusing& refusing = refused->second;
    if (!refusing.since.has_value()) refusing.since = timeline_.Now();
    if (timeline_.Now() < *refusing.since + refusing.duration)
      return absl::PermissionDeniedError("refused by admission");
  }
  next.node = node;
  next.nominated = NodeName();
  Put(std::move(next));
  return absl::OkStatus();
}

absl::Status ApiServer::Nominate(const PodVersion& pod, const NodeName& node) {
  if (absl::Status s = Precondition(pod); !s.ok()) return s;
  Pod next = *truth_.FindPod(pod.name);
  if (next.nominated == node) return absl::OkStatus();
  next.nominated = node;
  Put(std::move(next));
  return absl::OkStatus();
}

absl::Status ApiServer::Annotate(const PodVersion& pod) {
  if (absl::Status s = Precondition(pod); !s.ok()) return s;
  Put(*truth_.FindPod(pod.name));
  return absl::OkStatus();
}

absl::Status ApiServer::Ungate(const PodVersion& pod) {
  if (absl::Status s = Precondition(pod); !s.ok()) return s;
  Pod next = *truth_.FindPod(pod.name);
  if (std::erase(next.gates, kOwnGate) > 0) Put(std::move(next));
  return absl::OkStatus();
}

absl::Status ApiServer::Evict(const PodVersion& pod) {
  if (absl::Status s = Precondition(pod); !s.ok()) return s;
  if (timeline_.Now() < no_evictions_until_) return absl::ResourceExhaustedError("a budget forbids it");
  Delete(pod.name);
  return absl::OkStatus();
}

absl::StatusOr<Pod> ApiServer::Read(const PodName& name) const {
  const std::shared_ptr<const Pod> pod = truth_.FindPod(name);
  if (pod == nullptr) return absl::NotFoundError("no such pod");
  return *pod;
}

absl::StatusOr<Lease> ApiServer::ReadLease() const {
  if (lease_.version.empty()) return absl::NotFoundError("no such lease");
  return lease_;
}

absl::StatusOr<Lease> ApiServer::WriteLease(const Lease& lease) {
  if (lease.version != lease_.version) return absl::AbortedError("another version");
  if (timeline_.tracing() && lease.holder != lease_.holder)
    timeline_.Note(absl::StrCat("  lease of ", lease.holder));
  lease_ = lease;
  lease_.version = absl::StrCat(++version_);
  return lease_;
}

void ApiServer::Compact() {
  log_.clear();
  forgotten_ = version_;
}

bool ApiServer::Since(int64_t version, const std::function<void(const Change&)>& visit) const {
  if (version < forgotten_) return false;
  auto at = std::upper_bound(log_.begin(), log_.end(), version,
                             [](int64_t v, const Change& change) { return v < change.version; });
  for (; at != log_.end(); ++at) visit(*at);
  return true;
}

}  // namespace muster::test
