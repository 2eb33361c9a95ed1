# SPDX-License-Identifier: Apache-2.0
"""Nothing is left behind, in each installation."""

import pytest
import yaml

from jobs_test import until_succeeded
from conftest import IMAGE
from harness.waiting import until
from jobs import job
from nodes import CONTROL_PLANE, run
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


def until_nothing_is_left(nodes):
    """Pods end in their own time."""
    until(lambda: left(nodes) == [], 90, lambda: f"nothing left; there are {left(nodes)}", every=1)


def test_uninstalling_leaves_nothing_and_kube_scheduler_goes_on(release, nodes, team):
    assert left(nodes) != []
    nodes.configure_scheduler(PLAIN_SCHEDULER)
    release.uninstall()
    until_nothing_is_left(nodes)
    plain = job("plain", members=2, gpus=1, seconds=1)
    plain["spec"]["template"]["metadata"]["labels"] = {}
    team.create(plain)
    until_succeeded(team, "plain")


def make_keys(folder, name):
    """An authority, and a certificate for a name that it has signed, in files as a secret has them."""
    def openssl(*arguments):
        run("openssl", *arguments)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", folder / "tls.key", "-out", folder / "tls.csr")
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    openssl("x509", "-req", "-in", folder / "tls.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", folder / "names", "-out", folder / "tls.crt")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_second_scheduler_places_the_gangs_that_name_it(nodes, team, tls, tmp_path):
    pod = yaml.safe_load(nodes.kubectl("-n", "kube-system", "get", "pod", f"kube-scheduler-{CONTROL_PLANE}", "-o", "yaml"))
    image, tag = pod["spec"]["containers"][0]["image"].rsplit(":", 1)
    second = Release(nodes, IMAGE, installation="second-scheduler", service={}, scheduler={"image": image, "tag": tag},
                     tls={"secret": "keys" if tls else "", "askCallers": tls})
    if tls:
        make_keys(tmp_path, f"muster.{NAMESPACE}.svc")
        files = [f"--from-file={tmp_path / file}" for file in ("ca.crt", "tls.crt", "tls.key")]
        nodes.kubectl("-n", NAMESPACE, "create", "secret", "generic", "keys", *files)
    second.install()
    try:
        second.until_led()
        assert "Succeeded" in nodes.helm("test", "muster", "--namespace", NAMESPACE, "--timeout", "60s")
        team.create(job("train", members=16, gpus=1, seconds=2, scheduler="muster-scheduler"))
        until_succeeded(team, "train")
        assert len({p.spec.node_name for p in team.pods("train")}) == 2
    finally:
        second.uninstall()
    until_nothing_is_left(nodes)
