// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"
#include "test/scenario/subject.h"

namespace muster::test {
namespace {

class Held : public HeldCall {
 public:
  bool Alive() const override {
    absl::MutexLock lock(&mu_);
    return alive_;
  }
  void Answer(const absl::Status& status) override {
    absl::MutexLock lock(&mu_);
    answer_ = status;
  }
  std::optional<absl::Status> answer() const {
    absl::MutexLock lock(&mu_);
    return answer_;
  }
  void Die() {
    absl::MutexLock lock(&mu_);
    alive_ = false;
  }

 private:
  mutable absl::Mutex mu_;
  bool alive_ = true;
  std::optional<absl::Status> answer_;
};

class InProcessBinding : public BindingCall {
 public:
  explicit InProcessBinding(std::shared_ptr<Held> held) : held_(std::move(held)) {}
  std::optional<absl::Status> Answer() override { return held_->answer(); }
  void HangUp() override { held_->Die(); }

 private:
  const std::shared_ptr<Held> held_;
};

class InProcessSubject : public Subject {
 public:
  explicit InProcessSubject(Service& service) : service_(service) {}

  FilterResult Filter(const nlohmann::json& pod, const std::vector<std::string>& candidates) override {
    const Pod decoded = DecodePod(pod).value();
    const std::vector<absl::string_view> names(candidates.begin(), candidates.end());
    const FilterAnswer answer = service_.Filter({decoded, names});
    FilterResult result;
    if (const auto* one = std::get_if<PassOne>(&answer)) result.nodes = {one->node.text()};
    if (const auto* refused = std::get_if<Refused>(&answer)) result.refused = refused->text;
    if (const auto* all = std::get_if<PassAll>(&answer)) {
      std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(result.nodes),
                   [&](const std::string& n) {
                     return std::find(all->except.begin(), all->except.end(), n) == all->except.end();
                   });
    }
    return result;
  }

  std::unique_ptr<BindingCall> Bind(const BindCall& call) override {
    auto held = std::make_shared<Held>();
    service_.Bind(call, held);
    return std::make_unique<InProcessBinding>(held);
  }

  std::vector<std::string> Preempt(const nlohmann::json& pod,
                                   const std::vector<EvictionOption>& options) override {
    const Pod decoded = DecodePod(pod).value();
    std::vector<std::string> nodes;
    for (const EvictionOption& option : service_.Preempt({decoded, options}))
      nodes.push_back(option.node.text());
    return nodes;
  }

 private:
  Service& service_;
};

}  // namespace

std::unique_ptr<Subject> InProcess(Service& service) { return std::make_unique<InProcessSubject>(service); }

}  // namespace muster::test
