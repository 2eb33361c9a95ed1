// SPDX-License-Identifier: Apache-2.0
#include "server/commit/bindings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/engine/solo.h"

namespace muster {
namespace {

constexpr int kSoloAttempts = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
// How long after its time a binding is still read whose end is not known.
constexpr absl::Duration kReadGrace = absl::Minutes(1);

}  // namespace

Bindings::Bindings(Engine& engine, ClusterApi& api, std::string epoch, Enter enter)
    : engine_(engine), api_(api), epoch_(std::move(epoch)), enter_(std::move(enter)) {}

void Bindings::Start(const GangId& owner, const Seat& seat, const std::string& commit, absl::Time now,
                     absl::Time until, std::shared_ptr<HeldCall> held, Effects& effects) {
  engine_.BindingStarted(seat);
  const std::shared_ptr<const Pod> pod = engine_.view().FindPod(seat.pod);
  Binding binding{.owner = owner,
                  .seat = seat,
                  .commit = commit,
                  .resource_version = pod == nullptr ? "" : pod->resource_version,
                  .held = std::move(held),
                  .held_since = now,
                  .until = until};
  bindings_.insert_or_assign(seat.uid, std::move(binding));
  Post(seat.uid, effects);
}

const Seat* Bindings::Find(const PodUid& uid) const {
  const auto at = bindings_.find(uid);
  return at == bindings_.end() ? nullptr : &at->second.seat;
}

bool Bindings::IsAbandoned(const PodUid& uid) const {
  const auto at = bindings_.find(uid);
  return at != bindings_.end() && !HasCaller(at->second);
}

void Bindings::Attach(const PodUid& uid, std::shared_ptr<HeldCall> held, absl::Time now, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  Answer(binding, absl::AbortedError("a newer bind call of this pod replaced this one"), effects);
  binding.held = std::move(held);
  binding.held_since = now;
}

void Bindings::Post(const PodUid& uid, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  binding.next = absl::InfiniteFuture();
  ++binding.attempts;
  Labels annotations{{"muster.dev/epoch", epoch_}};
  if (OfGang(binding)) {
    annotations.emplace("muster.dev/commit", binding.commit);
    annotations.emplace("muster.dev/placed-gang", binding.owner.text());
  }
  effects.push_back([this, uid, pod = PodVersion{binding.seat.pod, uid, binding.resource_version},
                     node = binding.seat.node, annotations = std::move(annotations)] {
    api_.Bind(pod, node, annotations, [this, uid](absl::Status status) {
      enter_([&](Effects& next, absl::Time now) { Posted(uid, status, now, next); });
    });
  });
}

void Bindings::Read(const PodUid& uid, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  binding.next = absl::InfiniteFuture();
  effects.push_back([this, uid, name = binding.seat.pod] {
    api_.Read(name, [this, uid](absl::StatusOr<Pod> pod) {
      enter_([&](Effects& next, absl::Time now) { WasRead(uid, pod, now, next); });
    });
  });
}

void Bindings::Posted(const PodUid& uid, const absl::Status& status, absl::Time now, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  if (status.ok()) {
    End(uid, status, effects);
    return;
  }
  ++counts_.retried;
  binding.last = status;
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kNotFound:
      Read(uid, effects);
      return;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      binding.read_first = true;
      break;
    default:
      break;
  }
  RetryLater(binding, now);
}

void Bindings::WasRead(const PodUid& uid, const absl::StatusOr<Pod>& pod, absl::Time now, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  if (!pod.ok() && !absl::IsNotFound(pod.status())) {
    binding.read_first = true;
    binding.last = pod.status();
    RetryLater(binding, now);
    return;
  }
  binding.read_first = false;
  if (!pod.ok() || pod->uid != uid || (pod->deleting && !pod->bound())) {
    End(uid, absl::NotFoundError(absl::StrCat("pod ", binding.seat.pod.text(), " is gone")), effects);
    return;
  }
  if (pod->bound()) {
    const bool here = pod->node == binding.seat.node;
    End(uid,
        here ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "pod ", binding.seat.pod.text(), " is bound to node ", pod->node.text(), " already")),
        effects);
    return;
  }
  // Its version moved on, as it does with every change of its status.
  binding.resource_version = pod->resource_version;
  if (binding.attempts <= 2) {
    PostAgain(uid, now, effects);
  } else {
    RetryLater(binding, now);
  }
}

void Bindings::RetryLater(Binding& binding, absl::Time now) {
  const absl::Duration pause = kFirstPause * (1 << std::min(binding.attempts, 10));
  binding.next = now + std::min(pause, kLongestPause);
}

bool Bindings::HasCaller(const Binding& binding) { return binding.held != nullptr && binding.held->Alive(); }

bool Bindings::OfGang(const Binding& binding) const { return binding.owner != SoloOwner(binding.seat.pod); }

void Bindings::Answer(Binding& binding, absl::Status status, Effects& effects) {
  if (binding.held == nullptr) return;
  effects.push_back([held = std::move(binding.held), status = std::move(status)] { held->Answer(status); });
  binding.held = nullptr;
}

void Bindings::End(const PodUid& uid, const absl::Status& status, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  switch (status.code()) {
    case absl::StatusCode::kOk:
      ++counts_.done;
      engine_.BindingDone(uid);
      break;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
      ++counts_.failed;
      engine_.MemberGone(binding.owner, uid);
      break;
    default:
      ++counts_.failed;
      engine_.BindingFailed(uid);
      if (!OfGang(binding)) engine_.MemberGone(binding.owner, uid);
  }
  Answer(binding, status, effects);
  bindings_.erase(uid);
}

void Bindings::Tick(absl::Time now, absl::Time oldest, Effects& effects) {
  std::vector<PodUid> due;
  for (auto& [uid, binding] : bindings_) {
    if (binding.held != nullptr && (binding.held_since < oldest || !binding.held->Alive())) {
      Answer(binding,
             absl::UnavailableError(absl::StrCat("binding pod ", binding.seat.pod.text(),
                                                 " goes on without this call: ", binding.last.message())),
             effects);
    }
    if (binding.next <= now) due.push_back(uid);
  }
  for (const PodUid& uid : due) {
    if (bindings_.at(uid).read_first && now < bindings_.at(uid).until + kReadGrace) {
      Read(uid, effects);
    } else {
      PostAgain(uid, now, effects);
    }
  }
}

void Bindings::PostAgain(const PodUid& uid, absl::Time now, Effects& effects) {
  Binding& binding = bindings_.at(uid);
  const bool over = now >= binding.until || (!OfGang(binding) && binding.attempts >= kSoloAttempts);
  // The cluster may have changed since the last try. A pod that came to be bound
  // before the view showed it can't be looked at.
  const bool known = OfGang(binding) || engine_.view().FindPod(binding.seat.pod) != nullptr;
  if (over || (known && !engine_.Stands(binding.seat))) {
    End(uid,
        absl::UnavailableError(absl::StrCat("pod ", binding.seat.pod.text(), " could not be bound to node ",
                                            binding.seat.node.text(), ": ", binding.last.message())),
        effects);
  } else if (HasCaller(binding)) {
    Post(uid, effects);
  } else {
    binding.next = now;
  }
}

}  // namespace muster
