// SPDX-License-Identifier: Apache-2.0
// manifests/base/rbac.yaml lets Muster list and watch what it reads: a kind that
// is forbidden keeps it from getting ready.
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/declare/topology_kind.h"
#include "server/embedded/manifests.h"

namespace muster::kube {
namespace {

using Kinds = std::set<std::pair<std::string, std::string>>;  // API group and plural

Kinds Watchable() {
  std::ostringstream text;
  text << std::ifstream(absl::StrCat(MUSTER_TEST_DATA, "/../manifests/base/rbac.yaml")).rdbuf();
  const auto documents = ParseDocuments(text.str());
  EXPECT_TRUE(documents.ok()) << documents.status();
  Kinds kinds;
  for (const auto& document : *documents) {
    for (const auto& rule : document.value("rules", nlohmann::json::array())) {
      const auto verbs = rule.at("verbs").get<std::set<std::string>>();
      if (!verbs.contains("list") || !verbs.contains("watch")) continue;
      for (const auto& group : rule.at("apiGroups")) {
        for (const auto& plural : rule.at("resources")) kinds.emplace(group, plural);
      }
    }
  }
  return kinds;
}

TEST(Rbac, EveryKindThatDeclaresGangsOrTopologiesMayBeWatched) {
  Kinds wanted = {{"", "nodes"}, {"", "pods"}, {"", "namespaces"}};
  for (const declare::Ecosystem* ecosystem : declare::Ecosystems()) {
    if (const auto kind = ecosystem->object()) wanted.emplace(kind->group, kind->plural);
  }
  for (const declare::TopologyKind* topology : declare::TopologyKinds()) {
    wanted.emplace(topology->object().group, topology->object().plural);
  }
  const Kinds allowed = Watchable();
  for (const auto& kind : wanted) {
    EXPECT_TRUE(allowed.contains(kind)) << kind.second << " of " << kind.first;
  }
}

}  // namespace
}  // namespace muster::kube
