// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace muster {

// The text of a JSON value of nlohmann's, on one line. Never throws: bytes that are
// no UTF-8 become replacement characters.
template <typename Json>
std::string JsonText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster
