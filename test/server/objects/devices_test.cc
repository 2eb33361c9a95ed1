// SPDX-License-Identifier: Apache-2.0
// Objects of resource.k8s.io/v1, as an API server sends them.
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;

TEST(DecodeDeviceSlice, ReadsWhatTheDriverOfNvidiaPublishes) {
  const auto slice = DecodeDeviceSlice(Json::parse(R"({
    "metadata": {"name": "n1-gpu.nvidia.com-x7k2p"},
    "spec": {"driver": "gpu.nvidia.com", "nodeName": "n1",
      "pool": {"name": "n1", "generation": 3, "resourceSliceCount": 2},
      "devices": [{"name": "gpu-0-mig-3g40gb-9-4",
        "attributes": {"type": {"string": "mig"}, "profile": {"string": "3g.40gb"},
          "cudaComputeCapability": {"version": "9.0.0"}, "resource.kubernetes.io/pcieRoot": {"string": "pci0"},
          "index": {"int": 4}, "ecc": {"bool": true}, "peers": {"strings": ["a"]}},
        "capacity": {"memory": {"value": "40448Mi"}},
        "consumesCounters": [{"counterSet": "gpu-0-counter-set", "counters": {"memory-slice-4": {"value": "1"}}}],
        "taints": [{"key": "gpu.nvidia.com/xid", "value": "79", "effect": "NoSchedule"},
                   {"key": "gpu.nvidia.com/unmonitored", "effect": "None"}]}]}})"));
  ASSERT_TRUE(slice.ok()) << slice.status();
  EXPECT_EQ(slice->pool, (DevicePool{"gpu.nvidia.com", "n1"}));
  EXPECT_EQ(slice->generation, 3);
  EXPECT_EQ(slice->slices_of_pool, 2);
  ASSERT_EQ(slice->devices.size(), 1u);
  const Device& device = slice->devices[0];
  EXPECT_EQ(device.attributes.at("gpu.nvidia.com/profile"), DeviceAttribute(std::string("3g.40gb")));
  EXPECT_EQ(device.attributes.at("gpu.nvidia.com/cudaComputeCapability"),
            DeviceAttribute(DeviceVersion{"9.0.0"}));
  EXPECT_EQ(device.attributes.at("resource.kubernetes.io/pcieRoot"), DeviceAttribute(std::string("pci0")));
  EXPECT_EQ(device.attributes.at("gpu.nvidia.com/index"), DeviceAttribute(int64_t{4}));
  EXPECT_EQ(device.attributes.at("gpu.nvidia.com/ecc"), DeviceAttribute(true));
  EXPECT_EQ(device.attributes.at("gpu.nvidia.com/peers"), DeviceAttribute(UnreadAttribute{}));
  EXPECT_EQ(device.capacity.at("gpu.nvidia.com/memory"), int64_t{40448} * 1024 * 1024 * 1000);
  EXPECT_EQ(device.consumes[0].counters.at("memory-slice-4"), 1000);
  EXPECT_TRUE(device.taints[0].keeps_off);
  EXPECT_FALSE(device.taints[1].keeps_off);
}

TEST(DecodeDeviceSlice, NamesTheFieldThatIsWrong) {
  const auto slice = DecodeDeviceSlice(Json::parse(R"({"metadata": {"name": "s"}, "spec": {"driver": "d",
      "pool": {"name": "n"}, "devices": [{"name": "a", "capacity": {"memory": {"value": "-1"}}}]}})"));
  EXPECT_TRUE(absl::StrContains(slice.status().message(), "/spec/devices/0/capacity/memory/value"))
      << slice.status();
  EXPECT_FALSE(DecodeDeviceSlice(Json::array()).ok());
  EXPECT_FALSE(DecodeDeviceSlice(Json::object()).ok());
}

TEST(DecodeDeviceSlice, SaysHowMigPlacementsDifferFromThoseThatAreKnown) {
  const auto published = [](int start, int size) {
    Json counters;
    for (int s = start; s < start + size; ++s)
      counters["memory-slice-" + std::to_string(s)] = {{"value", "1"}};
    Json object =
        Json::parse(R"({"metadata": {"name": "s"}, "spec": {"driver": "gpu.nvidia.com", "nodeName": "n1",
      "pool": {"name": "n1"}, "devices": [{"name": "gpu-0-mig", "attributes": {"type": {"string": "mig"},
      "profile": {"string": "3g.20gb"}, "productName": {"string": "NVIDIA A100-SXM4-40GB"}}}]}})");
    object["spec"]["devices"][0]["consumesCounters"] = {{{"counterSet", "gpu-0"}, {"counters", counters}}};
    return DecodeDeviceSlice(object)->problem;
  };
  EXPECT_EQ(published(0, 4), "");
  EXPECT_EQ(published(4, 4), "");
  EXPECT_EQ(published(2, 4),
            "MIG profile 3g.20gb of NVIDIA A100-SXM4-40GB is published to start at {2}, and known to start "
            "at {0,4}");
  EXPECT_EQ(
      published(0, 3),
      "MIG profile 3g.20gb of NVIDIA A100-SXM4-40GB is published with 3 memory slices, and known with 4");
}

