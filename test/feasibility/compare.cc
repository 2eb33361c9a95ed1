// SPDX-License-Identifier: Apache-2.0
//
// Compares what Muster says of pods and nodes with what kube-scheduler's own
// plugins say. Reads what cases/ writes, one per line, from standard input;
// prints every verdict that differs, with what it takes to see it again, and
// ends with 1 if any does.
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/pod_rules.h"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;

constexpr int kMostPrinted = 20;
constexpr int64_t kWholeRun = 100'000;  // verdicts
constexpr int64_t kFewest = 200;  // rejections by each plugin, or the cases are too tame

// What one side says of a pod on a node. Muster's rules about nodes end at the
// first that rejects, and so do those about other pods.
struct Verdict {
  bool eligible = true;    // NodeUnschedulable, TaintToleration, NodeAffinity
  bool room = true;        // NodeResourcesFit
  std::string other_pods;  // the first of NodePorts, PodTopologySpread and InterPodAffinity

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

std::string Describe(const Verdict& verdict) {
  return absl::StrCat(verdict.eligible ? "eligible" : "not eligible", ", ", verdict.room ? "room" : "no room",
                      ", ", verdict.other_pods.empty() ? "no other pods in the way" : verdict.other_pods);
}

Verdict OfPlugins(const Json& rejected) {
  static constexpr std::array<const char*, 3> kOtherPods = {"NodePorts", "PodTopologySpread",
                                                            "InterPodAffinity"};
  const auto by = [&](const char* plugin) {
    return std::find(rejected.begin(), rejected.end(), plugin) != rejected.end();
  };
  Verdict verdict;
  verdict.eligible = !by("NodeUnschedulable") && !by("TaintToleration") && !by("NodeAffinity");
  verdict.room = !by("NodeResourcesFit");
  const auto first = std::find_if(kOtherPods.begin(), kOtherPods.end(), by);
  if (first != kOtherPods.end()) verdict.other_pods = *first;
  return verdict;
}

std::string PluginOf(const std::string& clause) {
  if (clause.empty()) return "";
  if (absl::StartsWith(clause, "host port ")) return "NodePorts";
  if (absl::StartsWith(clause, "topology spread ")) return "PodTopologySpread";
  return "InterPodAffinity";
}

// Counts what was compared, and prints what differs.
class Score {
 public:
  void Count(const Json& rejected) {
    ++verdicts_;
    if (rejected.empty()) ++fits_;
    for (const Json& plugin : rejected) ++by_plugin_[plugin.get<std::string>()];
  }
  void Differs(const std::string& where, const std::string& plugins, const std::string& muster) {
    if (++different_ > kMostPrinted) return;
    std::cerr << where << ":\n  kube-scheduler: " << plugins << "\n  muster:         " << muster << "\n";
  }

  // Prints the sums; returns the exit status. Of a whole run much is expected.
  int Finish(bool whole) const {
    std::cout << verdicts_ << " verdicts, " << fits_ << " of them fit; rejected by "
              << absl::StrJoin(by_plugin_, ", ", absl::PairFormatter(" ")) << "; " << different_
              << " differ\n";
    bool tame = by_plugin_.size() != 7;
    for (const auto& [plugin, count] : by_plugin_) tame |= count < kFewest;
    if (whole && tame) std::cerr << "some plugin rejects too seldom for this to say anything\n";
    const bool few = verdicts_ < (whole ? kWholeRun : 1);
    if (few) std::cerr << "too few verdicts for this to say anything\n";
    return different_ > 0 || few || (whole && tame) ? 1 : 0;
  }

 private:
  int64_t verdicts_ = 0;
  int64_t fits_ = 0;
  int64_t different_ = 0;
  std::map<std::string, int64_t> by_plugin_;
};

// A case through Muster's decoders.
class Trial {
 public:
  Trial(const Json& json, Score& score) : json_(json), score_(score) {}

