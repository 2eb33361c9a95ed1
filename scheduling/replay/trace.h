// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduling/choice/room.h"

namespace muster::replay {

// A cluster and the pods that came to it, as in cluster-trace-gpu-v2023 of
// Alibaba: nodes with GPUs of one model, pods that ask for whole GPUs or for a
// part of one, some of them for certain models only.
//
// Invariant: at most kMostModels models and kMostGpus GPUs on a node.
struct Trace {
  static constexpr size_t kMostModels = 64;
  static constexpr int32_t kMostGpus = 64;

  std::vector<Room> nodes;          // empty; `kind` is the index of the GPUs' model
  std::vector<std::string> models;  // by that index
  std::vector<Ask> pods;            // `where` is a bit for each model that it may have, by that index
};

// Of pods that may have any model.
inline constexpr uint64_t kAnyModel = ~uint64_t{0};

inline bool AdmitsModel(int32_t model, uint64_t where) { return (where >> model & 1) != 0; }

// What the pod takes of the cluster's GPUs, in thousandths of one.
inline int64_t GpuMilli(const Ask& pod) { return int64_t{pod.gpus} * pod.milli; }

// All GPUs of the cluster, in thousandths of one.
int64_t Capacity(const Trace& trace);

}  // namespace muster::replay
