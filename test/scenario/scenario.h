// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "test/scenario/subject.h"

namespace muster::test {

// Plays a scenario against a subject; returns what did not hold, a sentence
// for each, in order. See test/scenarios/README.md for the format.
std::vector<std::string> Play(const nlohmann::json& scenario, const SubjectFactory& make_subject);

}  // namespace muster::test
