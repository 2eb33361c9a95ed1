// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/quantity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace muster {
namespace {

constexpr size_t kShown = 64;  // of a text that is none
// Beyond it every number saturates, or is rounded up to the smallest.
constexpr int64_t kMaxExponent = 80;
// Where an exponent as it is written is capped: far enough that no digits make up for it.
constexpr int64_t kFarthest = int64_t{1} << 32;
constexpr int64_t kNanosPerUnit = 1'000'000'000;

// What a suffix multiplies by: a power of ten, or of two.
struct Scale {
  int64_t ten = 0;
  int two = 0;
};

std::optional<Scale> ScaleOf(absl::string_view suffix) {
  static constexpr std::array<std::pair<const char*, Scale>, 17> kScales = {{
      {"", {0, 0}},
      {"n", {-9, 0}},
      {"u", {-6, 0}},
      {"m", {-3, 0}},
      {"k", {3, 0}},
      {"M", {6, 0}},
      {"G", {9, 0}},
      {"T", {12, 0}},
      {"P", {15, 0}},
      {"E", {18, 0}},
      {"Ki", {0, 10}},
      {"Mi", {0, 20}},
      {"Gi", {0, 30}},
      {"Ti", {0, 40}},
      {"Pi", {0, 50}},
      {"Ei", {0, 60}},
      {"e0", {0, 0}},
  }};
  for (const auto& [name, scale] : kScales) {
    if (suffix == name) return scale;
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  const bool negative = suffix[1] == '-';
  const absl::string_view digits = suffix.substr(negative || suffix[1] == '+' ? 2 : 1);
  if (digits.empty() || !absl::c_all_of(digits, [](unsigned char c) { return absl::ascii_isdigit(c); })) {
    return std::nullopt;
  }
  int64_t exponent = 0;
  if (!absl::SimpleAtoi(digits, &exponent) || exponent > kFarthest) exponent = kFarthest;
  return Scale{negative ? -exponent : exponent, 0};
}

// A non-negative number of nanos, saturated far above what int64 holds.
class Nanos {
 public:
  void TimesTen() { value_ = value_ > kCeiling / 10 ? kCeiling : value_ * 10; }
  void Double() { value_ = value_ > kCeiling / 2 ? kCeiling : value_ * 2; }
  void Add(int digit) { value_ += digit; }
  // Whether it has 19 digits: with them, any suffix of two fits.
  bool Full() const { return value_ >= uint64_t{1'000'000'000'000'000'000}; }
  void DividedByTenRoundedUp() { value_ = (value_ + 9) / 10; }

  int64_t RoundedUpTo(int64_t nanos_per_unit) const {
    const absl::uint128 units = (value_ + (nanos_per_unit - 1)) / nanos_per_unit;
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    return units > absl::uint128(kMax) ? kMax : static_cast<int64_t>(units);
  }

 private:
  static constexpr absl::uint128 kCeiling = absl::MakeUint128(uint64_t{1} << 60, 0);
  absl::uint128 value_ = 0;
};

absl::StatusOr<Nanos> ParseNanos(absl::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is no quantity; want a number such as 8, 500m or 16Gi", text.substr(0, kShown)));
  };
  absl::string_view rest = text;
  if (!rest.empty() && rest[0] == '-') {
    return absl::InvalidArgumentError(absl::StrFormat("quantity \"%s\" is negative", text.substr(0, kShown)));
  }
  if (!rest.empty() && rest[0] == '+') rest.remove_prefix(1);
  Nanos nanos;
  bool any = false;
  bool after_point = false;
  bool more = false;  // a digit other than 0 that no longer matters but for rounding up
  int64_t shift = 0;  // by which power of ten the digits that were taken are too large
  for (; !rest.empty() && (absl::ascii_isdigit(static_cast<unsigned char>(rest[0])) || rest[0] == '.');
       rest.remove_prefix(1)) {
    if (rest[0] == '.') {
      if (after_point) return bad();
      after_point = true;
      continue;
    }
    any = true;
    if (nanos.Full()) {
      more |= rest[0] != '0';
      if (!after_point) ++shift;
      continue;
    }
    nanos.TimesTen();
    nanos.Add(rest[0] - '0');
    if (after_point) --shift;
  }
  if (more) nanos.Add(1);
  const std::optional<Scale> scale = ScaleOf(rest);
  if (!any || !scale.has_value()) return bad();
  for (int i = 0; i < scale->two; ++i) nanos.Double();
  int64_t exponent = std::clamp(scale->ten + shift + 9, -kMaxExponent, kMaxExponent);
  for (; exponent > 0; --exponent) nanos.TimesTen();
  for (; exponent < 0; ++exponent) nanos.DividedByTenRoundedUp();
  return nanos;
}

}  // namespace

absl::StatusOr<int64_t> ParseMillis(absl::string_view text) {
  const absl::StatusOr<Nanos> nanos = ParseNanos(text);
  if (!nanos.ok()) return nanos.status();
  return nanos->RoundedUpTo(kNanosPerUnit / 1000);
}

absl::StatusOr<int64_t> ParseUnits(absl::string_view text) {
  const absl::StatusOr<Nanos> nanos = ParseNanos(text);
  if (!nanos.ok()) return nanos.status();
  return nanos->RoundedUpTo(kNanosPerUnit);
}

}  // namespace muster
