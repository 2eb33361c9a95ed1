// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduling/model/ids.h"
#include "scheduling/model/scale_up.h"
#include "scheduling/model/seat.h"
#include "scheduling/model/selector.h"

namespace muster {

// A pod whose own gate is to be taken away.
struct Ungating {
  PodName pod;
  PodUid uid;
  // What its required node affinity becomes at the same time, so that an
  // autoscaler buys what its gang may be on; empty: it stays as it is.
  std::vector<NodeSelectorTerm> affinity;
};

// A ProvisioningRequest that is to be there.
struct ProvisioningOrder {
  struct PodSet {
    PodName like;  // its template is the spec of this pod
    int64_t count = 0;
    std::vector<NodeSelectorTerm> affinity;  // required of nodes, in place of the pod's own
  };

  std::string name;  // in the namespace of the gang
  GangId gang;
  int64_t attempt = 0;
  std::string what;  // what is asked for, for people
  std::vector<PodSet> sets;
};

// A pod that is to say which ProvisioningRequest its node was bought by.
struct Consumption {
  PodName pod;
  PodUid uid;
  std::string request;
};

// Everything that is to be written now so that gangs get room. Each is given
// again until the view shows it done.
struct ScaleUpOrders {
  std::vector<Consumption> consume;
  std::vector<Ungating> ungate;
  std::vector<ProvisioningOrder> ask;
  std::vector<std::shared_ptr<const ProvisioningRequest>> remove;
  std::vector<Seat> evict;  // placeholders, with the nodes that they are on
};

}  // namespace muster
