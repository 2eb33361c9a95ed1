# SPDX-License-Identifier: Apache-2.0
"""Jobs of other projects, unchanged, whose own controllers make the pods: none starts before all have room."""

import pytest
import yaml

from harness.waiting import always, until

GPUS = 8

ONE_NODE_EACH = {"requests": {"cpu": "1", "nvidia.com/gpu": GPUS}, "limits": {"cpu": "1", "nvidia.com/gpu": GPUS}}
SMALL = {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}


def template(container, resources=ONE_NODE_EACH, **spec):
    return {"spec": {"containers": [{"name": container, "image": "busybox:1.36", "command": ["sleep"],
                                     "resources": resources}], **spec}}


def replicas(container, count, resources=ONE_NODE_EACH, **more):
    return {"replicas": count, "restartPolicy": "Never", "template": template(container, resources), **more}


def pytorch_job():
    return {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "train"}, "spec": {
        "pytorchReplicaSpecs": {"Master": replicas("pytorch", 1), "Worker": replicas("pytorch", 2)}}}


def tf_job():
    return {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "train"}, "spec": {
        "tfReplicaSpecs": {"Chief": replicas("tensorflow", 1), "PS": replicas("tensorflow", 1, SMALL),
                           "Worker": replicas("tensorflow", 2)}}}


def mpi_job(version):
    launcher, worker = replicas("mpi", 1, SMALL), replicas("mpi", 3)
    if version == "v2beta1":
        for spec in (launcher, worker):
            spec.pop("restartPolicy")
    return {"apiVersion": f"kubeflow.org/{version}", "kind": "MPIJob", "metadata": {"name": "train"}, "spec": {
        "slotsPerWorker": GPUS, "mpiReplicaSpecs": {"Launcher": launcher, "Worker": worker}}}


def job_set():
    job = {"parallelism": 3, "completions": 3, "backoffLimit": 0, "template": template("main", restartPolicy="Never")}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "train"}, "spec": {
        "replicatedJobs": [{"name": "workers", "replicas": 1, "template": {"spec": job}}]}}


def job_set_in_order():
    """A driver, and workers that JobSet creates once it is ready."""
    def job(name, pods, resources):
        spec = {"parallelism": pods, "completions": pods, "backoffLimit": 0,
                "template": template("main", resources, restartPolicy="Never")}
        return {"name": name, "replicas": 1, "template": {"spec": spec}}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "train"}, "spec": {
        "startupPolicy": {"startupPolicyOrder": "InOrder"},
        "replicatedJobs": [job("driver", 1, SMALL), job("workers", 3, ONE_NODE_EACH)]}}


def leader_worker_set(replicas=1, size=3):
    return {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "train"},
            "spec": {"replicas": replicas,
                     "leaderWorkerTemplate": {"size": size, "workerTemplate": template("main")}}}


def ray_cluster(labels):
    workers = {"groupName": "gpu", "replicas": 3, "minReplicas": 3, "maxReplicas": 3, "rayStartParams": {},
               "template": template("ray-worker")}
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster",
            "metadata": {"name": "train", "labels": labels}, "spec": {
        "rayVersion": "2.41.0", "headGroupSpec": {"rayStartParams": {}, "template": template("ray-head", SMALL)},
        "workerGroupSpecs": [workers]}}


def volcano_job():
    def task(name, count, resources):
        return {"name": name, "replicas": count, "template": template("main", resources, restartPolicy="OnFailure")}
    return {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "train"}, "spec": {
        "minAvailable": 4, "schedulerName": "default-scheduler", "queue": "default",
        "tasks": [task("master", 1, SMALL), task("worker", 3, ONE_NODE_EACH)]}}


def workflow():
    work = {"name": "work", "inputs": {"parameters": [{"name": "i"}]},
            "container": {"image": "busybox:1.36", "command": ["sleep"], "resources": ONE_NODE_EACH}}
    step = {"name": "step", "template": "work", "withItems": [0, 1, 2],
            "arguments": {"parameters": [{"name": "i", "value": "{{item}}"}]}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "train"}, "spec": {
        "entrypoint": "main", "templates": [{"name": "main", "steps": [[step]]}, work]}}


