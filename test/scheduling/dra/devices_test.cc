// SPDX-License-Identifier: Apache-2.0
// Devices and claims in the view, and what is promised of them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/dra/demand.h"
#include "scheduling/dra/selector.h"
#include "scheduling/ledger/device_loads.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"

namespace muster {
namespace {

const DevicePool kPool{"gpu.nvidia.com", "n1"};
const NodeName kNode("n1");

Device DeviceOf(std::string name) {
  Device device;
  device.name = std::move(name);
  return device;
}

Node NodeOf(const NodeName& name) {
  Node node;
  node.name = name;
  return node;
}

DeviceSlice SliceOf(const std::string& name, std::vector<std::string> devices, int64_t generation = 1,
                    int64_t slices = 1) {
  DeviceSlice slice{
      .name = name, .pool = kPool, .generation = generation, .slices_of_pool = slices, .node = kNode};
  for (std::string& device : devices) slice.devices.push_back(DeviceOf(std::move(device)));
  return slice;
}

std::string FreeOn(const ClusterView& view) {
  const NodeDevices* devices = view.FindDevices(kNode);
  if (devices == nullptr) return "none";
  std::string text;
  for (const NodeDevice& device : devices->devices)
    absl::StrAppend(&text, text.empty() ? "" : " ", device.device().name, device.in_use ? "!" : "");
  return text;
}

DeviceClaim ClaimOf(const std::string& name, std::vector<std::string> devices, int64_t count = 1) {
  auto spec = std::make_shared<ClaimSpec>();
  spec->requests.push_back({"gpu", {DeviceWish{.device_class = "gpu", .count = count}}});
  DeviceClaim claim{PodName("default", name), std::move(spec)};
  claim.allocated = !devices.empty();
  for (std::string& device : devices) claim.devices.push_back({kPool, std::move(device)});
  return claim;
}

Pod PodWith(const std::string& name, const std::string& claim, const NodeName& node = NodeName()) {
  Pod pod;
  pod.name = PodName("default", name);
  pod.uid = PodUid(name);
  pod.node = node;
  pod.shape.requests.pods = 1;
  if (!claim.empty()) pod.shape.claims = PodClaims{"default", {{"gpus", claim, ""}}};
  return pod;
}

ClusterView ViewWith(int devices) {
  ClusterView view;
  Node node = NodeOf(kNode);
  node.allocatable.pods = 100;
  view.Upsert(node);
  view.Upsert(DeviceClass{"gpu", {}});
  std::vector<std::string> names;
  for (int d = 0; d < devices; ++d) names.push_back(absl::StrCat("gpu-", d));
  view.Upsert(SliceOf("s", names));
  return view;
}

TEST(Devices, AreThoseOfTheNewestGeneration) {
  ClusterView view;
  view.Upsert(SliceOf("old", {"a"}, 1));
  EXPECT_EQ(FreeOn(view), "a");
  view.Upsert(SliceOf("new", {"b", "c"}, 2));
  EXPECT_EQ(FreeOn(view), "b c");
  view.RemoveDeviceSlice("old");
  EXPECT_EQ(FreeOn(view), "b c");
  view.RemoveDeviceSlice("new");
  EXPECT_EQ(FreeOn(view), "none");
}

TEST(Devices, AreNoneWhileSlicesOfThePoolAreMissing) {
  ClusterView view;
  view.Upsert(SliceOf("one", {"a"}, 1, 2));
  EXPECT_EQ(FreeOn(view), "");
  view.Upsert(SliceOf("two", {"b"}, 1, 2));
  EXPECT_EQ(FreeOn(view), "a b");
}

TEST(Devices, AreInUseAsLongAsAClaimHasThem) {
  ClusterView view;
  // Whichever comes first.
  view.Upsert(ClaimOf("x", {"b"}));
  view.Upsert(SliceOf("s", {"a", "b"}));
  EXPECT_EQ(FreeOn(view), "a b!");
  view.Upsert(ClaimOf("y", {"a"}));
  EXPECT_EQ(FreeOn(view), "a! b!");
  view.Upsert(ClaimOf("x", {}));
  EXPECT_EQ(FreeOn(view), "a! b");
  view.RemoveClaim(PodName("default", "y"));
  EXPECT_EQ(FreeOn(view), "a b");
}

TEST(Devices, ThatAClaimGivesBackAreAReasonToPlan) {
  ClusterView view = ViewWith(2);
  view.Upsert(ClaimOf("x", {}));
  const uint64_t before = view.growth();
  view.Upsert(ClaimOf("x", {"gpu-0"}));
  EXPECT_EQ(view.growth(), before);
  view.Upsert(ClaimOf("x", {}));
  EXPECT_GT(view.growth(), before);
}

TEST(Resources, OfAClassAreAllocatableWhereTheNodeSaysNothingOfThem) {
  ClusterView view = ViewWith(3);
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("nvidia.com/gpu"), 0);
  view.Upsert(DeviceClass{"gpu", {}, "nvidia.com/gpu"});
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("nvidia.com/gpu"), 3);
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("deviceclass.resource.kubernetes.io/gpu"), 3);
  view.Upsert(SliceOf("s", {"gpu-0"}));
  EXPECT_EQ(view.FindNode(kNode)->free.Get("nvidia.com/gpu"), 1);
  Node plugin = NodeOf(kNode);
  plugin.allocatable.pods = 100;
  plugin.allocatable.Set("nvidia.com/gpu", 8);
  view.Upsert(plugin);
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("nvidia.com/gpu"), 8);
  view.Upsert(NodeOf(kNode));
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("nvidia.com/gpu"), 1);
  view.RemoveDeviceClass("gpu");
  EXPECT_EQ(view.FindNode(kNode)->node->allocatable.Get("nvidia.com/gpu"), 0);
}

