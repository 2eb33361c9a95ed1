// SPDX-License-Identifier: Apache-2.0
// Whole lives of gangs under faults, in virtual time: the real Decisions, lease
// and takeover with a simulated cluster around them. One seed decides all of it.
//
//   simulation --first 1 --seeds 200        worlds of 100 gangs each
//   simulation --seed 17 [--trace]          one of them again, exactly
//   simulation --focus undo|lead ...        worlds whose faults are about one matter
//
// MUSTER_SIMULATION_SEED does as --seed. With --expect-violation it fails unless
// one is found, as in a build that is broken on purpose; with --replays, unless a
// second run of each world is the same line by line.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "test/simulation/world.h"

namespace muster::test {
namespace {

constexpr size_t kTraceLines = 300;  // before a violation

struct Options {
  int64_t first = 1;
  int64_t seeds = 1;
  int64_t gangs = 100;  // in each world
  Focus focus = Focus::kAll;
  bool trace = false;
  bool expect_violation = false;
  bool replays = false;
};

struct Sum {
  int64_t seeds = 0;
  int64_t lifecycles = 0;
  int64_t bindings = 0;
  int64_t evictions = 0;
  int64_t restarts = 0;
  int64_t processes = 0;
  double virtual_seconds = 0;
  int64_t violations = 0;
};

bool Parse(int argc, char** argv, Options& options) {
  const auto seed = [&](const char* text) {
    options.seeds = 1;
    return absl::SimpleAtoi(text, &options.first);
  };
  if (const char* text = std::getenv("MUSTER_SIMULATION_SEED"); text != nullptr && !seed(text)) return false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--trace") {
      options.trace = true;
    } else if (flag == "--expect-violation") {
      options.expect_violation = true;
    } else if (flag == "--replays") {
      options.replays = true;
    } else if (flag == "--focus" && (value == std::string("undo") || value == std::string("lead"))) {
      options.focus = value == std::string("undo") ? Focus::kUndo : Focus::kLead;
      ++i;
    } else if ((flag == "--seed" && seed(value)) ||
               (flag == "--first" && absl::SimpleAtoi(value, &options.first)) ||
               (flag == "--seeds" && absl::SimpleAtoi(value, &options.seeds)) ||
               (flag == "--gangs" && absl::SimpleAtoi(value, &options.gangs))) {
      ++i;
    } else {
      std::cerr << "simulation: don't understand " << flag << " " << value << "\n";
      return false;
    }
  }
  return true;
}

void Add(const WorldResult& result, Sum& sum) {
  ++sum.seeds;
  sum.lifecycles += result.lifecycles;
  sum.bindings += result.bindings;
  sum.evictions += result.evictions;
  sum.restarts += result.restarts;
  sum.processes += result.processes;
  sum.virtual_seconds += result.virtual_seconds;
  sum.violations += static_cast<int64_t>(result.violations.size());
}

void Print(const Sum& sum, absl::Duration took) {
  std::cout << absl::StreamFormat(
      "%d seeds, %d lifecycles, %d bindings, %d evictions, %d restarts of gangs, %d Muster processes, %.1f "
      "virtual hours, %d "
      "violations; "
      "%.0f s, %.0f lifecycles/s\n",
      sum.seeds, sum.lifecycles, sum.bindings, sum.evictions, sum.restarts, sum.processes,
      sum.virtual_seconds / 3600, sum.violations, absl::ToDoubleSeconds(took),
      static_cast<double>(sum.lifecycles) / absl::ToDoubleSeconds(took));
}

void PrintLast(const std::vector<std::string>& lines, size_t most) {
  for (size_t i = lines.size() - std::min(most, lines.size()); i < lines.size(); ++i)
    std::cout << lines[i] << "\n";
}

void Show(int64_t seed, const Options& options, const WorldResult& result) {
  for (const std::string& violation : result.violations)
    std::cout << "seed " << seed << ": " << violation << "\n";
  constexpr const char* kFocus[] = {"", " --focus undo", " --focus lead"};
  std::cout << "again: --seed " << seed << " --gangs " << options.gangs
            << kFocus[static_cast<size_t>(options.focus)] << " --trace\n";
  // The same once more, with its trace.
  PrintLast(RunWorld(static_cast<uint64_t>(seed), options.gangs, options.focus, true).trace, kTraceLines);
}

// Runs each world twice, traced and not, and compares what came of it.
int Replay(const Options& options) {
  for (int64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    const WorldResult first = RunWorld(static_cast<uint64_t>(seed), options.gangs, options.focus, true);
    const WorldResult again = RunWorld(static_cast<uint64_t>(seed), options.gangs, options.focus, true);
    const WorldResult untraced = RunWorld(static_cast<uint64_t>(seed), options.gangs, options.focus, false);
    if (first.trace != again.trace || first.bindings != untraced.bindings ||
        first.virtual_seconds != untraced.virtual_seconds) {
      std::cout << "seed " << seed << " does not replay\n";
      return 1;
    }
  }
  return 0;
}

int Run(const Options& options) {
  const absl::Time began = absl::Now();
  Sum sum;
  for (int64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    const WorldResult result =
        RunWorld(static_cast<uint64_t>(seed), options.gangs, options.focus, options.trace);
    Add(result, sum);
    PrintLast(result.trace, result.trace.size());
    if (!result.violations.empty()) {
      if (!options.expect_violation) Show(seed, options, result);
      break;
    }
    if (sum.seeds % 500 == 0) Print(sum, absl::Now() - began);
  }
  Print(sum, absl::Now() - began);
  return (sum.violations > 0) == options.expect_violation ? 0 : 1;
}

}  // namespace
}  // namespace muster::test

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  muster::test::Options options;
  if (!muster::test::Parse(argc, argv, options)) return 2;
  return options.replays ? muster::test::Replay(options) : muster::test::Run(options);
}
