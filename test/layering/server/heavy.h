// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>

#include "grpcpp/server.h"
#include "nlohmann/json.hpp"
#include "nlohmann/json_fwd.hpp"