TEST(Demand, OfAPodIsWhatItsClaimsHaveNotGot) {
  ClusterView view = ViewWith(4);
  view.Upsert(ClaimOf("x", {}, 2));
  EXPECT_EQ(DemandOf(view, PodWith("p", "x")).claims.size(), 1u);
  EXPECT_EQ(DemandOf(view, PodWith("p", "x")).claims[0].shared, "default/x");
  DeviceClaim got = ClaimOf("x", {"gpu-0", "gpu-1"}, 2);
  got.nodes = {{{}, {{"metadata.name", LabelRequirement::Op::kIn, {"n1"}}}}};
  view.Upsert(got);
  const DeviceDemand demand = DemandOf(view, PodWith("p", "x"));
  EXPECT_TRUE(demand.claims.empty());
  EXPECT_TRUE(PinsAllow(demand, NodeOf(kNode)));
  EXPECT_FALSE(PinsAllow(demand, NodeOf(NodeName("n2"))));
}

TEST(Demand, SaysWhatDoesNotExist) {
  ClusterView view = ViewWith(1);
  EXPECT_EQ(DemandOf(view, PodWith("p", "x")).missing, "ResourceClaim default/x does not exist");
  view.Upsert(ClaimOf("x", {}));
  EXPECT_EQ(DemandOf(view, PodWith("p", "x")).missing, "");
  view.RemoveDeviceClass("gpu");
  EXPECT_EQ(DemandOf(view, PodWith("p", "x")).missing, "DeviceClass gpu does not exist");
}

TEST(Demand, OfAClaimThatNeedNotBeMadeIsNothing) {
  ClusterView view = ViewWith(1);
  Pod pod = PodWith("p", "");
  pod.shape.claims = PodClaims{"default", {{"gpus", "", "made-of"}}};
  EXPECT_EQ(DemandOf(view, pod).missing, "ResourceClaimTemplate default/made-of does not exist");
  pod.made_claims = std::map<std::string, std::string>{{"gpus", ""}};
  EXPECT_TRUE(DemandOf(view, pod).empty());
}

TEST(Ledger, PromisesNoDeviceTwice) {
  ClusterView view = ViewWith(3);
  for (const char* name : {"a", "b", "c"}) {
    view.Upsert(ClaimOf(name, {}, 2));
    view.Upsert(PodWith(name, name));
  }
  const auto seat = [&](const char* name) { return SeatOf(*view.FindPod(PodName("default", name)), kNode); };
  Ledger ledger;
  EXPECT_EQ(ledger.Reserve(view, GangId("default", "g"), {seat("a"), seat("b")}, absl::InfiniteFuture()).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(ledger.Reserve(view, GangId("default", "g"), {seat("a")}, absl::InfiniteFuture()).ok());
  EXPECT_FALSE(ledger.Reserve(view, GangId("default", "h"), {seat("b")}, absl::InfiniteFuture()).ok());
  EXPECT_TRUE(ledger.Release(GangId("default", "g")));
  EXPECT_TRUE(ledger.Reserve(view, GangId("default", "h"), {seat("b")}, absl::InfiniteFuture()).ok());
}

TEST(Ledger, CountsAClaimOnceBeforeAndAfterItGotItsDevices) {
  ClusterView view = ViewWith(2);
  view.Upsert(ClaimOf("a", {}));
  view.Upsert(ClaimOf("b", {}));
  view.Upsert(PodWith("a", "a"));
  view.Upsert(PodWith("b", "b"));
  Ledger ledger;
  const Seat a = SeatOf(*view.FindPod(PodName("default", "a")), kNode);
  const Seat b = SeatOf(*view.FindPod(PodName("default", "b")), kNode);
  ASSERT_TRUE(ledger.Reserve(view, GangId("default", "g"), {a, b}, absl::InfiniteFuture()).ok());
  DeviceRooms rooms(view);
  EXPECT_TRUE(DeviceLoads(view, ledger, kNode).Fit(rooms));
  // kube-scheduler gives one its device, and the pod is bound before its seat is taken back.
  view.Upsert(ClaimOf("a", {"gpu-1"}));
  EXPECT_TRUE(DeviceLoads(view, ledger, kNode).Fit(rooms));
  view.Upsert(PodWith("a", "a", kNode));
  EXPECT_TRUE(DeviceLoads(view, ledger, kNode).Fit(rooms));
  // Bound before the claim was seen to have its device.
  view.Upsert(PodWith("b", "b", kNode));
  EXPECT_TRUE(DeviceLoads(view, ledger, kNode).Fit(rooms));
  ledger.Release(GangId("default", "g"));
  EXPECT_EQ(DeviceLoads(view, ledger, kNode).CountFitting(rooms, DemandOf(view, *view.FindPod(b.pod)), 5), 5)
      << "its own claim, once more";
  view.Upsert(ClaimOf("c", {}));
  EXPECT_EQ(DeviceLoads(view, ledger, kNode).CountFitting(rooms, DemandOf(view, PodWith("c", "c")), 5), 0);
}

TEST(DeviceRooms, CountDevicesForSeveralNodesAsEnough) {
  ClusterView view = ViewWith(0);
  DeviceSlice slice{.name = "net", .pool = {"net.example.com", "net"}};
  slice.all_nodes = true;
  slice.devices.push_back(DeviceOf("channel"));
  view.Upsert(slice);
  view.Upsert(ClaimOf("a", {}));
  DeviceRooms rooms(view);
  EXPECT_EQ(rooms.CountFitting(*view.FindNode(kNode)->node, {}, DemandOf(view, PodWith("a", "a")), 3), 3);
}

}  // namespace
}  // namespace muster
