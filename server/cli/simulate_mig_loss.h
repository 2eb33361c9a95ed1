// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "server/cli/simulate.h"

namespace muster::cli {

// Protocol mig-loss: options are checked by Simulate. Returns the
// figures in the format of the options; progress goes to `err`.
absl::StatusOr<std::string> SimulateMigLoss(const SimulateOptions& options, std::ostream& err);

}  // namespace muster::cli
