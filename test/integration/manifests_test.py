# SPDX-License-Identifier: Apache-2.0
"""Every manifest of the repository is one that the API server, kube-scheduler, Helm and Muster accept, and the chart
and the kustomizations say the same."""

import json
import os
import pathlib
import re
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml

from harness.cluster import REPO, Cluster, control_plane_bin, muster_bin
from harness.objects import permissive_crd
from harness.page import PAGE, commands, typed
from harness.process import Process
from harness.waiting import free_port, until

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
    ("priorityClass.create=false", "priorityClass.name"),
    ("config.extender.httpTimeout=5s", "config.extender.httpTimeout is 5s"),
    ("config.extender.listen=0.0.0.0:80", "config.extender.listen is 0.0.0.0:80"),
    ("config.grpc.listen=0.0.0.0:8080", "config.grpc.listen is 0.0.0.0:8080"),
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


def test_muster_and_kube_scheduler_are_told_the_same_time(helm):
    maps = {one["metadata"]["name"]: one["data"] for one in render(helm, "--set", "scheduler.httpTimeout=30s")
            if one["kind"] == "ConfigMap"}
    assert yaml.safe_load(maps["muster-config"]["config.yaml"])["extender"] == {"httpTimeout": "30s"}
    scheduler = yaml.safe_load(maps["muster-scheduler-config"]["scheduler-config.yaml"])
    assert scheduler["extenders"][0]["httpTimeout"] == "30s"


# TLS.

KEYS = {"tls.crt": "", "tls.key": "", "ca.crt": ""}


@pytest.fixture(scope="module")
def keys(cluster):
    """Secrets in a namespace of their own, which is returned: whole ones, and some that lack a file."""
    cluster.kubectl("create", "namespace", "keys")
    for name, files in {"whole": KEYS, "no-authority": {"tls.crt": "", "tls.key": ""}, "authority": {"ca.crt": ""}}.items():
        cluster.core.create_namespaced_secret("keys", {"metadata": {"name": name}, "data": files})
    return "keys"


def install(helm, cluster, namespace, *options):
    """What `helm install` would say, with its notes."""
    done = subprocess.run([helm, "--kubeconfig", cluster.admin_kubeconfig, "install", "muster", CHART, "--namespace",
                           namespace, "--dry-run=server", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize("values, missing", [
    ("tls.secret=whole", None),
    ("tls.secret=not-made-yet", None),
    ("tls.secret=no-authority", "keys/no-authority has no ca.crt"),
    ("tls.secret=whole,scheduler.tlsSecret=authority", None),
    ("tls.secret=whole,tls.askCallers=true,scheduler.tlsSecret=authority", "keys/authority has no tls.crt"),
])
def test_a_secret_with_which_kube_scheduler_would_not_start_is_refused(helm, cluster, keys, values, missing):
    accepted, said = install(helm, cluster, keys, "--set", values)
    assert accepted == (missing is None), said[-2000:]
    assert missing is None or missing in said


def test_the_notes_ask_the_leader_as_it_listens(helm, cluster, keys):
    _, said = install(helm, cluster, keys, "--set", "tls.secret=whole,tls.askCallers=true")
    assert ("muster gangs --server muster.keys.svc:9090 --ca /etc/muster-tls/ca.crt --cert /etc/muster-tls/tls.crt "
            "--key /etc/muster-tls/tls.key") in said
    _, said = install(helm, cluster, keys)
    assert "muster gangs --server muster:9090\n" in said


# The admission policy.

OWN = "muster.dev/placed-gang"
FORGED = {"apiVersion": "v1", "metadata": {"name": "forged", "annotations": {OWN: "default/other"}}}


@pytest.fixture(scope="module")
def two_releases(cluster, helm):
    """Muster of the base in namespace muster, and a release of the chart in another one; no program of the latter."""
    done = subprocess.run([helm, "template", "batch", CHART, "--namespace", "other", "--kube-version", KUBERNETES,
                           "--skip-tests"], stdout=subprocess.PIPE, check=True, text=True)
    wanted = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy",
              "ValidatingAdmissionPolicyBinding")
    cluster.kubectl("create", "namespace", "other")
    objects = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] in wanted]
    assert len(objects) == len(wanted)
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
    # A controller that may do everything, such as those that make pods of users' objects.
    cluster.kubectl("create", "clusterrolebinding", "relay", "--clusterrole=cluster-admin",
                    "--serviceaccount=other:relay")
    # Like Muster by its name only.
    cluster.kubectl("create", "clusterrolebinding", "editor", "--clusterrole=edit", "--serviceaccount=default:muster")
    return cluster


