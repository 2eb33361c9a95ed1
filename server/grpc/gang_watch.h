// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/grpc/gang_feed.h"

namespace grpc {
template <class Response>
class ServerWriteReactor;
}

namespace muster::v1 {
class WatchGangsResponse;
}

namespace muster {

// The stream of a WatchGangs call: the gangs of `feed`, the word that these are
// all, then what changes. It ends when its caller or the server ends the call,
// and then deletes itself. `feed` outlives it.
grpc::ServerWriteReactor<v1::WatchGangsResponse>* WatchGangs(GangFeed& feed);

}  // namespace muster
