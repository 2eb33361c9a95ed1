// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"

namespace muster::test {

// The Kubernetes objects that a scenario (or one of its create steps) writes in
// short: {"nodes": {...}, "pods": {...}, "gangs": {...}, "objects": [...]}.
std::vector<nlohmann::json> Manifests(const nlohmann::json& shorthand);

}  // namespace muster::test
