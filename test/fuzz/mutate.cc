// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/mutate.h"

#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace muster::fuzz {
namespace {

using Json = nlohmann::json;

size_t Below(size_t n, std::mt19937& random) { return static_cast<size_t>(random() % n); }

const Json& Odd(std::mt19937& random) {
  static const auto& odd = *new std::vector<Json>{nullptr,
                                                  "",
                                                  -1,
                                                  0,
                                                  1,
                                                  2,
                                                  100'000,
                                                  100'001,
                                                  1e300,
                                                  INT64_MIN,
                                                  UINT64_MAX,
                                                  true,
                                                  false,
                                                  "true",
                                                  "2",
                                                  "1000000",
                                                  "a/b",
                                                  "a:b",
                                                  "\n",
                                                  "\u00ff",
                                                  std::string(300, 'x'),
                                                  Json::array(),
                                                  "rack=2",
                                                  "[[[[",
                                                  "[{}]",
                                                  "{}",
                                                  "tier-1",
                                                  "topology.kubernetes.io/rack",
                                                  Json::object(),
                                                  "train",
                                                  "workers",
                                                  "hard",
                                                  "10m",
                                                  "default/train"};
  return odd[Below(odd.size(), random)];
}

// All values of the document with their parents, outermost first.
std::vector<std::pair<Json*, Json*>> Values(Json& json) {
  std::vector<std::pair<Json*, Json*>> values = {{&json, nullptr}};
  for (size_t i = 0; i < values.size(); ++i) {
    Json* const value = values[i].first;
    if (!value->is_structured()) continue;
    for (Json& child : *value) values.emplace_back(&child, value);
  }
  return values;
}

// Of a list another element with the same value, of an object another key with it.
void Double(const Json& value, Json& parent, std::mt19937& random) {
  Json copy = value;
  if (parent.is_array()) {
    parent.push_back(std::move(copy));
  } else {
    auto at = parent.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(Below(parent.size(), random)));
    parent[at.key() + "x"] = std::move(copy);
  }
}

void TakeAway(const Json* value, Json& parent) {
  for (auto at = parent.begin(); at != parent.end(); ++at) {
    if (&*at != value) continue;
    parent.erase(at);
    return;
  }
}

}  // namespace

void Mutate(Json& json, std::mt19937& random) {
  const auto values = Values(json);
  const auto [value, parent] = values[Below(values.size(), random)];
  const Json other = *values[Below(values.size(), random)].first;
  switch (Below(6, random)) {
    case 0:
      *value = other;
      break;
    case 1:
      if (parent != nullptr) Double(*value, *parent, random);
      break;
    case 2:
      if (parent != nullptr) TakeAway(value, *parent);
      break;
    default:
      *value = Odd(random);
  }
}

}  // namespace muster::fuzz
