// SPDX-License-Identifier: Apache-2.0
// Whatever objects a cluster holds: they are read, or refused in words; every gang
// is assembled and planned in bounded time; and a gang with a problem gets no seats.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/engine/plan_job.h"
#include "server/embedded/manifests.h"
#include "test/fuzz/mutate.h"

namespace muster::fuzz {
namespace {

using Json = nlohmann::json;

// Two hundred lines: more than any message needs, less than a bug makes.
constexpr size_t kLongestMessage = 20'000;

void Check(bool holds, const char* what, absl::string_view about) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(std::min<size_t>(about.size(), 1000)),
               about.data());
  std::abort();
}

// Object by object, so that one that can't be read leaves the others.
void Read(const Json& object, Manifests& manifests) {
  const auto items = object.is_object() ? object.find("items") : object.end();
  if (object.is_object() && items != object.end() && items->is_array()) {
    for (const Json& item : *items) Read(item, manifests);
    return;
  }
  const absl::Status status = ReadManifest("input", object, manifests);
  Check(status.message().size() < kLongestMessage, "the error is too long", status.message());
}

void CheckReport(const ClusterView& view, const GangReport& report) {
  const Gang gang = declare::AssembleGang(view, report.gang);
  const std::string text = report.refusal.has_value() ? report.refusal->text : "";
  Check(text.size() < kLongestMessage, "the refusal is too long", text);
  Check(gang.problem.size() < kLongestMessage, "the problem is too long", gang.problem);
  Check(gang.problem.empty() || report.outcome == Outcome::kRefused, "planned despite", gang.problem);
  Check((report.outcome == Outcome::kPlaced) != report.refusal.has_value(), "neither seats nor a reason",
        report.gang.text());
  Check(!gang.members.empty(), "a gang without members", report.gang.text());
}

void Run(absl::string_view text) {
  const auto documents = ParseDocuments(text);
  if (!documents.ok()) return;
  Manifests manifests;
  for (const Json& document : *documents) Read(document, manifests);
  for (const GangReport& report : PlanAll(manifests.view, Ledger(), Declined(), {})) {
    CheckReport(manifests.view, report);
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  std::mt19937 random(seed);
  if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  auto json = nlohmann::json::parse(data, data + size, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return LLVMFuzzerMutate(data, size, max_size);
  for (size_t changes = 1 + random() % 4; changes > 0; --changes) muster::fuzz::Mutate(json, random);
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::fuzz::Run(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
