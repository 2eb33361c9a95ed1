// SPDX-License-Identifier: Apache-2.0
#include "server/prices/price_files.h"

#include <array>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace muster {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kHeader =
    "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version";
constexpr size_t kColumns = 8;

absl::Status Wrong(absl::string_view name, size_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": line ", line, ": ", what));
}

std::optional<double> Price(absl::string_view text) {
  double price = 0;
  const bool fine = absl::SimpleAtod(text, &price) && std::isfinite(price) && price >= 0;
  return fine ? std::optional<double>(price) : std::nullopt;
}

std::string Unfit(absl::string_view field, absl::string_view value) {
  return absl::StrCat(field, " is \"", value.substr(0, 64), "\"; want a number of at least 0");
}

// Fields of a line; those in double quotes may have commas.
std::vector<std::string> FieldsOf(absl::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  for (std::string& field : fields) absl::StripAsciiWhitespace(&field);
  return fields;
}

// The label that a row of a GPU means, which may be written with or without its path.
std::string LabelPath(absl::string_view field) {
  return absl::StartsWith(field, "metadata.labels.") ? std::string(field)
                                                     : absl::StrCat("metadata.labels.", field);
}

absl::Status AddRow(absl::string_view name, size_t line, const std::vector<std::string>& fields,
                    Prices& prices) {
  if (fields.size() != kColumns) {
    return Wrong(name, line, absl::StrCat("has ", fields.size(), " fields; want ", kColumns));
  }
  const std::string& id = fields[1];
  const std::string& asset = fields[3];
  const std::string& field = fields[4];
  if (asset == "pv") return absl::OkStatus();
  if (asset != "node" && asset != "gpu") {
    return Wrong(name, line, absl::StrCat("AssetClass is \"", asset, "\"; want node, gpu or pv"));
  }
  const std::optional<double> hourly = Price(fields[6]);
  if (!hourly.has_value()) return Wrong(name, line, Unfit("MarketPriceHourly", fields[6]));
  NodePrice price;
  price.region = fields[2];
  price.hourly = *hourly;
  price.per_gpu = asset == "gpu";
  if (!id.empty()) {
    if (field.empty()) return Wrong(name, line, "InstanceIDField is empty, beside an InstanceID");
    price.field = price.per_gpu ? LabelPath(field) : field;
    price.value = id;
    const bool known = price.field == "spec.providerID" || price.field == "metadata.name" ||
                       absl::StartsWith(price.field, "metadata.labels.");
    if (!known) {
      return Wrong(name, line,
                   absl::StrCat("InstanceIDField is \"", field, "\"; want spec.providerID, ",
                                "metadata.name or metadata.labels.KEY"));
    }
    prices.Add(price);
  } else if (fields[5].empty()) {
    return Wrong(name, line, "has neither InstanceID nor InstanceType");
  }
  if (fields[5].empty() || price.per_gpu) return absl::OkStatus();
  price.field.clear();
  price.value.clear();
  price.type = fields[5];
  prices.Add(std::move(price));
  return absl::OkStatus();
}

absl::Status AddCsv(absl::string_view name, absl::string_view text, Prices& prices) {
  size_t line = 0;
  for (absl::string_view row : absl::StrSplit(text, '\n')) {
    ++line;
    absl::ConsumeSuffix(&row, "\r");
    if (line == 1) {
      if (absl::StripAsciiWhitespace(row) != kHeader) {
        return Wrong(name, 1, absl::StrCat("want the header ", kHeader));
      }
      continue;
    }
    if (absl::StripAsciiWhitespace(row).empty()) continue;
    if (absl::Status s = AddRow(name, line, FieldsOf(row), prices); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// The line in which the key stands first.
size_t LineOf(absl::string_view text, absl::string_view key) {
  const size_t at = text.find(absl::StrCat("\"", key, "\""));
  size_t line = 1;
  for (size_t i = 0; i < at && i < text.size(); ++i) line += text[i] == '\n' ? 1 : 0;
  return line;
}

// A rate that is spelled otherwise than OpenCost's files have it would be missed.
absl::Status CheckSpelling(absl::string_view name, absl::string_view text, const Json& json) {
  static constexpr std::array<absl::string_view, 6> kRates = {"CPU",     "RAM",     "GPU",
                                                              "spotCPU", "spotRAM", "spotGPU"};
  for (const auto& item : json.items()) {
    for (const absl::string_view rate : kRates) {
      if (item.key() == rate || !absl::EqualsIgnoreCase(item.key(), rate)) continue;
      return Wrong(name, LineOf(text, item.key()),
                   absl::StrCat("has the key \"", item.key(), "\"; want ", rate));
    }
  }
  return absl::OkStatus();
}

absl::Status AddRates(absl::string_view name, absl::string_view text, Prices& prices) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Wrong(name, 1, "is no JSON object with rates, and no CSV of OpenCost");
  if (absl::Status s = CheckSpelling(name, text, json); !s.ok()) return s;
  Rates rates = prices.rates();
  Rates spot = prices.spot();
  std::optional<double> spot_gpu;
  const std::array<std::pair<const char*, double*>, 5> keys = {{{"CPU", &rates.cpu},
                                                                {"RAM", &rates.ram},
                                                                {"GPU", &rates.gpu},
                                                                {"spotCPU", &spot.cpu},
                                                                {"spotRAM", &spot.ram}}};
  const auto read = [&](const char* key, double& value) {
    if (!json.contains(key)) return absl::OkStatus();
    const Json& given = json.at(key);
    const std::string written = given.is_string() ? given.get<std::string>() : given.dump();
    const std::optional<double> price = Price(written);
    if (!price.has_value()) return Wrong(name, LineOf(text, key), Unfit(key, written));
    value = *price;
    return absl::OkStatus();
  };
  for (const auto& [key, value] : keys) {
    if (absl::Status s = read(key, *value); !s.ok()) return s;
  }
  // OpenCost has no rate for spot GPUs.
  spot.gpu = rates.cpu > 0 ? rates.gpu * spot.cpu / rates.cpu : rates.gpu;
  if (absl::Status s = read("spotGPU", spot.gpu); !s.ok()) return s;
  prices.SetRates(rates, spot);
  return absl::OkStatus();
}

}  // namespace

absl::Status AddPrices(const std::string& name, const std::string& text, Prices& prices) {
  absl::string_view rest = text;
  absl::ConsumePrefix(&rest, "\xEF\xBB\xBF");  // the mark that spreadsheets put first
  const absl::string_view start = absl::StripLeadingAsciiWhitespace(rest);
  if (absl::StartsWith(start, "{")) return AddRates(name, rest, prices);
  return AddCsv(name, rest, prices);
}

absl::StatusOr<Prices> LoadPrices(absl::Span<const std::string> files, absl::Span<const NodePrice> table) {
  Prices prices;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    if (in) text << in.rdbuf();
    if (!in) return absl::NotFoundError(absl::StrCat(file, ": can't be read"));
    if (absl::Status s = AddPrices(file, text.str(), prices); !s.ok()) return s;
  }
  for (const NodePrice& price : table) prices.Add(price);
  return prices;
}

}  // namespace muster
