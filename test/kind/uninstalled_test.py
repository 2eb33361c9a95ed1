# SPDX-License-Identifier: Apache-2.0
"""Nothing is left behind, in each installation."""

import pytest
import yaml

from jobs_test import until_succeeded
from conftest import IMAGE
from harness.page import commands, typed
from harness.waiting import until
from jobs import job
from nodes import CONTROL_PLANE, REPO, run
from placing_all_test import start_bootstrap_scheduler, stop_bootstrap_scheduler
from release import NAMESPACE, RESTRICTED, Release

def left(nodes):
    """Every object whose name speaks of Muster, but for its namespace and what events remember."""
    kinds = nodes.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    kinds = ",".join(kind for kind in kinds if not kind.startswith("events") and "metrics.k8s.io" not in kind)
    found = nodes.kubectl("get", kinds, "-A", "-o", "name", "--ignore-not-found", timeout=120).split()
    return [name for name in found if "muster" in name and name != f"namespace/{NAMESPACE}"]


def until_nothing_is_left(nodes):
    """Pods end in their own time."""
    until(lambda: left(nodes) == [], 90, lambda: f"nothing left; there are {left(nodes)}", every=1)


def uninstall(nodes, release):
    """As the page says; afterwards kube-scheduler runs as kubeadm started it, and nothing of Muster is left."""
    nodes.configure_scheduler(None)
    assert nodes.scheduler_manifest() == nodes.plain_scheduler
    typed(commands("Uninstall", "helm uninstall"), nodes.path, nodes.kubeconfig, nodes.folder)


def test_uninstalling_leaves_nothing_and_kube_scheduler_goes_on(release, nodes, team):
    assert left(nodes) != []
    uninstall(nodes, release)
    until_nothing_is_left(nodes)
    plain = job("plain", members=2, gpus=1, seconds=1)
    plain["spec"]["template"]["metadata"]["labels"] = {}
    team.create(plain)
    until_succeeded(team, "plain")


def test_an_installation_for_all_pods_leaves_nothing_either(nodes, team):
    start_bootstrap_scheduler(nodes)
    # With --wait: its pods are placed by the scheduler that was started before.
    everything = Release(nodes, IMAGE, installation="all-pods", service={})
    everything.install()
    everything.configure_scheduler()
    everything.until_led()
    team.create(job("train", members=16, gpus=1, seconds=2))
    until_succeeded(team, "train")
    uninstall(nodes, everything)
    stop_bootstrap_scheduler(nodes)
    until_nothing_is_left(nodes)


def test_kustomize_installs_what_the_page_says_and_takes_it_away(nodes, team):
    folder = nodes.folder / "page"
    folder.mkdir()
    (folder / "manifests").symlink_to(REPO / "manifests")
    repository, tag = IMAGE.split(":")
    script = commands("Install with kustomize", "kubectl apply -k")
    script = script.replace("REGISTRY/muster", repository).replace("newTag: 0.1.0", f"newTag: {tag}")
    typed(script, nodes.path, nodes.kubeconfig, folder)
    typed(commands("Install with kustomize", "scheduler-config.yaml"), nodes.path, nodes.kubeconfig, folder)
    nodes.configure_scheduler((folder / "scheduler-config.yaml").read_text())
    team.create(job("train", members=16, gpus=1, seconds=2))
    until_succeeded(team, "train")
    nodes.configure_scheduler(None)
    nodes.kubectl("delete", "-k", folder / "my-muster", "--timeout=120s")
    # The namespace was one of its objects.
    nodes.core.create_namespace({"metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    until_nothing_is_left(nodes)


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
