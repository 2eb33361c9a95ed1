// SPDX-License-Identifier: Apache-2.0
// Breaks nothing: absl::Now() in a comment is no call, and this folder may read JSON.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystem.h"
