// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"

namespace muster {

// Sends spdlog's lines, and those of the gRPC library, to the standard error
// stream. `level` is debug, info, warning or error; `format` is json (one
// object per line: time, level, message) or text. Call it once, before any
// thread logs.
void StartLog(absl::string_view level, absl::string_view format);

}  // namespace muster
