# SPDX-License-Identifier: Apache-2.0
"""The installation in which every pod goes through Muster, and Muster's own need it not."""

import pytest

from harness.page import commands, typed
from harness.waiting import until
from jobs import job
from jobs_test import stays_waiting, until_succeeded
from nodes import CONTROL_PLANE, GPU, REPO, docker

OVERLAY = REPO / "manifests/overlays/all-pods"


def write(path, text):
    folder = path.rsplit("/", 1)[0]
    docker("exec", "-i", CONTROL_PLANE, "sh", "-c", f"mkdir -p {folder} && cat > {folder}/.new && mv {folder}/.new {path}",
           stdin=text)


def bootstrap_schedulers(nodes):
    pods = nodes.core.list_namespaced_pod("kube-system").items
    return [pod.metadata.name for pod in pods if pod.metadata.name.startswith("muster-bootstrap-scheduler")]


def start_bootstrap_scheduler(nodes):
    """As the page says, of the files of manifests/overlays/all-pods."""
    script = commands("Install on kubeadm, for all pods", "> muster-bootstrap-scheduler.yaml")
    typed(script.replace("manifests/", f"{REPO}/manifests/"), nodes.path, nodes.kubeconfig, nodes.folder)
    write("/root/muster-bootstrap-scheduler.yaml", (nodes.folder / "muster-bootstrap-scheduler.yaml").read_text())
    write("/root/bootstrap-scheduler-config.yaml", (OVERLAY / "bootstrap-scheduler-config.yaml").read_text())
    docker("exec", "-w", "/root", CONTROL_PLANE, "sh", "-ec",
           commands("Install on kubeadm, for all pods", "/etc/kubernetes/manifests/"))


def stop_bootstrap_scheduler(nodes):
    docker("exec", CONTROL_PLANE, "sh", "-ec", commands("Uninstall", "muster-bootstrap-scheduler.yaml"))
    until(lambda: not bootstrap_schedulers(nodes), 60, "no bootstrap scheduler")
    typed(commands("Uninstall", "delete lease"), nodes.path, nodes.kubeconfig, nodes.folder)


@pytest.fixture
def everything(nodes, release, team):
    """Muster for all pods; afterwards as before."""
    start_bootstrap_scheduler(nodes)
    release.upgrade(installation="all-pods")
    release.configure_scheduler()
    release.until_led()
    yield team
    nodes.configure_scheduler(None)
    release.upgrade(installation="managed-resources")
    stop_bootstrap_scheduler(nodes)
    release.configure_scheduler()
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
