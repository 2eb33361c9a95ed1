// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/config/config.h"

namespace muster {

// `muster serve`: builds the parts, connects them, and serves until SIGTERM or
// SIGINT. Once it listens, the ports go to `port_file` (as "http=PORT" and
// "grpc=PORT" lines), if that is not empty.
//
// The error of whatever could not be started; OK after an orderly stop.
absl::Status Serve(const Config& config, const std::string& port_file);

}  // namespace muster
