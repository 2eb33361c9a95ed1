// SPDX-License-Identifier: Apache-2.0
// Random gangs with topology demands on small clusters, and a brute force that
// knows what is allowed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/plan/planner.h"
#include "test/support/racks.h"

namespace muster::test {

// How many cases there is time for: under the sanitizers all is ten times slower.
constexpr uint32_t Cases(uint32_t cases) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return cases / 10;
#else
  return cases;
#endif
}

struct TopologyCase {
  ClusterView view;
  Gang gang;
  Topologies topologies;  // racks and hosts, or zones around them
};

Topologies ZonesOf(const ClusterView& view);
// Of two levels, and of three.
TopologyCase MakeTopologyCase(uint32_t seed);
TopologyCase MakeZonedCase(uint32_t seed);

// Slow and obviously right: looks at a whole assignment.
class TopologyJudge {
 public:
  // The case outlives the judge.
  explicit TopologyJudge(const TopologyCase& c);

  // `nodes` by member; bound ones are where they are.
  bool Allows(const std::vector<NodeName>& nodes) const;
  // How many domains of a level the nodes are in; one that is in none is one.
  int64_t Domains(const std::string& level, const std::vector<NodeName>& nodes) const;
  DomainId DomainOf(const NodeName& node, const std::string& level) const;

 private:
  bool IsNew(size_t m) const { return !case_.gang.members[m]->bound(); }
  bool HasRoom(const std::vector<NodeName>& nodes) const;
  bool Together(const std::string& level, const std::vector<size_t>& members,
                const std::vector<NodeName>& nodes, bool of_slice) const;
  bool Keeps(const TopologyDemand& demand, const std::vector<size_t>& members,
             const std::vector<NodeName>& nodes) const;
  bool IsAlone(size_t m, const std::string& level, const std::vector<size_t>& members,
               const std::vector<NodeName>& nodes) const;
  bool IsKept(const NodeName& node) const;
  bool IsFree(const NodeName& node, const std::string& level) const;
  bool SubgroupsKeepApart(const std::vector<NodeName>& nodes) const;

  const TopologyCase& case_;
  const DomainTree& tree_;
  std::map<NodeName, int32_t> number_;
};

// Calls `visit` with every assignment until it returns true.
bool AnyAssignment(const TopologyCase& c, const std::function<bool(const std::vector<NodeName>&)>& visit);
// Whether an assignment is allowed.
bool IsPossible(const TopologyCase& c);

std::variant<Seats, Refusal> Plan(const TopologyCase& c);

// Where each member is with these seats.
std::vector<NodeName> NodesOf(const TopologyCase& c, const Seats& seats);

// The case for people, where something is wrong with it.
std::string Show(const TopologyCase& c, const std::vector<NodeName>& nodes);

}  // namespace muster::test
