// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"

// The ecosystems, each implemented in a file of its own.
namespace muster::declare {

// muster.cc: labels or annotations muster.dev/gang, muster.dev/gang-size, ...
const Ecosystem& MusterLabels();
// scheduler_plugins.cc: PodGroup.scheduling.x-k8s.io of coscheduling.
const Ecosystem& SchedulerPlugins();
// kueue_pods.cc: label kueue.x-k8s.io/pod-group-name and what is beside it.
const Ecosystem& KueuePods();
// volcano.cc: PodGroup.scheduling.volcano.sh.
const Ecosystem& Volcano();
// volcano_job.cc: the stages of Job.batch.volcano.sh.
const Ecosystem& VolcanoJob();
// volcano_min_member.cc: annotations of the pods of plain controllers.
const Ecosystem& VolcanoMinMember();
// kai.cc: PodGroup.scheduling.run.ai.
const Ecosystem& Kai();
// koordinator.cc: PodGroup.scheduling.sigs.k8s.io, or annotations alone.
const Ecosystem& Koordinator();
// yunikorn.cc: annotations that list the task groups of an application.
const Ecosystem& YuniKorn();
// leader_worker_set.cc: LeaderWorkerSet.leaderworkerset.x-k8s.io.
const Ecosystem& LeaderWorkerSet();
// job_set.cc: JobSet.jobset.x-k8s.io, also those of Kubeflow Trainer v2.
const Ecosystem& JobSet();
// kubeflow.cc: the jobs of kubeflow.org.
const Ecosystem& PyTorchJob();
const Ecosystem& TfJob();
const Ecosystem& MpiJob();
const Ecosystem& XgBoostJob();
const Ecosystem& PaddleJob();
const Ecosystem& MxJob();
const Ecosystem& JaxJob();
// ray.cc: RayCluster.ray.io.
const Ecosystem& Ray();
// spark.cc: annotations of the driver as Palantir's scheduler has them.
const Ecosystem& Spark();
// indexed_job.cc: Job.batch of which the pods have Kueue's topology annotations.
const Ecosystem& IndexedJob();
// native.cc: PodGroup.scheduling.k8s.io of Kubernetes itself.
const Ecosystem& Native();
// and its CompositePodGroup, which is of PodGroups.
const Ecosystem& NativeComposite();
// workload_ref.cc: Workload.scheduling.k8s.io as Kubernetes 1.35 had it.
const Ecosystem& WorkloadRef();
// lightweight_coscheduling.cc: labels pod-group.scheduling.sigs.k8s.io/...
const Ecosystem& LightweightCoscheduling();
// grove.cc: PodGang.scheduler.grove.io.
const Ecosystem& Grove();

}  // namespace muster::declare
