// SPDX-License-Identifier: Apache-2.0
#include "server/commit/scale_ups.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr absl::Duration kAgain = absl::Seconds(3);
constexpr absl::Duration kForget = absl::Minutes(1);
constexpr absl::string_view kClass = "best-effort-atomic-scale-up.autoscaling.x-k8s.io";

// Both that Cluster Autoscaler reads, and those that older ones do.
Labels Annotations(const std::string& request) {
  Labels annotations;
  for (const absl::string_view group : {"autoscaling.x-k8s.io", "cluster-autoscaler.kubernetes.io"}) {
    annotations[absl::StrCat(group, "/consume-provisioning-request")] = request;
    annotations[absl::StrCat(group, "/provisioning-class-name")] = std::string(kClass);
  }
  return annotations;
}

// What comes of a write shows in the view, and is asked for again if it failed.
void Ignore(const absl::Status&) {}

}  // namespace

bool ScaleUps::IsDue(const std::string& write, absl::Time now) {
  absl::Time& again = again_.try_emplace(write, absl::InfinitePast()).first->second;
  if (now < again) return false;
  again = now + kAgain;
  return true;
}

void ScaleUps::Tick(absl::Time now, Effects& effects) {
  const ScaleUpOrders orders = engine_.ScaleUp(now);
  for (const Consumption& c : orders.consume) {
    if (!IsDue(absl::StrCat("consume ", c.uid.text(), " ", c.request), now)) continue;
    effects.push_back([this, c] { api_.Annotate({c.pod, c.uid, ""}, Annotations(c.request), Ignore); });
  }
  for (const Ungating& ungating : orders.ungate) {
    if (!IsDue(absl::StrCat("ungate ", ungating.uid.text()), now)) continue;
    ++counts_.ungated;
    effects.push_back([this, ungating] { api_.Ungate(ungating, Ignore); });
  }
  for (const ProvisioningOrder& order : orders.ask) {
    if (!IsDue(absl::StrCat("ask ", order.gang.ns(), "/", order.name), now)) continue;
    ++counts_.asked;
    Ask(order, effects);
  }
  for (const auto& request : orders.remove) {
    if (!IsDue(absl::StrCat("withdraw ", request->ns, "/", request->name), now)) continue;
    effects.push_back([this, request] { api_.Withdraw(*request, Ignore); });
  }
  for (const Seat& seat : orders.evict) {
    if (!IsDue(absl::StrCat("evict ", seat.uid.text()), now)) continue;
    ++counts_.evicted;
    effects.push_back([this, pod = PodVersion{seat.pod, seat.uid, ""}] { api_.Evict(pod, Ignore); });
  }
  std::erase_if(again_, [&](const auto& entry) { return now - entry.second > kForget; });
}

void ScaleUps::Ask(const ProvisioningOrder& order, Effects& effects) {
  effects.push_back([this, order] {
    api_.Ask(order, [this, gang = order.gang, attempt = order.attempt](const absl::Status& status) {
      if (status.ok() || absl::IsUnavailable(status)) return;
      locked_([&](Effects&, absl::Time now) {
        engine_.RequestFailed(gang, attempt, std::string(status.message()), now);
      });
    });
  });
}

}  // namespace muster
