// SPDX-License-Identifier: Apache-2.0
// Muster's own declaration, as labels or annotations of the pod:
//
//   muster.dev/gang         name of the gang, within the pod's namespace
//   muster.dev/gang-size    members of the gang
//   muster.dev/min-members  members that must be placed together; default all
//   muster.dev/role         what the member is for, e.g. "launcher"
//   muster.dev/rank         its number; default the controller's index
//   muster.dev/deadline     e.g. "10m": how long an unfinished gang is completed
//                           before it is undone
//   muster.dev/repair-...   see repair_wish.h
//   muster.dev/topology-required       level of which one domain holds all members
//   muster.dev/topology-preferred      the same as far as it can be had
//   muster.dev/topology-slices         "rack=16,host=4": members in groups of 16 per
//                                      rack, within these in groups of 4 per host
//   muster.dev/topology-exclusive      level of which a domain holds no other gang
//   muster.dev/topology-spread         level of which every member gets its own domain
//   muster.dev/topology-unconstrained  "true": no wish, not even the default one
//   muster.dev/topology-closeness      strict, patient or eager: how long to wait for
//                                      the default, one node or one rack
//   muster.dev/subgroup                the part of the gang that the pod is in, such as
//                                      one replica of several workers
//   muster.dev/subgroup-size           how many members the subgroup has
//   muster.dev/subgroup-min-members    how many of them must be placed together;
//                                      default: all
//   muster.dev/subgroup-topology-...   required, preferred, slices, exclusive, spread:
//                                      as above, of the subgroup alone
//   muster.dev/gpu-...                 which GPUs it wants: see gpu_wish.h
//   muster.dev/capacity-..., scale-up, when-leaving: see capacity_wish.h
//   muster.dev/topology                the topology object in which levels are looked up
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "muster.dev";
constexpr absl::Duration kLongestDeadline = absl::Hours(24 * 7);

// What users write, and what Muster itself writes.
constexpr std::array kKeys = std::to_array<absl::string_view>({
    "gang",
    "gang-size",
    "min-members",
    "role",
    "rank",
    "deadline",
    "repair",
    "repair-grace",
    "topology",
    "topology-required",
    "topology-preferred",
    "topology-slices",
    "topology-exclusive",
    "topology-spread",
    "topology-unconstrained",
    "topology-closeness",
    "subgroup",
    "subgroup-size",
    "subgroup-min-members",
    "subgroup-topology-required",
    "subgroup-topology-preferred",
    "subgroup-topology-slices",
    "subgroup-topology-exclusive",
    "subgroup-topology-spread",
    "gpu-product",
    "gpu-memory",
    "gpu-mixed-products",
    "capacity",
    "capacity-mix",
    "capacity-leaders",
    "scale-up",
    "when-leaving",
    "run-time",
    "checkpoint-interval",
    "restart-time",
    "epoch",
    "commit",
    "placed-gang",
    "woken",
});

// A wish that is misspelt would be no wish at all.
void CheckKeys(const Labels& map, PodReader& reader) {
  for (auto at = map.lower_bound("muster.dev/"); at != map.end(); ++at) {
    absl::string_view key = at->first;
    if (!absl::ConsumePrefix(&key, "muster.dev/")) return;
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      reader.Problem(absl::StrCat("there is no ", Quoted(at->first), " among the keys of Muster"));
    }
  }
}

void ReadNumbers(const PodFacts& pod, PodReader& reader, Membership& membership) {
  membership.size = reader.Number("muster.dev/gang-size", 1, kMaxMembers);
  membership.min_members = reader.Number("muster.dev/min-members", 1, kMaxMembers);
  if (!membership.size.has_value() && !membership.min_members.has_value()) {
    reader.Problem("muster.dev/gang needs muster.dev/gang-size or muster.dev/min-members beside it");
  }
  if (membership.size.has_value() && membership.min_members.value_or(1) > *membership.size) {
    reader.Problem(absl::StrCat("muster.dev/min-members is ", *membership.min_members,
                                ", more than muster.dev/gang-size, ", *membership.size));
  }
  if (!membership.min_members.has_value()) membership.min_members = membership.size;
  membership.rank = reader.Number("muster.dev/rank", 0, kMaxMembers - 1);
  if (!membership.rank.has_value()) membership.rank = ControllerRank(pod);
}

constexpr size_t kMostSlices = 3;

