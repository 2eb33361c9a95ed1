// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "scheduling/report.h"

// How a gang is shown to people and to programs.
namespace muster {

// What people read: outcome, members, seats, and for a refusal its
// sentences and what excludes how many nodes. Ends with a line feed.
std::string ReportText(const GangReport& report);

// One line: gang, outcome, members, and why it is not placed. No line feed.
std::string ReportLine(const GangReport& report);

// What programs read: {"gang", "declaredBy", "ignored", "outcome", "minMembers",
// "members", "bound", "held", "seats": [{"pod", "role", "rank", "node", "gpus"}],
// "refusal": {"kind", "fits", "of", "nodes", "excluded", "text"}}. Without a
// refusal there is no such key; rank is null where there is none; gpus is the
// number of whole devices, of any vendor, that the seat takes.
nlohmann::ordered_json ReportJson(const GangReport& report);

// What people read of many gangs: a table with a line per gang, the refusals,
// and a table of all seats. Ends with a line feed.
std::string ReportTable(const std::vector<GangReport>& reports);

}  // namespace muster
