// SPDX-License-Identifier: Apache-2.0
#include "server/report/report_format.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace muster {
namespace {

absl::string_view Word(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::kIncomplete:
      return "incomplete";
    case Refusal::Kind::kInvalid:
      return "invalid";
    case Refusal::Kind::kNoRoom:
      return "no-room";
    case Refusal::Kind::kNeverFits:
      return "never-fits";
  }
  return "unknown";
}

using Row = std::vector<std::string>;

// Columns two spaces apart and each as wide as its widest cell; the last one
// is not padded.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t c = 0; c + 1 < row.size(); ++c) {
      absl::StrAppendFormat(&text, "%-*s  ", static_cast<int>(widths[c]), row[c]);
    }
    absl::StrAppend(&text, row.back(), "\n");
  }
  return text;
}

std::string LevelTable(const Refusal& refusal) {
  std::vector<Row> rows = {{"LEVEL", "FIT IN ONE", "THE BEST ONE", "HOLD ALL"}};
  for (const LevelFit& level : refusal.levels) {
    const char* at_least = level.cut_short ? "at least " : "";
    rows.push_back({level.level, absl::StrCat(at_least, level.fits), level.best.empty() ? "-" : level.best,
                    absl::StrCat(at_least, level.holding, " of ", level.domains)});
  }
  return Table(rows);
}

std::string ExclusionTable(const Refusal& refusal) {
  std::vector<Row> rows = {{"NODES", "EXCLUDED BY"}};
  for (const Exclusion& exclusion : refusal.excluded) {
    rows.push_back({absl::StrCat(exclusion.nodes, " of ", refusal.nodes), exclusion.cause});
  }
  return Table(rows);
}

nlohmann::ordered_json RefusalJson(const Refusal& refusal) {
  nlohmann::ordered_json excluded = nlohmann::ordered_json::array();
  for (const Exclusion& exclusion : refusal.excluded) {
    excluded.push_back({{"cause", exclusion.cause}, {"nodes", exclusion.nodes}});
  }
  nlohmann::ordered_json levels = nlohmann::ordered_json::array();
  for (const LevelFit& level : refusal.levels) {
    levels.push_back({{"level", level.level},
                      {"fits", level.fits},
                      {"best", level.best},
                      {"holding", level.holding},
                      {"domains", level.domains},
                      {"cutShort", level.cut_short}});
  }
  nlohmann::ordered_json slices = nlohmann::ordered_json::array();
  for (const SliceFit& slice : refusal.slices) {
    slices.push_back({{"level", slice.level}, {"size", slice.size}, {"fits", slice.fits}, {"of", slice.of}});
  }
  nlohmann::ordered_json advice = nlohmann::ordered_json::array();
  for (const Advice& one : refusal.advice) {
    advice.push_back({{"kind", std::string(Word(one.kind))}, {"text", one.text}});
  }
  return {{"kind", std::string(Word(refusal.kind))},
          {"fits", refusal.fits},
          {"of", refusal.of},
          {"subgroup", refusal.subgroup},
          {"nodes", refusal.nodes},
          {"excluded", std::move(excluded)},
          {"levels", std::move(levels)},
          {"slices", std::move(slices)},
          {"wouldFitIf", refusal.would_fit_if},
          {"notes", refusal.notes},
          {"advice", std::move(advice)},
          {"text", refusal.text}};
}

// Resources called .../gpu are whole devices: nvidia.com/gpu, amd.com/gpu.
int64_t Gpus(const Seat& seat) {
  int64_t gpus = 0;
  for (const auto& [name, amount] : seat.requests.scalars) {
    if (absl::EndsWith(name, "/gpu")) gpus += amount;
  }
  return gpus;
}

