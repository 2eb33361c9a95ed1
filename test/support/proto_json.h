// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nlohmann/json_fwd.hpp"

namespace google::protobuf {
class Message;
}

namespace muster::test {

// A message of proto/kubernetes as the JSON that the API server would have
// sent instead: maps as objects, quantities and times as texts. Texts without a character are left out, since
// the protobuf of Kubernetes has them wherever the JSON has nothing. Cost: linear in the fields that are set.
nlohmann::json ToJson(const google::protobuf::Message& message);

}  // namespace muster::test
