// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/extender/codec.h"
#include "server/metrics/metrics.h"
#include "server/service.h"

namespace muster {

// An HTTP answer with a JSON body.
struct Reply {
  int status = 200;
  std::string body;
};

// From the body of an extender call to the body of its answer.
//
// Errors are answered so that kube-scheduler sees them: it reads `Error` of a
// 200, which filter and bind have, and never the body of anything else.
//
// Threads: thread-safe.
class Verbs {
 public:
  Verbs(Service& service, Metrics& metrics) : service_(service), metrics_(metrics) {}

  Reply Filter(const std::string& body);
  Reply Prioritize(const std::string& body);
  Reply Preempt(const std::string& body);

  // The call, to be passed to the service by whoever can hold it.
  absl::StatusOr<BindCall> DecodeBind(const std::string& body);

 private:
  Service& service_;
  Metrics& metrics_;
  Decoder decoder_;
};

}  // namespace muster
