# SPDX-License-Identifier: Apache-2.0
"""Every manifest of the repository is one that the API server, kube-scheduler, Helm and Muster accept, and the chart
and the kustomizations say the same."""

import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

from harness.cluster import REPO, Cluster, control_plane_bin, muster_bin
from harness.objects import permissive_crd

MANIFESTS = REPO / "manifests"
CHART = MANIFESTS / "helm/muster"
INSTALLATIONS = ["managed-resources", "all-pods", "second-scheduler"]
KUBERNETES = "v1.37.2"


# scheduling.k8s.io/v1beta1 came with 1.37.
_MINOR = int(os.environ.get("K8S_VERSION", "1.37").split(".")[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """One with Kubernetes' own PodGroups, where it has them."""
    own = {"feature_gates": "GenericWorkload=true", "runtime_config": "scheduling.k8s.io/v1beta1=true"}
    cluster = Cluster(tmp_path_factory.mktemp("manifests"), **(own if _MINOR >= 37 else {}))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def helm():
    built = subprocess.run([REPO / "test/kind/programs", "helm"], stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(built.stdout.strip()) / "helm"


def render(helm, *options, ok=True):
    """The objects of the chart, or what is wrong with its values."""
    done = subprocess.run([helm, "template", "muster", CHART, "--namespace", "muster", "--kube-version", KUBERNETES,
                           "--skip-tests", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not ok:
        assert done.returncode != 0, "the values are accepted"
        return done.stderr
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def documents(path):
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


# The chart.

@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_helm_finds_nothing_to_complain_about(helm, installation):
    done = subprocess.run([helm, "lint", "--strict", CHART, "--set", f"installation={installation}"],
                          stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values, named", [
    ("installation=everything", "/installation"),
    ("replicas=0", "/replicas"),
    ("replica=3", "'replica'"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("priorityClass.value=2000000000", "/priorityClass/value"),
    ("scheduler.httpTimeout=60", "/scheduler/httpTimeout"),
    ("scheduler.managedResources={gpu}", "/scheduler/managedResources/0"),
    ("service.clusterIP=muster.example.com", "/service/clusterIP"),
    ("installation=all-pods,scheduler.ownPods=", "scheduler.ownPods"),
])
def test_helm_refuses_values_that_make_no_sense_and_names_them(helm, values, named):
    assert named in render(helm, "--set", values, ok=False)


def _paths(values, prefix=()):
    for key, value in values.items():
        yield (*prefix, key)
        if isinstance(value, dict):
            yield from _paths(value, (*prefix, key))


def test_every_value_is_documented_and_in_the_schema():
    lines = (CHART / "values.yaml").read_text().splitlines()
    schema = json.loads((CHART / "values.schema.json").read_text())
    missing = []
    for path in _paths(yaml.safe_load((CHART / "values.yaml").read_text())):
        place = schema
        for key in path:
            place = place.get("properties", {}).get(key) if place else None
        if place is None and path[0] not in ("affinity", "resources") and path[:2] != ("scheduler", "resources"):
            missing.append(f"{'.'.join(path)} is not in the schema")
    for number, line in enumerate(lines):
        # What goes without a comment is a field of Kubernetes' own, below a value of ours that has one.
        key = re.match(r"(| {2})([A-Za-z]+):", line)
        if key and key.group(2) not in ("requests", "limits", "nodeAffinity"):
            if not lines[number - 1].strip().startswith("#"):
                missing.append(f"line {number + 1}: {key.group(2)} has no comment")
    assert missing == []


# The chart and the kustomizations.

def _comparable(objects):
    """By kind and name; without what each tool adds, and with the text of configurations read."""
    found = {}
    for one in objects:
        text = json.dumps(one)
        # Of kustomize's generator: a suffix for each content.
        text = re.sub(r'(muster(?:-scheduler)?-config)-[a-z0-9]{10}"', r'\1"', text)
        one = json.loads(text)
        for labels in (one["metadata"], one.get("spec", {}).get("template", {}).get("metadata", {}) if
                       isinstance(one.get("spec"), dict) else {}):
            for key in ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version"):
                labels.get("labels", {}).pop(key, None)
            labels.get("annotations", {}).pop("muster.dev/config", None)
            for key in ("labels", "annotations"):
                if not labels.get(key):
                    labels.pop(key, None)
        if one["kind"] == "ConfigMap":
            one["data"] = {key: yaml.safe_load(text) for key, text in one["data"].items() if key != "options.yaml"}
        found[one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]] = one
    return found


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_the_overlay_and_the_chart_make_the_same_objects(helm, cluster, installation):
    overlay = MANIFESTS / "overlays" / installation
    by_kustomize = _comparable(yaml.safe_load_all(cluster.kubectl("kustomize", overlay)))
    by_helm = _comparable(render(helm, "--set", f"installation={installation}"))
    # The namespace is Helm's own to make; its ConfigMaps hold what a kustomization has as files.
    by_kustomize.pop(("Namespace", None, "muster"))
    config = by_helm["ConfigMap", "muster", "muster-scheduler-config"]["data"]["scheduler-config.yaml"]
    assert config == yaml.safe_load((overlay / "scheduler-config.yaml").read_text())
    for objects in (by_kustomize, by_helm):
        for key in [key for key in objects if key[0] == "ConfigMap"]:
            del objects[key]
    assert by_kustomize.keys() == by_helm.keys()
    for key, one in by_kustomize.items():
        assert one == by_helm[key], key


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_muster_accepts_the_configuration_of_the_chart(helm, installation, tmp_path):
    maps = {one["metadata"]["name"]: one["data"] for one in render(helm, "--set", f"installation={installation}")
            if one["kind"] == "ConfigMap"}
    file = tmp_path / "config.yaml"
    file.write_text(maps["muster-config"]["config.yaml"])
    printed = subprocess.run([muster_bin(), "serve", "--config", file, "--print-config"], stdout=subprocess.PIPE,
                             check=True, text=True).stdout
    options = yaml.safe_load(printed)
    wanted = "muster-scheduler" if installation == "second-scheduler" else "default-scheduler"
    assert options["gangs"]["schedulerNames"] == [wanted]
    assert yaml.safe_load(maps["muster-config"]["options.yaml"]).keys() == options.keys()
    # Both must say the same.
    assert options["extender"]["httpTimeout"] == "1m"
    assert yaml.safe_load(maps["muster-scheduler-config"]["scheduler-config.yaml"])["extenders"][0]["httpTimeout"] == "60s"


# What the real programs say.

SCHEDULER_CONFIGS = sorted(MANIFESTS.rglob("*scheduler-config.yaml"))


@pytest.mark.parametrize("path", SCHEDULER_CONFIGS, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_kube_scheduler_accepts_the_configuration(cluster, path, tmp_path):
    config = documents(path)[0]
    config["clientConnection"]["kubeconfig"] = str(cluster.admin_kubeconfig)
    file, written = tmp_path / "config.yaml", tmp_path / "written.yaml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run([control_plane_bin() / "kube-scheduler", "--config", file, "--write-config-to", written],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
    assert len(documents(written)[0].get("extenders") or []) == (0 if "bootstrap" in path.name else 1)


# Files that are no objects of a cluster.
NO_OBJECTS = ("kustomization.yaml", "config.yaml")
# Of Kubernetes 1.35, whose Workload other releases don't have, and of 1.37.
OF_RELEASES = {"kubernetes-1.35-workload.yaml": 35, "kubernetes-pod-group.yaml": 37}
OBJECTS = sorted(path for path in MANIFESTS.rglob("*.yaml")
                 if CHART not in path.parents and not path.name.endswith(NO_OBJECTS)
                 and OF_RELEASES.get(path.name, _MINOR) == _MINOR)


def _served(cluster):
    """(apiVersion, kind) of all that the API server knows."""
    lines = cluster.kubectl("api-resources", "--no-headers").splitlines()
    return {(words[-3], words[-1]) for words in map(str.split, lines) if len(words) >= 4}


def _prepare(cluster, objects):
    """Definitions of the kinds that this API server does not know, and the namespaces in which the objects are."""
    served = _served(cluster)
    crds = {}
    for one in objects:
        group, _, version = one["apiVersion"].rpartition("/")
        if (one["apiVersion"], one["kind"]) not in served:
            assert "." in group and group != "scheduling.k8s.io", f"{one['apiVersion']} has no kind {one['kind']}"
            plural = re.sub("y$", "ie", one["kind"].lower()) + "s"
            crds[group, plural] = permissive_crd(group, version, one["kind"], plural)
    if crds:
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(crds.values()))
        cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=20s")
    for namespace in {one["metadata"].get("namespace", "default") for one in objects} - {"default", "kube-system"}:
        cluster.kubectl("apply", "-f", "-", stdin=f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}")


def _items(objects):
    for one in objects:
        yield from one["items"] if one["kind"].endswith("List") else [one]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_the_api_server_accepts_the_objects(cluster, path):
    objects = list(_items(documents(path)))
    assert objects, "no objects"
    _prepare(cluster, objects)
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump_all(objects))


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_the_api_server_accepts_what_the_chart_makes(cluster, helm, installation):
    for one in render(helm, "--set", f"installation={installation}"):
        cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(one))
