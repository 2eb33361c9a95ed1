// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/owner_chain.h"
#include "scheduling/dra/demand.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/later.h"
#include "scheduling/engine/solo.h"

namespace muster {
namespace {

// The gangs that are called `id` but for the kind of their controller.
std::vector<GangId> NamedLike(const ClusterView& view, const GangId& id) {
  std::vector<GangId> found;
  view.gangs().ForEach([&](const GangId& other, const ClusterView::Members&) {
    const size_t colon = other.name().find(':');
    if (colon != absl::string_view::npos && other.ns() == id.ns() &&
        other.name().substr(colon + 1) == id.name()) {
      found.push_back(other);
    }
  });
  return found;
}

}  // namespace

absl::StatusOr<GangReport> Engine::Report(const GangId& asked) const {
  // A gang that is planned with others is reported with them.
  const GangId* group = view_->FindMembers(asked) == nullptr ? view_->groups().FindGroupOf(asked) : nullptr;
  const GangId& id = group == nullptr ? asked : *group;
  const Gang gang = Assemble(id);
  if (gang.members.empty()) {
    const std::vector<GangId> others = NamedLike(*view_, asked);
    if (others.size() == 1) return Report(others.front());
    std::string why = absl::StrCat("no pod declares gang ", asked.text());
    for (size_t i = 0; i < others.size(); ++i) {
      absl::StrAppend(&why, i == 0 ? "; there are " : " and ", others[i].text());
    }
    return absl::NotFoundError(why);
  }
  const Promise* promise = ledger_.Find(id);
  const auto state = gangs_.find(id);
  GangReport report = MakeReport(gang, promise == nullptr ? std::vector<Seat>{} : promise->seats,
                                 state == gangs_.end() ? std::nullopt : state->second.refusal);
  report.owner = declare::TopOwner(*view_, *gang.members.front());
  report.later = DescribeLater(gang.later, ledger_.Find(LaterOwner(id)));
  ShowClasses(*view_, options_.capacity, report);
  if (state != gangs_.end()) {
    report.capacity = state->second.capacity;
    report.scale_up = ScaleUpLines(id, state->second);
    if (!state->second.no_move.empty() && !ToMove(gang).empty())
      report.scale_up.push_back(absl::StrCat("not moved: ", state->second.no_move));
  }
  report.left_to_scheduler = NotUnderstood(*view_, gang);
  report.leaving = Leaving(gang);
  report.repair = DescribeRepair(gang);
  return report;
}

std::map<Outcome, int64_t> Engine::CountGangs() const {
  std::map<Outcome, int64_t> count;
  // Where no member is pending, each has its place.
  count[Outcome::kPlaced] = static_cast<int64_t>(view_->gangs().size() - view_->pending_gangs().size());
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    const auto state = gangs_.find(id);
    if (state == gangs_.end() || (!state->second.refusal.has_value() && ledger_.Find(id) == nullptr)) {
      ++count[Outcome::kWaiting];
    } else if (!state->second.refusal.has_value()) {
      ++count[Outcome::kPlaced];
    } else {
      const bool waits = state->second.refusal->kind == Refusal::Kind::kIncomplete;
      ++count[waits ? Outcome::kWaiting : Outcome::kRefused];
    }
  });
  return count;
}

std::map<Advice::Kind, int64_t> Engine::CountAdvice() const {
  std::map<Advice::Kind, int64_t> count;
  view_->pending_gangs().ForEach([&](const GangId& id, int64_t) {
    const auto state = gangs_.find(id);
    if (state == gangs_.end() || !state->second.refusal.has_value()) return;
    const std::vector<Advice>& advice = state->second.refusal->advice;
    if (!advice.empty()) ++count[advice.front().kind];
  });
  return count;
}

std::vector<GangReport> Engine::Reports() const {
  std::vector<GangReport> reports;
  view_->gangs().ForEach([&](const GangId& id, const ClusterView::Members& members) {
    bool alive = false;
    members.ForEach(
        [&](const PodName&, const auto& member) { alive |= !member->finished() && InGang(*view_, *member); });
    if (!alive) return;
    absl::StatusOr<GangReport> report = Report(id);
    if (report.ok()) reports.push_back(*std::move(report));
  });
  return reports;
}

}  // namespace muster
