# SPDX-License-Identifier: Apache-2.0
"""The installation in which every pod goes through Muster, and Muster's own need it not."""

import pytest
import yaml

from harness.waiting import until
from jobs import job
from jobs_test import stays_waiting, until_succeeded
from nodes import CONTROL_PLANE, GPU, REPO, docker

OVERLAY = REPO / "manifests/overlays/all-pods"
STATIC_POD = "/etc/kubernetes/manifests/muster-bootstrap-scheduler.yaml"


def write(path, text):
    folder = path.rsplit("/", 1)[0]
    docker("exec", "-i", CONTROL_PLANE, "sh", "-c", f"mkdir -p {folder} && cat > {folder}/.new && mv {folder}/.new {path}",
           stdin=text)


def bootstrap_schedulers(nodes):
    pods = nodes.core.list_namespaced_pod("kube-system").items
    return [pod.metadata.name for pod in pods if pod.metadata.name.startswith("muster-bootstrap-scheduler")]


@pytest.fixture
def everything(nodes, release, team):
    """As manifests/overlays/all-pods says; afterwards as before."""
    write("/etc/kubernetes/muster/bootstrap-scheduler-config.yaml",
          (OVERLAY / "bootstrap-scheduler-config.yaml").read_text())
    pod = yaml.safe_load((OVERLAY / "bootstrap-scheduler.yaml").read_text())
    own = nodes.core.read_namespaced_pod(f"kube-scheduler-{CONTROL_PLANE}", "kube-system")
    pod["spec"]["containers"][0]["image"] = own.spec.containers[0].image
    write(STATIC_POD, yaml.safe_dump(pod))
    release.upgrade(installation="all-pods")
    release.configure_scheduler()
    release.until_led()
    yield team
    release.upgrade(installation="managed-resources")
    release.configure_scheduler()
    docker("exec", CONTROL_PLANE, "rm", STATIC_POD)
    # Its lease is its own work, and is left when it ends.
    until(lambda: not bootstrap_schedulers(nodes), 60, "no bootstrap scheduler")
    nodes.kubectl("-n", "kube-system", "delete", "lease", "muster-bootstrap-scheduler", "--ignore-not-found")
    release.until_led()


def without_devices(name, members):
    """A gang that asks for nothing of which managedResources could speak."""
    made = job(name, members=members, gpus=0, seconds=2)
    del made["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"][GPU]
    return made


def test_gangs_without_devices_are_whole_and_muster_starts_without_muster(everything, nodes, release, observer):
    team = everything
    team.create(without_devices("plain", 6))
    until_succeeded(team, "plain")
    assert observer.longest_partial("plain", 6) <= 2.0

    nodes.kubectl("-n", release.namespace, "scale", "deployment/muster", "--replicas=0")
    until(lambda: not release.pods(), 60, "no Muster")
    team.create(without_devices("waits", 2))
    stays_waiting(team, "waits", seconds=3)
    # With nobody to ask: kube-scheduler could not place these.
    nodes.kubectl("-n", release.namespace, "scale", "deployment/muster", "--replicas=2")
    nodes.kubectl("-n", release.namespace, "rollout", "status", "deployment/muster", "--timeout=90s")
    until_succeeded(team, "waits")