TEST(DecodeDeviceClaim, ReadsWhatIsAskedForAndWhatIsAllocated) {
  const auto claim = DecodeDeviceClaim(Json::parse(R"({
    "metadata": {"name": "c", "namespace": "ml", "annotations": {"resource.kubernetes.io/extended-resource-claim": "true"},
      "ownerReferences": [{"kind": "Pod", "name": "p", "uid": "u1", "controller": true}]},
    "spec": {"devices": {
      "requests": [
        {"name": "a", "exactly": {"deviceClassName": "gpu", "allocationMode": "All", "adminAccess": true}},
        {"name": "b", "firstAvailable": [
          {"name": "big", "deviceClassName": "gpu", "count": 2,
           "selectors": [{"cel": {"expression": "device.driver == 'x'"}}, {"cel": {"expression": "a ? b : c"}}]},
          {"name": "small", "deviceClassName": "mig", "capacity": {"requests": {"memory": "10Gi"}},
           "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute"}]}]}],
      "constraints": [{"requests": ["b"], "matchAttribute": "resource.kubernetes.io/pcieRoot"},
                      {"distinctAttribute": "x/y"}]}},
    "status": {"allocation": {
      "devices": {"results": [
        {"request": "a", "driver": "d", "pool": "n1", "device": "gpu-0", "adminAccess": true},
        {"request": "b", "driver": "d", "pool": "n1", "device": "gpu-1"},
        {"request": "b", "driver": "d", "pool": "n1", "device": "gpu-2", "shareID": "s"}]},
      "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [
        {"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}}}})"));
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_TRUE(claim->for_extended);
  EXPECT_EQ(claim->owner, PodUid("u1"));
  ASSERT_EQ(claim->spec->requests.size(), 2u);
  EXPECT_TRUE(claim->spec->requests[0].alternatives[0].all);
  EXPECT_TRUE(claim->spec->requests[0].alternatives[0].admin);
  const auto& ways = claim->spec->requests[1].alternatives;
  ASSERT_EQ(ways.size(), 2u);
  EXPECT_EQ(ways[0].count, 2);
  EXPECT_NE(ways[0].selectors[0].predicate, nullptr);
  EXPECT_EQ(ways[0].selectors[1].predicate, nullptr);
  EXPECT_EQ(ways[1].count, 1);
  EXPECT_EQ(ways[1].capacity.at("memory"), int64_t{10} * 1024 * 1024 * 1024 * 1000);
  EXPECT_EQ(ways[1].tolerations[0].effect, DeviceToleration::Effect::kNoExecute);
  EXPECT_EQ(claim->spec->matches, (std::vector<DeviceMatch>{{{"b"}, "resource.kubernetes.io/pcieRoot"}}));
  EXPECT_EQ(claim->spec->unread, (std::vector<std::string>{"distinctAttribute"}));
  EXPECT_TRUE(claim->allocated);
  EXPECT_EQ(claim->devices, (std::vector<DeviceId>{{{"d", "n1"}, "gpu-1"}}));
  ASSERT_TRUE(claim->nodes.has_value());
}

TEST(DecodePod, ReadsItsClaims) {
  const auto pod = DecodePod(Json::parse(R"({"metadata": {"name": "p", "namespace": "ml"},
    "spec": {"containers": [], "resourceClaims": [{"name": "a", "resourceClaimName": "x"},
      {"name": "b", "resourceClaimTemplateName": "t"}, {"name": "c", "resourceClaimTemplateName": "t"}]},
    "status": {"resourceClaimStatuses": [{"name": "b", "resourceClaimName": "p-b-1"}, {"name": "c"}]}})"));
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(*pod->shape.claims, (PodClaims{"ml", {{"a", "x", ""}, {"b", "", "t"}, {"c", "", "t"}}}));
  EXPECT_EQ(pod->made_claims->at("b"), "p-b-1");
  EXPECT_EQ(pod->made_claims->at("c"), "");
  EXPECT_TRUE(pod->shape.unmodelled.empty()) << pod->shape.unmodelled;
}

}  // namespace
}  // namespace muster