// With the class of each node where that of some is known.
std::string SeatTable(const std::vector<Seat>& seats) {
  const bool classes = std::any_of(seats.begin(), seats.end(),
                                   [](const Seat& seat) { return seat.capacity != CapacityClass::kUnknown; });
  std::vector<Row> rows = {{"POD", "ROLE", "RANK", "NODE", "GPUS"}};
  if (classes) rows.front().push_back("CAPACITY");
  for (const Seat& seat : seats) {
    rows.push_back({seat.pod.text(), seat.role.empty() ? "-" : seat.role,
                    seat.rank ? absl::StrCat(*seat.rank) : "-", seat.node.text(), absl::StrCat(Gpus(seat))});
    if (classes) rows.back().emplace_back(Word(seat.capacity));
  }
  return Table(rows);
}

std::string Until(const LeavingMember& member) {
  return member.deadline ? absl::FormatTime(absl::RFC3339_sec, *member.deadline, absl::UTCTimeZone()) : "-";
}

std::string LeavingTable(const std::vector<LeavingMember>& leaving) {
  std::vector<Row> rows = {{"POD", "ON A NODE THAT GOES", "UNTIL", "BECAUSE OF"}};
  for (const LeavingMember& member : leaving) {
    rows.push_back({member.pod.text(), member.node.text(), Until(member), member.signal});
  }
  return Table(rows);
}

nlohmann::ordered_json LeavingJson(const std::vector<LeavingMember>& leaving) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const LeavingMember& member : leaving) {
    json.push_back({{"pod", member.pod.text()},
                    {"node", member.node.text()},
                    {"signal", member.signal},
                    {"until", member.deadline ? nlohmann::ordered_json(Until(member)) : nullptr}});
  }
  return json;
}

std::string RejectedTable(const std::vector<RejectedMember>& rejected) {
  std::vector<Row> rows = {{"POD", "REFUSED BY KUBELET ON", "BECAUSE OF"}};
  for (const RejectedMember& member : rejected) {
    rows.push_back({member.pod.text(), member.node.text(), member.reason});
  }
  return Table(rows);
}

nlohmann::ordered_json RejectedJson(const std::vector<RejectedMember>& rejected) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const RejectedMember& member : rejected) {
    json.push_back({{"pod", member.pod.text()}, {"node", member.node.text()}, {"reason", member.reason}});
  }
  return json;
}

nlohmann::ordered_json SeatJson(const Seat& seat) {
  nlohmann::ordered_json json = {{"pod", seat.pod.text()}, {"role", seat.role}};
  json["rank"] = seat.rank ? nlohmann::ordered_json(*seat.rank) : nlohmann::ordered_json(nullptr);
  json["node"] = seat.node.text();
  json["gpus"] = Gpus(seat);
  json["capacity"] = std::string(Word(seat.capacity));
  return json;
}

void AppendLists(const Refusal& refusal, std::string& text) {
  if (!refusal.notes.empty()) text += "\n";
  for (const std::string& note : refusal.notes) absl::StrAppend(&text, "note: ", note, "\n");
  if (!refusal.advice.empty()) text += "\n";
  for (const Advice& advice : refusal.advice) absl::StrAppend(&text, "to make room: ", advice.text, "\n");
}

}  // namespace

std::string ReportText(const GangReport& report) {
  std::string text = absl::StrFormat("gang %s: %s\n\ndeclared by  %s\n", report.gang.text(),
                                     Word(report.outcome), report.declared_by);
  if (!report.ignored.empty())
    absl::StrAppend(&text, "ignored      ", absl::StrJoin(report.ignored, ", "), "\n");
  absl::StrAppendFormat(&text, "members      %d exist, %d needed, %d bound, %d held\n", report.members,
                        report.min_members, report.bound, report.held);
  if (!report.owner.empty()) absl::StrAppend(&text, "owner        ", report.owner, "\n");
  if (!report.later.empty()) absl::StrAppend(&text, "later        ", report.later, "\n");
  if (!report.capacity.empty()) absl::StrAppend(&text, "capacity     ", report.capacity, "\n");
  if (!report.repair.empty()) absl::StrAppend(&text, "repair       ", report.repair, "\n");
  if (report.hourly_cost > 0) absl::StrAppendFormat(&text, "costs        %.2f an hour\n", report.hourly_cost);
  if (report.refusal) {
    absl::StrAppend(&text, "fits         ", report.refusal->fits, " of ", report.refusal->of, "\n\n",
                    report.refusal->text, "\n");
    if (!report.refusal->levels.empty()) absl::StrAppend(&text, "\n", LevelTable(*report.refusal));
    if (!report.refusal->excluded.empty()) absl::StrAppend(&text, "\n", ExclusionTable(*report.refusal));
    AppendLists(*report.refusal, text);
  }
  if (!report.left_to_scheduler.empty()) text += "\n";
  for (const std::string& line : report.left_to_scheduler) absl::StrAppend(&text, "note: ", line, "\n");
  if (!report.scale_up.empty()) text += "\n";
  for (const std::string& line : report.scale_up) absl::StrAppend(&text, "scale-up: ", line, "\n");
  if (!report.seats.empty()) absl::StrAppend(&text, "\n", SeatTable(report.seats));
  if (!report.leaving.empty()) absl::StrAppend(&text, "\n", LeavingTable(report.leaving));
  if (!report.rejected.empty()) absl::StrAppend(&text, "\n", RejectedTable(report.rejected));
  return text;
}

