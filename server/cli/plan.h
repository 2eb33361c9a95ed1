// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

// `muster plan`: what would happen to the pending gangs of a cluster in files.
namespace muster::cli {

enum class PlanFormat { kTable, kJson, kYaml };

struct PlanOptions {
  std::vector<std::string> files;  // "-" is the standard input
  PlanFormat format = PlanFormat::kTable;
  std::string config = "";  // of `muster serve`, for its topology; empty: none
};

// Exit statuses, so that a pipeline can ask "does it fit?".
inline constexpr int kEverythingFits = 0;
inline constexpr int kSomethingDoesNotFit = 1;
inline constexpr int kBadInput = 2;

// Plans all pending gangs of the files in queue order and prints the result to
// `out`, notes and errors to `err`. Returns one of the exit statuses above.
int Plan(const PlanOptions& options, std::ostream& out, std::ostream& err);

}  // namespace muster::cli