  void Run() {
    for (const Json& json : json_["namespaces"]) {
      if (auto ns = DecodeNamespace(json); Readable(json, ns.status())) view_.Upsert(*std::move(ns));
    }
    for (const Json& json : json_["nodes"]) {
      if (auto node = DecodeNode(json); Readable(json, node.status())) view_.Upsert(*std::move(node));
    }
    for (const Json& json : json_["pods"]) {
      if (auto pod = DecodePod(json); Readable(json, pod.status())) view_.Upsert(*std::move(pod));
    }
    for (const Json& step : json_["steps"]) {
      auto pod = DecodePod(step["pod"]);
      if (!Readable(step["pod"], pod.status())) return;
      if (!pod->shape.unmodelled.empty()) score_.Differs(Where(*pod, ""), "valid", pod->shape.unmodelled);
      pods_.push_back(std::make_unique<const Pod>(*std::move(pod)));
      members_.push_back(pods_.back().get());
    }
    Compare();
  }

 private:
  bool Readable(const Json& object, const absl::Status& status) {
    if (!status.ok()) {
      score_.Differs(absl::StrCat("seed ", json_["seed"].get<int64_t>()), object.dump(),
                     std::string(status.message()));
    }
    return status.ok();
  }

  std::string Where(const Pod& pod, absl::string_view node) const {
    const int64_t seed = json_["seed"];
    return absl::StrCat("pod ", pod.name.text(), node.empty() ? "" : " on node ", node,
                        " (test/feasibility/cases -first ", seed, " -count 1)");
  }

  void Compare() {
    std::vector<const Node*> nodes;
    std::vector<Resources> free;
    std::map<std::string, size_t> number;
    view_.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
      number[name.text()] = nodes.size();
      nodes.push_back(state.node.get());
      free.push_back(state.free);
    });
    const bool needed = NeedsPodRules(view_, ledger_, {}, members_);
    PodRules rules = *PodRules::Make({view_, ledger_, members_, {}});
    for (size_t m = 0; m < members_.size(); ++m) {
      const Pod& pod = *members_[m];
      const Json& step = json_["steps"][m];
      if (!needed && rules.KindOf(m) != PodRules::kNone)
        score_.Differs(Where(pod, ""), "", "needs no rules, has some");
      for (size_t n = 0; n < nodes.size(); ++n) {
        const Json& rejected = step["verdicts"][n];
        const size_t at = number.at(json_["nodes"][n]["metadata"]["name"]);
        const std::string clause = rules.Blocks(rules.KindOf(m), at);
        const Verdict muster{Eligible(pod.shape, *nodes[at]), Fits(pod.shape.requests, free[at]),
                             PluginOf(clause)};
        score_.Count(rejected);
        if (const Verdict plugins = OfPlugins(rejected); plugins != muster) {
          score_.Differs(Where(pod, nodes[at]->name.text()),
                         absl::StrCat(Describe(plugins), " ", rejected.dump()),
                         absl::StrCat(Describe(muster), " ", clause));
        }
      }
      const std::string seat = step["seat"];
      if (seat.empty()) continue;
      free[number.at(seat)] -= pod.shape.requests;
      if (rules.KindOf(m) != PodRules::kNone) rules.Seat(rules.KindOf(m), number.at(seat));
    }
  }

  const Json& json_;
  Score& score_;
  ClusterView view_;
  Ledger ledger_;
  std::vector<std::unique_ptr<const Pod>> pods_;
  std::vector<const Pod*> members_;
};

int Main(bool whole) {
  Score score;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded()) {
      std::cerr << "a line is no JSON: " << line.substr(0, 200) << "\n";
      return 2;
    }
    Trial(json, score).Run();
  }
  return score.Finish(whole);
}

}  // namespace
}  // namespace muster

// --whole: what is read is all that a run without arguments makes.
int main(int argc, char** argv) { return muster::Main(argc > 1 && std::string(argv[1]) == "--whole"); }
