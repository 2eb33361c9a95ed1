// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"
#include "scheduling/report.h"

// How the sub-commands print a gang.
namespace muster::cli {

// What people read: outcome, members, seats by node, and for a refusal its
// sentences and what excludes how many nodes. Ends with a line feed.
std::string ReportText(const GangReport& report);

// One line: gang, outcome, members, and why it is not placed. No line feed.
std::string ReportLine(const GangReport& report);

// What programs read: {"gang", "declaredBy", "outcome", "minMembers",
// "members", "bound", "held", "seats": [{"pod", "role", "rank", "node"}],
// "refusal": {"kind", "fits", "of", "nodes", "excluded", "text"}}. Without a
// refusal there is no such key; rank is null where there is none.
nlohmann::ordered_json ReportJson(const GangReport& report);

}  // namespace muster::cli
