// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json_fwd.hpp"
#include "server/service.h"

namespace muster::test {

// A bind call of the test.
class BindingCall {
 public:
  virtual ~BindingCall() = default;
  // The answer; nullopt while the call is held.
  virtual std::optional<absl::Status> Answer() = 0;
  // The caller goes away without waiting for the answer.
  virtual void HangUp() = 0;
};

struct FilterResult {
  std::vector<std::string> nodes;  // that pass
  std::string refused;             // why none does
};

// One way to ask a Service: in this process, over HTTP, over gRPC. The same
// scenarios hold for each.
class Subject {
 public:
  virtual ~Subject() = default;
  // `pod` is the pod's manifest, as its caller sees it.
  virtual FilterResult Filter(const nlohmann::json& pod, const std::vector<std::string>& candidates) = 0;
  virtual std::unique_ptr<BindingCall> Bind(const BindCall& call) = 0;
  // The nodes whose victims may be evicted.
  virtual std::vector<std::string> Preempt(const nlohmann::json& pod,
                                           const std::vector<EvictionOption>& options) = 0;
};

using SubjectFactory = std::function<std::unique_ptr<Subject>(Service&)>;

std::unique_ptr<Subject> InProcess(Service& service);
std::unique_ptr<Subject> OverHttp(Service& service);
std::unique_ptr<Subject> OverGrpc(Service& service);

}  // namespace muster::test
