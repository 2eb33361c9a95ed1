// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/pod.h"

namespace muster::test {

// What the object default/train with this spec (as JSON) declares.
GangDeclaration Decoded(const declare::Ecosystem& ecosystem, const std::string& spec);
GangDeclaration Decoded(const declare::Ecosystem& ecosystem, const std::string& spec,
                        const nlohmann::json& metadata);

// A pod of namespace default as it is recognised by its labels and annotations.
Pod PodWith(const std::string& name, const Labels& labels, const Labels& annotations = {});

}  // namespace muster::test
