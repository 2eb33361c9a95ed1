// SPDX-License-Identifier: Apache-2.0
#include "test/support/declared.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"

namespace muster::test {

GangDeclaration Decoded(const declare::Ecosystem& ecosystem, const std::string& spec) {
  return Decoded(ecosystem, spec, nlohmann::json::object());
}

GangDeclaration Decoded(const declare::Ecosystem& ecosystem, const std::string& spec,
                        const nlohmann::json& metadata) {
  nlohmann::json object = {{"metadata", metadata}, {"spec", nlohmann::json::parse(spec)}};
  object["metadata"]["name"] = "train";
  object["metadata"]["namespace"] = "default";
  const auto declaration = ecosystem.Decode(object);
  EXPECT_TRUE(declaration.ok()) << declaration.status();
  return declaration.value_or(GangDeclaration());
}

Pod PodWith(const std::string& name, const Labels& labels, const Labels& annotations) {
  Pod pod = PodOf(name, 1);
  pod.labels = labels;
  pod.membership = declare::Recognise({"default", name, labels, annotations, ""});
  return pod;
}

}  // namespace muster::test
