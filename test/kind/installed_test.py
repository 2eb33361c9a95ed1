# SPDX-License-Identifier: Apache-2.0
"""Muster is installed by Helm, and confined."""

from conftest import IMAGE
from harness.waiting import until
from nodes import docker
from release import NAMESPACE


def test_two_replicas_run_on_two_nodes_under_restricted_pod_security(release, nodes):
    pods = release.pods()
    assert [p.status.phase for p in pods] == ["Running", "Running"]
    assert len({p.spec.node_name for p in pods}) == 2
    labels = nodes.core.read_namespace(NAMESPACE).metadata.labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_program_has_no_user_of_weight_no_capability_and_nowhere_to_write(release):
    for pod in release.pods():
        number, status = release.process(pod)
        said = {key: status[key].split() for key in ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
        assert set(said["Uid"] + said["Gid"]) == {"65532"}, said
        assert said["CapEff"] == said["CapBnd"] == ["0" * 16], said
        assert said["NoNewPrivs"] == ["1"] and said["Seccomp"] == ["2"], said
        mounts = docker("exec", pod.spec.node_name, "cat", f"/proc/{number}/mounts").splitlines()
        root = next(line.split() for line in mounts if line.split()[1] == "/")
        assert "ro" in root[3].split(","), root


def test_the_image_is_small(release):
    size = int(docker("image", "inspect", "-f", "{{.Size}}", IMAGE))
    assert size < 80e6, f"{size / 1e6:.1f} MB"


def test_helm_test_finds_the_leader(release, nodes):
    said = nodes.helm("test", release.name, "--namespace", release.namespace, "--timeout", "60s")
    assert "Succeeded" in said, said


def test_the_annotations_by_which_muster_remembers_are_refused_from_others(release, nodes):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": "forged", "namespace": "default", "annotations": {"muster.dev/placed-gang": "default/other"}},
        "spec": {"containers": [{"name": "main", "image": "example.com/none"}]}}

    def refused():
        # An admission policy counts some moments after it was made.
        try:
            nodes.core.create_namespaced_pod("default", pod, dry_run="All")
            return None
        except Exception as error:
            return str(error.body)

    assert "written by Muster alone" in until(refused, 30, "a refusal")
    pod["metadata"]["annotations"] = {"muster.dev/gang": "own"}
    nodes.core.create_namespaced_pod("default", pod, dry_run="All")