// "rack=16,host=4"
std::vector<SliceDemand> ReadSlices(absl::string_view key, absl::string_view text, PodReader& reader) {
  std::vector<SliceDemand> slices;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    SliceDemand slice{std::string(absl::StripAsciiWhitespace(pair.first)), 0};
    if (slice.level.empty() || !absl::SimpleAtoi(pair.second, &slice.size) || slice.size < 1 ||
        slice.size > kMaxMembers || slices.size() == kMostSlices) {
      reader.Problem(absl::StrCat(key, " is ", Quoted(text), "; want up to ", kMostSlices,
                                  " of level=size, outermost first, such as rack=16,host=4"));
      return {};
    }
    slices.push_back(std::move(slice));
  }
  return slices;
}

std::optional<Closeness> ReadCloseness(PodReader& reader) {
  const std::optional<std::string> text = reader.Text("muster.dev/topology-closeness");
  if (!text.has_value()) return std::nullopt;
  if (*text == "strict") return Closeness::kStrict;
  if (*text == "patient") return Closeness::kPatient;
  if (*text == "eager") return Closeness::kEager;
  reader.Problem(
      absl::StrCat("muster.dev/topology-closeness is ", Quoted(*text), "; want strict, patient or eager"));
  return std::nullopt;
}

// Of the gang, or with `whose` "subgroup-" of a subgroup.
void ReadLevels(absl::string_view whose, PodReader& reader, TopologyDemand& topology) {
  const auto key = [&](absl::string_view what) {
    return absl::StrCat("muster.dev/", whose, "topology-", what);
  };
  const auto read = [&](absl::string_view what) {
    std::optional<std::string> text = reader.Text(key(what));
    std::string& fields = topology.said_by.fields;
    if (text.has_value()) absl::StrAppend(&fields, fields.empty() ? "" : ", ", key(what));
    return text;
  };
  topology.topology = reader.Text("muster.dev/topology").value_or("");
  topology.required = read("required").value_or("");
  topology.preferred = read("preferred").value_or("");
  topology.exclusive = read("exclusive").value_or("");
  topology.spread = read("spread").value_or("");
  if (const auto slices = read("slices")) topology.slices = ReadSlices(key("slices"), *slices, reader);
}

void ReadSubgroup(PodReader& reader, Membership& membership) {
  const std::optional<std::string> name = reader.Text("muster.dev/subgroup");
  if (!name.has_value()) return;
  SubgroupSpec subgroup;
  subgroup.name = *name;
  subgroup.size = reader.Number("muster.dev/subgroup-size", 1, kMaxMembers);
  subgroup.min_members = reader.Number("muster.dev/subgroup-min-members", 1, kMaxMembers);
  if (name->empty()) reader.Problem("muster.dev/subgroup is empty; want a name");
  if (subgroup.size.value_or(kMaxMembers) < subgroup.min_members.value_or(0)) {
    reader.Problem(absl::StrCat("muster.dev/subgroup-min-members is ", *subgroup.min_members,
                                ", more than muster.dev/subgroup-size, ", *subgroup.size));
  }
  ReadLevels("subgroup-", reader, subgroup.topology);
  membership.subgroups.push_back(std::move(subgroup));
}

void ReadTopology(PodReader& reader, TopologyDemand& topology) {
  ReadLevels("", reader, topology);
  topology.closeness = ReadCloseness(reader);
  topology.unconstrained = reader.Flag("muster.dev/topology-unconstrained");
}

class MusterLabelsEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto text = TextOf(pod, "muster.dev/gang");
    if (text.ok() && !text->has_value()) return std::nullopt;
    Membership membership;
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    CheckKeys(pod.labels, reader);
    CheckKeys(pod.annotations, reader);
    if (!text.ok()) reader.Problem(text.status().message());
    const std::string gang = text.ok() ? **text : std::string(pod.name);
    if (gang.empty()) reader.Problem("muster.dev/gang is empty; want a name");
    membership.gang = GangId(pod.ns, gang);
    ReadNumbers(pod, reader, membership);
    membership.role = reader.Text("muster.dev/role").value_or("");
    ReadTopology(reader, membership.topology);
    ReadSubgroup(reader, membership);
    if (const auto deadline = reader.Text("muster.dev/deadline")) {
      absl::Duration parsed;
      if (absl::ParseDuration(*deadline, &parsed) && parsed > absl::ZeroDuration() &&
          parsed <= kLongestDeadline) {
        membership.deadline = parsed;
      } else {
        reader.Problem(absl::StrCat("muster.dev/deadline is ", Quoted(*deadline),
                                    "; want a duration such as 90s or 10m, at most 168h"));
      }
    }
    return membership;
  }
};

}  // namespace

const Ecosystem& MusterLabels() {
  static const MusterLabelsEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