@pytest.fixture
def submit(cluster):
    """Creates a job and waits for so many pods of it; the job is deleted in the end."""
    submitted = []

    def run(job, pods):
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(job))
        submitted.append(job)
        return until_created(cluster, pods)

    yield run
    for job in submitted:
        until_gone(cluster, job)


def until_gone(cluster, job):
    """Deletes the job and all that was made for it. There are no kubelets that end pods in good order."""
    manifest = yaml.safe_dump(job)
    cluster.kubectl("delete", "-f", "-", "--cascade=foreground", "--wait=false", stdin=manifest)

    def gone():
        cluster.core.delete_collection_namespaced_pod("default", grace_period_seconds=0)
        return not cluster.kubectl("get", "-f", "-", "-o", "name", "--ignore-not-found", stdin=manifest) and not names(cluster)

    until(gone, 60, lambda: f"job and pods gone; there are {names(cluster)}", every=0.5)


def names(cluster):
    return sorted(pod.metadata.name for pod in cluster.core.list_namespaced_pod("default").items)


def until_created(cluster, count):
    until(lambda: len(names(cluster)) == count, 60, lambda: f"{count} pods of the job; there are {names(cluster)}")
    return names(cluster)


def assert_whole(cluster, pods, gang, declared_by):
    """With a node too few nothing starts; with one more all of the gang does."""
    report = until(lambda: (found := cluster.gang(gang)) and found["outcome"] == "refused" and found, 60,
                   lambda: f"a refusal with numbers; the report is {cluster.gang(gang)}")
    assert (report["declaredBy"], report["minMembers"]) == (declared_by, len(pods)), report
    always(lambda: cluster.nodes_of(pods) == {}, 1, lambda: f"bound in part: {cluster.nodes_of(pods)}")
    cluster.add_nodes("node-9", gpus=GPUS)
    cluster.until_bound(pods, seconds=60)
    assert cluster.observer.over_capacity() == []


def assert_one_by_one(cluster, pods, first):
    """So many start where there is room, and the rest with one more node."""
    until(lambda: len(cluster.nodes_of(pods)) == first, 60,
          lambda: f"{first} of {pods} bound; bound are {cluster.nodes_of(pods)}")
    cluster.add_nodes("node-9", gpus=GPUS)
    cluster.until_bound(pods, seconds=60)


@pytest.fixture(autouse=True)
def two_nodes(cluster):
    cluster.add_nodes("node-0", "node-1", gpus=GPUS)


WHOLE = {
    "pytorch_job": (pytorch_job(), 3, "train", "PyTorchJob.kubeflow.org"),
    "tf_job": (tf_job(), 4, "train", "TFJob.kubeflow.org"),
    "job_set": (job_set(), 3, "train", "JobSet.jobset.x-k8s.io"),
    "leader_worker_set": (leader_worker_set(), 3, "train-0", "LeaderWorkerSet.leaderworkerset.x-k8s.io"),
    "ray_cluster_with_gang_scheduling":
        (ray_cluster({"ray.io/gang-scheduling-enabled": "true"}), 4, "train", "RayCluster.ray.io"),
}

