// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "scheduling/replay/trace.h"

namespace muster::simulate {

// Reads a trace in the columns of cluster-trace-gpu-v2023, found by their names
// in the first line; others are ignored:
//   nodes  cpu_milli, memory_mib, gpu, model          nodes without GPUs are left out
//   pods   cpu_milli, memory_mib, num_gpu, gpu_milli, and gpu_spec if it is there:
//          the models that will do, with | between them
//
//   kNotFound         a file can't be read
//   kInvalidArgument  a line makes no sense; the message names file, line and column
absl::StatusOr<replay::Trace> ReadTrace(const std::string& nodes_file, const std::string& pods_file);

}  // namespace muster::simulate
