# SPDX-License-Identifier: Apache-2.0
"""Nothing is left behind, in each installation."""

import yaml

from jobs_test import until_succeeded
from conftest import IMAGE
from jobs import job
from nodes import CONTROL_PLANE
from release import NAMESPACE, Release

PLAIN_SCHEDULER = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf}
"""


def left(nodes):
    """Every object whose name speaks of Muster, but for its namespace and what events remember."""
    kinds = nodes.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    kinds = ",".join(kind for kind in kinds if not kind.startswith("events") and "metrics.k8s.io" not in kind)
    found = nodes.kubectl("get", kinds, "-A", "-o", "name", "--ignore-not-found", timeout=120).split()
    return [name for name in found if "muster" in name and name != f"namespace/{NAMESPACE}"]


def test_uninstalling_leaves_nothing_and_kube_scheduler_goes_on(release, nodes, team):
    assert left(nodes) != []
    nodes.configure_scheduler(PLAIN_SCHEDULER)
    release.uninstall()
    assert left(nodes) == []
    plain = job("plain", members=2, gpus=1, seconds=1)
    plain["spec"]["template"]["metadata"]["labels"] = {}
    team.create(plain)
    until_succeeded(team, "plain")


def test_a_second_scheduler_places_the_gangs_that_name_it(nodes, team):
    pod = yaml.safe_load(nodes.kubectl("-n", "kube-system", "get", "pod", f"kube-scheduler-{CONTROL_PLANE}", "-o", "yaml"))
    image, tag = pod["spec"]["containers"][0]["image"].rsplit(":", 1)
    second = Release(nodes, IMAGE, installation="second-scheduler", service={}, scheduler={"image": image, "tag": tag})
    second.install()
    try:
        second.until_led()
        team.create(job("train", members=16, gpus=1, seconds=2, scheduler="muster-scheduler"))
        until_succeeded(team, "train")
        assert len({p.spec.node_name for p in team.pods("train")}) == 2
    finally:
        second.uninstall()
    assert left(nodes) == []
