// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/quantity.h"

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace muster {
namespace {

constexpr size_t kLongest = 64;   // of any quantity in a manifest
constexpr int kMaxExponent = 30;  // beyond it every int64 saturates, or rounds to one
constexpr int64_t kNanosPerUnit = 1'000'000'000;

// What a suffix multiplies by: a power of ten, or of two.
struct Scale {
  int ten = 0;
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
  int exponent = 0;
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E') &&
      absl::SimpleAtoi(suffix.substr(1), &exponent) && exponent >= -kMaxExponent &&
      exponent <= kMaxExponent) {
    return Scale{exponent, 0};
  }
  return std::nullopt;
}

// A non-negative number of nanos, saturated far above what int64 holds.
class Nanos {
 public:
  void TimesTen() { value_ = value_ > kCeiling / 10 ? kCeiling : value_ * 10; }
  void Double() { value_ = value_ > kCeiling / 2 ? kCeiling : value_ * 2; }
  void Add(int digit) { value_ += digit; }
  void DividedByTenRoundedUp() { value_ = (value_ + 9) / 10; }

  int64_t RoundedUpTo(int64_t nanos_per_unit) const {
    const absl::uint128 units = (value_ + (nanos_per_unit - 1)) / nanos_per_unit;
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    return units > absl::uint128(kMax) ? kMax : static_cast<int64_t>(units);
  }

 private:
  static constexpr absl::uint128 kCeiling = absl::MakeUint128(uint64_t{1} << 40, 0);
  absl::uint128 value_ = 0;
};

absl::StatusOr<Nanos> ParseNanos(absl::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is no quantity; want a number such as 8, 500m or 16Gi", text.substr(0, kLongest)));
  };
  if (text.size() > kLongest) return bad();
  absl::string_view rest = text;
  if (!rest.empty() && rest[0] == '-') {
    return absl::InvalidArgumentError(absl::StrFormat("quantity \"%s\" is negative", text));
  }
  if (!rest.empty() && rest[0] == '+') rest.remove_prefix(1);
  Nanos nanos;
  int digits = 0;
  int fraction = 0;
  bool after_point = false;
  for (; !rest.empty() && (absl::ascii_isdigit(static_cast<unsigned char>(rest[0])) || rest[0] == '.');
       rest.remove_prefix(1)) {
    if (rest[0] == '.') {
      if (after_point) return bad();
      after_point = true;
      continue;
    }
    nanos.TimesTen();
    nanos.Add(rest[0] - '0');
    ++digits;
    if (after_point) ++fraction;
  }
  const std::optional<Scale> scale = ScaleOf(rest);
  if (digits == 0 || !scale.has_value()) return bad();
  for (int i = 0; i < scale->two; ++i) nanos.Double();
  int exponent = scale->ten - fraction + 9;
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
