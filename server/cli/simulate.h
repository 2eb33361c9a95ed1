// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

// `muster simulate`: how much of a cluster's GPUs a policy makes use of, by one of
// two protocols: fgd and mig-loss.
namespace muster::cli {

enum class SimulateFormat { kTable, kJson, kCsv };

struct SimulateOptions {
  std::string protocol = "fgd";
  std::string nodes;
  std::string pods;
  int seeds = 10;
  double load = 1.2;  // of mig-loss
  std::vector<std::string> policies = {"muster"};
  SimulateFormat format = SimulateFormat::kTable;
};

// Runs the protocol and prints its figures to `out`, progress and errors to
// `err`. Returns 0, or kBadInput.
int Simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err);

// What --help says below the options.
std::string SimulateHelp();

}  // namespace muster::cli