ONE_BY_ONE = {
    "ray_cluster_without_gang_scheduling": (ray_cluster({}), 4, 3),
    "workflow": (workflow(), 3, 2),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_job_is_bound_whole(cluster, submit, name):
    job, pods, gang, declared_by = WHOLE[name]
    assert_whole(cluster, submit(job, pods), gang, declared_by)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_pods_of_a_job_are_bound_one_by_one(cluster, submit, name):
    job, pods, first = ONE_BY_ONE[name]
    assert_one_by_one(cluster, submit(job, pods), first)


def test_each_group_of_a_leader_worker_set_is_bound_whole(cluster, submit):
    submit(leader_worker_set(replicas=2, size=2), 4)
    groups = [["train-0", "train-0-1"], ["train-1", "train-1-1"]]
    # Room for one group: one of them is whole, of the other nothing is there.
    until(lambda: sorted(len(cluster.nodes_of(group)) for group in groups) == [0, 2], 60,
          lambda: f"one group bound; bound are {[cluster.nodes_of(group) for group in groups]}")
    waiting = next(group for group in groups if not cluster.nodes_of(group))
    cluster.add_nodes("node-9", gpus=GPUS)
    always(lambda: cluster.nodes_of(waiting) == {}, 1, lambda: f"bound in part: {cluster.nodes_of(waiting)}")
    cluster.add_nodes("node-10", gpus=GPUS)
    cluster.until_bound(waiting, seconds=60)
    assert cluster.gang(waiting[0])["declaredBy"] == "LeaderWorkerSet.leaderworkerset.x-k8s.io"


def run(cluster, pod):
    """Says what a kubelet would: its containers run and are ready."""
    now = "2026-01-01T00:00:00Z"
    cluster.core.patch_namespaced_pod_status(pod, "default", {"status": {
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Ready", "ContainersReady")],
        "containerStatuses": [{"name": "main", "ready": True, "started": True, "restartCount": 0, "image": "busybox:1.36",
                               "imageID": "", "state": {"running": {"startedAt": now}}}]}})


def test_jobs_of_a_job_set_that_come_later_have_their_room_before_the_first_starts(cluster, submit):
    driver = submit(job_set_in_order(), 1)
    # Two nodes hold the driver, and not the three workers beside it.
    report = until(lambda: (found := cluster.gang("train")) and found["outcome"] == "refused" and found, 60,
                   lambda: f"a refusal; the report is {cluster.gang('train')}")
    assert "3 of them created later (workers)" in report["refusal"]["text"], report
    cluster.add_nodes("node-9", gpus=GPUS)
    cluster.until_bound(driver, seconds=60)
    run(cluster, driver[0])
    pods = until_created(cluster, 4)
    cluster.until_bound(pods, seconds=60)
    assert cluster.observer.over_capacity() == []


def test_a_volcano_job_is_bound_whole(cluster, submit):
    queue = {"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": "default"},
             "spec": {"weight": 1}}
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(queue))
    submit(volcano_job(), 0)
    group = until(lambda: cluster.kubectl("get", "podgroups.scheduling.volcano.sh", "-o", "name").strip(), 30, "a PodGroup")
    # Volcano's scheduler would let it in; kube-scheduler is the only one here.
    cluster.kubectl("patch", group, "--type=merge", "-p", '{"status":{"phase":"Inqueue"}}')
    assert_whole(cluster, until_created(cluster, 4), group.split("/")[1], "PodGroup.scheduling.volcano.sh")


@pytest.fixture
def mpi_operator(cluster):
    """The MPI operator; the kinds of the training operator are as before in the end."""
    cluster.controllers.mpi_operator()
    cluster.muster_sees_new_kinds()
    yield
    cluster.controllers.without_mpi_operator()
    cluster.muster_sees_new_kinds()


@pytest.fixture
def mpi_jobs_of_kubeflow(cluster):
    cluster.controllers.training_operator("mpijob")
    cluster.muster_sees_new_kinds()
    yield
    cluster.controllers.training_operator("pytorchjob", "tfjob")
    cluster.controllers.without_mpi_operator()
    cluster.muster_sees_new_kinds()


def test_an_mpi_job_of_the_mpi_operator_is_bound_whole(cluster, mpi_operator, submit):
    assert_whole(cluster, submit(mpi_job("v2beta1"), 4), "train", "MPIJob.kubeflow.org")


def test_an_mpi_job_of_kubeflow_is_bound_whole(cluster, mpi_jobs_of_kubeflow, submit):
    assert_whole(cluster, submit(mpi_job("v1"), 4), "train", "MPIJob.kubeflow.org")