def call(cluster, user, method, path, body):
    """Status and text of a call of the admin or, as NAMESPACE:NAME, of a service account."""
    kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Authorization": "Bearer admin", "Content-Type": kind}
    if user != "admin":
        headers["Impersonate-User"] = f"system:serviceaccount:{user}"
    server = yaml.safe_load(cluster.admin_kubeconfig.read_text())["clusters"][0]["cluster"]
    context = ssl.create_default_context(cafile=server["certificate-authority"])
    request = urllib.request.Request(server["server"] + path, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def write(cluster, user, way):
    """The ways by which a pod gets an annotation."""
    pods = "/api/v1/namespaces/default/pods"
    if way == "create":
        pod = {**FORGED, "kind": "Pod", "spec": {"containers": [{"name": "main", "image": "example.com/none"}]}}
        return call(cluster, user, "POST", f"{pods}?dryRun=All", pod)
    binding = {**FORGED, "kind": "Binding", "metadata": {**FORGED["metadata"], "name": "plain"},
               "target": {"kind": "Node", "name": "nowhere"}}
    if way == "binding":
        return call(cluster, user, "POST", f"{pods}/plain/binding?dryRun=All", binding)
    if way == "legacy binding":
        return call(cluster, user, "POST", "/api/v1/namespaces/default/bindings?dryRun=All", binding)
    path = f"{pods}/plain/status" if way == "status" else f"{pods}/plain"
    return call(cluster, user, "PATCH", f"{path}?dryRun=All", {"metadata": FORGED["metadata"] | {"name": "plain"}})


@pytest.fixture(scope="module")
def plain(two_releases):
    two_releases.core.create_namespaced_pod("default", {
        "metadata": {"name": "plain"},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "main", "image": "example.com/none"}]}})
    # A policy counts some moments after it was made.
    until(lambda: write(two_releases, "admin", "create")[0] == 422, 30, "the policy in force")
    yield two_releases
    two_releases.delete(["plain"])


@pytest.mark.parametrize("way", ["create", "patch", "status", "binding", "legacy binding"])
@pytest.mark.parametrize("user", ["admin", "other:relay", "default:muster"])
def test_nobody_but_muster_writes_its_annotations_on_any_way(plain, user, way):
    status, said = write(plain, user, way)
    assert status == (422 if user != "default:muster" or "written by Muster" in said else 403), said
    assert "written by Muster alone" in said or "forbidden" in said


@pytest.mark.parametrize("user", ["muster:muster", "other:batch-muster"])
def test_each_muster_of_a_cluster_writes_its_annotations_whichever_release_brought_the_policy(plain, user):
    for way in ("binding", "status", "patch"):
        status, said = write(plain, user, way)
        assert status in (200, 201), f"{way}: {said}"


# The network policy.

def reached(helm, port, source, *options):
    """Whether the rules of the chart let `source` (one element of `from`) reach a port."""
    [policy] = [one for one in render(helm, *options) if one["kind"] == "NetworkPolicy"]
    return any(source in rule["from"] for rule in policy["spec"]["ingress"] if {"port": port} in rule["ports"])


def test_once_the_addresses_of_the_control_plane_are_named_no_pod_of_another_namespace_reaches_the_extender(helm):
    everyone, node = {"namespaceSelector": {}}, {"ipBlock": {"cidr": "192.0.2.7/32"}}
    narrowed = ("--set", "networkPolicy.extenderCIDRs={192.0.2.7/32}")
    [policy] = [one for one in render(helm, *narrowed) if one["kind"] == "NetworkPolicy"]
    sources = [source for rule in policy["spec"]["ingress"] if {"port": "http"} in rule["ports"] for source in rule["from"]]
    assert sources == [{"podSelector": {}}, node]
    assert reached(helm, "grpc", everyone, *narrowed)
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    named = "networkPolicy.metricsNamespaces.matchLabels.kubernetes\\.io/metadata\\.name=monitoring"
    assert reached(helm, "http", monitoring, *narrowed, "--set", named)
    assert not reached(helm, "http", monitoring, *narrowed)


