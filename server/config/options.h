// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/config/config.h"

// The table of options: their keys, where they are kept, what they may be.
namespace muster {

struct DurationOption {
  absl::Duration& (*at)(Config& config);
  absl::Duration least;
  absl::Duration most;
};

struct NumberOption {
  int64_t& (*at)(Config& config);
  int64_t least;
  int64_t most;
};

// One of `words`; any text if there are none.
struct TextOption {
  std::string& (*at)(Config& config);
  std::vector<std::string> words;
};

// "host:port".
struct AddressOption {
  std::string& (*at)(Config& config);
};

struct TextsOption {
  std::vector<std::string>& (*at)(Config& config);
};

// A list of mappings with a name and a label key each: see CheckLevels.
struct LevelsOption {
  std::vector<Level>& (*at)(Config& config);
};

// A list of mappings with a label, values and a class each: see ClassRule.
struct ClassRulesOption {
  std::vector<ClassRule>& (*at)(Config& config);
};

// A mapping of names to policies.
struct PoliciesOption {
  std::vector<std::pair<std::string, CapacityPolicy>>& (*at)(Config& config);
};

// A list of prices of nodes.
struct PricesOption {
  std::vector<NodePrice>& (*at)(Config& config);
};

struct Option {
  std::string section;  // empty: at the top
  std::string name;
  std::string help;  // lines without a comment sign
  std::variant<DurationOption, NumberOption, TextOption, AddressOption, TextsOption, LevelsOption,
               ClassRulesOption, PoliciesOption, PricesOption>
      kind;

  std::string Path() const { return section.empty() ? name : section + "." + name; }
};

// Options of one section stand together.
const std::vector<Option>& Options();

// What the section is about; one line.
absl::string_view SectionHelp(absl::string_view section);

}  // namespace muster
