// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/config/config.h"
#include "server/config/options.h"

namespace YAML {
class Node;
}  // namespace YAML

namespace muster {

// The value as the operator wrote it, for messages.
std::string Written(const YAML::Node& value);

// Takes the option's value over into `config`; an error that names the option,
// the value and what is wanted, if it does not fit.
absl::Status ReadOption(const Option& option, const YAML::Node& value, Config& config);

// Whether the text is an address to listen on.
absl::Status CheckAddress(const Option& option, const std::string& text);

}  // namespace muster
