// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/config/config.h"
#include "server/config/options.h"

namespace muster {
namespace {

// A YAML string in double quotes.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&quoted, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Value(const DurationOption& kind, Config& config) {
  return absl::FormatDuration(kind.at(config));
}
std::string Value(const NumberOption& kind, Config& config) { return absl::StrCat(kind.at(config)); }
std::string Value(const AddressOption& kind, Config& config) { return Quoted(kind.at(config)); }
std::string Value(const TextOption& kind, Config& config) {
  return kind.words.empty() ? Quoted(kind.at(config)) : kind.at(config);
}
std::string Value(const TextsOption& kind, Config& config) {
  return absl::StrCat("[",
                      absl::StrJoin(kind.at(config), ", ",
                                    [](std::string* out, const std::string& text) { *out += Quoted(text); }),
                      "]");
}

std::string Value(const LevelsOption& kind, Config& config) {
  return absl::StrCat("[",
                      absl::StrJoin(kind.at(config), ", ",
                                    [](std::string* out, const Level& level) {
                                      absl::StrAppend(out, "{name: ", Quoted(level.name),
                                                      ", key: ", Quoted(level.key), "}");
                                    }),
                      "]");
}

std::string Value(const ClassRulesOption& kind, Config& config) {
  const auto rule = [](std::string* out, const ClassRule& r) {
    absl::StrAppend(
        out, "{label: ", Quoted(r.label), ", values: [",
        absl::StrJoin(r.values, ", ", [](std::string* o, const std::string& v) { *o += Quoted(v); }),
        "], class: ", Word(r.capacity), "}");
  };
  return absl::StrCat("[", absl::StrJoin(kind.at(config), ", ", rule), "]");
}

std::string Value(const PoliciesOption& kind, Config& config) {
  const auto entry = [](std::string* out, const std::pair<std::string, CapacityPolicy>& e) {
    absl::StrAppend(out, Quoted(e.first), ": ", Word(e.second));
  };
  return absl::StrCat("{", absl::StrJoin(kind.at(config), ", ", entry), "}");
}

std::string Value(const PricesOption& kind, Config& config) {
  const auto entry = [](std::string* out, const NodePrice& price) {
    absl::StrAppend(out, "{type: ", Quoted(price.type), ", region: ", Quoted(price.region));
    if (price.capacity.has_value()) absl::StrAppend(out, ", class: ", Word(*price.capacity));
    absl::StrAppend(out, ", hourly: ", price.hourly, "}");
  };
  return absl::StrCat("[", absl::StrJoin(kind.at(config), ", ", entry), "]");
}

std::string Range(const DurationOption& kind) {
  return absl::StrCat("From ", absl::FormatDuration(kind.least), " to ", absl::FormatDuration(kind.most),
                      ".");
}
std::string Range(const NumberOption& kind) {
  return absl::StrCat("From ", kind.least, " to ", kind.most, ".");
}
std::string Range(const TextOption&) { return ""; }
std::string Range(const AddressOption&) { return ""; }
std::string Range(const TextsOption&) { return ""; }
std::string Range(const LevelsOption&) { return ""; }
std::string Range(const ClassRulesOption&) { return ""; }
std::string Range(const PoliciesOption&) { return ""; }
std::string Range(const PricesOption&) { return ""; }

void AppendComment(absl::string_view text, absl::string_view indent, std::string& out) {
  if (text.empty()) return;
  for (const absl::string_view line : absl::StrSplit(text, '\n'))
    absl::StrAppend(&out, indent, "# ", line, "\n");
}

enum class Comments { kWith, kWithout };

std::string Print(const Config& config, Comments comments) {
  Config copy = config;  // the table gives access for reading and writing alike
  std::string out;
  std::string section;
  for (const Option& option : Options()) {
    if (option.section != section) {
      section = option.section;
      if (comments == Comments::kWith && !out.empty()) out += "\n";
      if (comments == Comments::kWith) AppendComment(SectionHelp(section), "", out);
      if (!section.empty()) absl::StrAppend(&out, section, ":\n");
    }
    const absl::string_view indent = section.empty() ? "" : "  ";
    if (comments == Comments::kWith) {
      AppendComment(option.help, indent, out);
      AppendComment(std::visit([](const auto& kind) { return Range(kind); }, option.kind), indent, out);
    }
    absl::StrAppend(&out, indent, option.name, ": ",
                    std::visit([&](const auto& kind) { return Value(kind, copy); }, option.kind), "\n");
  }
  return out;
}

}  // namespace

std::string DescribeConfig(const Config& config) { return Print(config, Comments::kWith); }
std::string ShowConfig(const Config& config) { return Print(config, Comments::kWithout); }

}  // namespace muster