# The operator's page.

GATE, OTHER = "muster.dev/gang", "kueue.x-k8s.io/admission"


@pytest.mark.parametrize("gates, left", [
    ([GATE], []), ([GATE, OTHER], [OTHER]), ([OTHER, GATE], [OTHER]), ([OTHER], [OTHER]), ([], []),
], ids=lambda gates: "+".join(gate.split(".")[0] for gate in gates) or "none")
def test_what_the_page_says_of_uninstalling_takes_musters_gate_alone(cluster, gates, left, tmp_path):
    cluster.core.create_namespaced_pod("default", {"metadata": {"name": "gated"}, "spec": {
        "schedulerName": "nobody", "schedulingGates": [{"name": gate} for gate in gates],
        "containers": [{"name": "main", "image": "example.com/none"}]}})
    try:
        typed(commands("Uninstall", "schedulingGates"), [cluster.bin], cluster.admin_kubeconfig, tmp_path)
        found = cluster.core.read_namespaced_pod("gated", "default").spec.scheduling_gates or []
        assert [gate.name for gate in found] == left
    finally:
        cluster.delete(["gated"])


def test_links_of_the_page_lead_somewhere():
    text = PAGE.read_text()
    anchors = {re.sub(r"[^-a-z0-9 ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.*)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]*)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (PAGE.parent / target).exists(), target


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


def probes(pods):
    """The paths that are asked of kube-scheduler."""
    containers = [c for pod in pods for c in pod["spec"]["containers"] if c["name"] == "kube-scheduler"]
    return {probe["httpGet"]["path"] for c in containers for name, probe in c.items() if name.endswith("Probe")}


def second_scheduler(helm, *options):
    objects = render(helm, "--set", "installation=second-scheduler", *options)
    return [one["spec"]["template"] for one in objects if one["kind"] == "Deployment"]


def test_kube_scheduler_answers_its_probes(cluster, helm, tmp_path):
    version = f"scheduler.tag={cluster.version()}"
    asked = probes(second_scheduler(helm, "--set", version)) | probes(
        documents(MANIFESTS / "overlays/all-pods/bootstrap-scheduler.yaml"))
    assert asked
    config = documents(MANIFESTS / "overlays/all-pods/bootstrap-scheduler-config.yaml")[0]
    config["clientConnection"]["kubeconfig"] = str(cluster.admin_kubeconfig)
    config["leaderElection"]["leaderElect"] = False
    file, port = tmp_path / "config.yaml", free_port()
    file.write_text(yaml.safe_dump(config))
    scheduler = Process("probed", [control_plane_bin() / "kube-scheduler", "--config", file, "--cert-dir", tmp_path,
                                   "--bind-address=127.0.0.1", f"--secure-port={port}"], tmp_path / "log")

    def answers(path):
        unverified = ssl._create_unverified_context()  # the scheduler makes its certificate itself
        try:
            return urllib.request.urlopen(f"https://127.0.0.1:{port}{path}", timeout=5, context=unverified).status == 200
        except OSError:
            return False

    scheduler.start()
    try:
        for path in asked:
            until(lambda: answers(path), 30, lambda: f"200 for {path}; the log ends\n{scheduler.log_end()}")
    finally:
        scheduler.kill()


@pytest.mark.parametrize("options", [["--kube-version", "v1.30.2"], ["--set", "scheduler.tag=v1.33.9"],
                                     ["--kube-version", "v1.30.2-eks-1552ad0"]])
def test_an_old_kube_scheduler_is_asked_what_it_knows(helm, options):
    """That of Kubernetes 1.30 answers /healthz alone."""
    assert probes(second_scheduler(helm, *options)) == {"/healthz"}


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
