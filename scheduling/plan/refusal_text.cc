// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/refusal_text.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array kUnits = {std::pair{"Ti", int64_t{1} << 40}, std::pair{"Gi", int64_t{1} << 30},
                                        std::pair{"Mi", int64_t{1} << 20}, std::pair{"Ki", int64_t{1} << 10}};
  for (const auto& [unit, size] : kUnits) {
    if (bytes < size && bytes > -size) continue;
    if (bytes % size == 0) return absl::StrCat(bytes / size, unit);
    return absl::StrFormat("%.1f%s", static_cast<double>(bytes) / static_cast<double>(size), unit);
  }
  return absl::StrCat(bytes);
}

std::string Counted(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

std::string FormatAmount(absl::string_view resource, int64_t amount) {
  if (resource == kCpu) return amount % 1000 == 0 ? absl::StrCat(amount / 1000) : absl::StrCat(amount, "m");
  if (resource == kMemory || resource == kEphemeralStorage) return FormatBytes(amount);
  return absl::StrCat(amount);
}

std::string FormatRequests(const Resources& requests) {
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view name, int64_t amount) {
    if (amount > 0) parts.push_back(absl::StrCat(name, " ", FormatAmount(name, amount)));
  };
  add(kCpu, requests.cpu_millis);
  add(kMemory, requests.memory_bytes);
  add(kEphemeralStorage, requests.ephemeral_bytes);
  for (const auto& [name, amount] : requests.scalars) add(name, amount);
  return parts.empty() ? "a pod slot" : absl::StrJoin(parts, ", ");
}

void DescribeNoRoom(const Gang& gang, const Resources& requests, const std::optional<Scarcest>& scarcest,
                    std::optional<int64_t> fit_when_empty, Refusal& refusal) {
  std::string text = absl::StrFormat("gang %s: %d of %d members fit; one more needs %s", gang.id.text(),
                                     refusal.fits, refusal.of, FormatRequests(requests));
  absl::StrAppend(&text, "; of ", Counted(refusal.nodes, "node"));
  const char* separator = " ";
  for (const Exclusion& exclusion : refusal.excluded) {
    absl::StrAppend(&text, separator, exclusion.nodes, " ", exclusion.cause);
    separator = ", ";
  }
  if (scarcest.has_value()) {
    absl::StrAppend(&text, " (most free on a node: ", FormatAmount(scarcest->resource, scarcest->most_free),
                    " ", scarcest->resource, ")");
  }
  if (fit_when_empty.has_value()) {
    absl::StrAppend(&text, "; even if every node were empty, only ", *fit_when_empty, " would fit");
  }
  refusal.text = std::move(text);
}

Refusal Incomplete(const Gang& gang, int64_t exist, absl::string_view what_is_missing) {
  return {.kind = Refusal::Kind::kIncomplete,
          .fits = exist,
          .of = gang.min_members,
          .nodes = 0,
          .excluded = {},
          .text = absl::StrCat("gang ", gang.id.text(), " waits: ", what_is_missing)};
}

Refusal Invalid(const Gang& gang) {
  return {.kind = Refusal::Kind::kInvalid,
          .fits = 0,
          .of = gang.min_members,
          .nodes = 0,
          .excluded = {},
          .text = absl::StrCat("gang ", gang.id.text(), " can't be planned: ", gang.problem)};
}

}  // namespace muster
