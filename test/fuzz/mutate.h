// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "nlohmann/json_fwd.hpp"

namespace muster::fuzz {

// Changes one value of `json` at a random depth: it is replaced by an odd one or
// by another value of the same document, doubled, renamed or taken away.
// Mutations of bytes seldom leave a document that can be parsed; these always do.
void Mutate(nlohmann::json& json, std::mt19937& random);

}  // namespace muster::fuzz