std::string ReportLine(const GangReport& report) {
  std::string line = absl::StrFormat("%s  %s  %d/%d bound, %d held", report.gang.text(), Word(report.outcome),
                                     report.bound, report.members, report.held);
  if (report.refusal) absl::StrAppend(&line, "  ", report.refusal->text);
  return line;
}

nlohmann::ordered_json ReportJson(const GangReport& report) {
  nlohmann::ordered_json seats = nlohmann::ordered_json::array();
  for (const Seat& seat : report.seats) seats.push_back(SeatJson(seat));
  nlohmann::ordered_json json = {{"gang", report.gang.text()},
                                 {"declaredBy", report.declared_by},
                                 {"ignored", report.ignored},
                                 {"outcome", std::string(Word(report.outcome))},
                                 {"minMembers", report.min_members},
                                 {"members", report.members},
                                 {"bound", report.bound},
                                 {"held", report.held},
                                 {"seats", std::move(seats)}};
  json["capacity"] = report.capacity;
  // Text: decimals are exact only in text, as Kubernetes has it.
  json["hourlyCost"] = absl::StrFormat("%.2f", report.hourly_cost);
  if (!report.owner.empty()) json["owner"] = report.owner;
  if (!report.later.empty()) json["later"] = report.later;
  if (!report.scale_up.empty()) json["scaleUp"] = report.scale_up;
  if (!report.left_to_scheduler.empty()) json["leftToScheduler"] = report.left_to_scheduler;
  if (!report.leaving.empty()) json["leaving"] = LeavingJson(report.leaving);
  if (!report.rejected.empty()) json["rejected"] = RejectedJson(report.rejected);
  if (!report.repair.empty()) json["repair"] = report.repair;
  if (report.refusal) json["refusal"] = RefusalJson(*report.refusal);
  return json;
}

std::string ReportTable(const std::vector<GangReport>& reports) {
  if (reports.empty()) return "no gang has a pending member\n";
  std::vector<Row> rows = {{"GANG", "OUTCOME", "MEMBERS", "MINIMUM", "SEATS", "NODES", "GPUS"}};
  std::vector<Seat> seats;
  for (const GangReport& report : reports) {
    std::set<NodeName> nodes;
    int64_t gpus = 0;
    for (const Seat& seat : report.seats) {
      nodes.insert(seat.node);
      gpus += Gpus(seat);
    }
    rows.push_back({report.gang.text(), std::string(Word(report.outcome)), absl::StrCat(report.members),
                    absl::StrCat(report.min_members), absl::StrCat(report.seats.size()),
                    absl::StrCat(nodes.size()), absl::StrCat(gpus)});
    seats.insert(seats.end(), report.seats.begin(), report.seats.end());
  }
  std::string text = Table(rows);
  for (const GangReport& report : reports) {
    if (report.refusal) absl::StrAppend(&text, "\n", report.refusal->text, "\n");
  }
  if (!seats.empty()) absl::StrAppend(&text, "\n", SeatTable(seats));
  return text;
}

}  // namespace muster
