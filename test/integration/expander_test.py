# SPDX-License-Identifier: Apache-2.0
"""Cluster Autoscaler's call, made by a Go program with the messages of k8s.io/api, against the muster program."""

import dataclasses
import json
import os
import pathlib
import subprocess

import pytest

from harness.cluster import REPO, muster_bin
from harness.process import Process
from harness.waiting import until

FOLDER = pathlib.Path(__file__).parent / "expander"
CLUSTER = """
apiVersion: v1
kind: Node
metadata: {name: full, labels: {topology.kubernetes.io/rack: r0, karpenter.sh/capacity-type: on-demand}}
status: {allocatable: {cpu: "8", memory: 16Gi, pods: "110", nvidia.com/gpu: "0"}}
"""
MEMBER = """---
apiVersion: v1
kind: Pod
metadata:
  {name: train-%d, namespace: default, uid: uid-train-%d, labels: {muster.dev/gang: train, muster.dev/gang-size: "4"}}
spec: {containers: [{name: main, resources: {requests: {cpu: 1, nvidia.com/gpu: 8}}}]}
"""


@dataclasses.dataclass
class Server:
    words: list
    pid: int

    def cpu_seconds(self):
        """What the program has used so far, whatever else the machine does."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def client():
    program = REPO / "build/expander-client"
    program.parent.mkdir(exist_ok=True)
    subprocess.run(["go", "build", "-trimpath", "-mod=readonly", "-o", program, "."], cwd=FOLDER, check=True)
    return program


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expander")
    (folder / "cluster.yaml").write_text(CLUSTER + "".join(MEMBER % (i, i) for i in range(4)))
    # As Cluster Autoscaler wants it: TLS, by a certificate that it is told.
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=muster",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "tls.key", "-out", folder / "tls.crt"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "config.yaml").write_text(json.dumps({
        "cluster": {"files": [str(folder / "cluster.yaml")]},
        "tls": {"certificate": str(folder / "tls.crt"), "key": str(folder / "tls.key")}}))
    ports = folder / "ports"
    muster = Process("muster", [muster_bin(), "serve", "--config", folder / "config.yaml", "--http", "127.0.0.1:0",
                                "--grpc", "127.0.0.1:0", "--port-file", ports], folder / "muster.log")
    muster.start()
    try:
        until(lambda: ports.exists() and "grpc=" in ports.read_text(), 20, muster.log_end)
        grpc = dict(line.split("=") for line in ports.read_text().split())["grpc"]
        yield Server(["-address", f"127.0.0.1:{grpc}", "-cert", str(folder / "tls.crt")], muster.pid)
    finally:
        muster.kill()


def ask(client, server, *words, options=()):
    done = subprocess.run([client, *server.words, *map(str, words)], input=json.dumps(list(options)),
                          stdout=subprocess.PIPE, check=True, text=True, timeout=120)
    return json.loads(done.stdout)


def option(name, pods, nodes, **labels):
    labels = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    return {"id": name, "nodes": nodes, "gpus": 8, "pods": pods, "labels": labels}


ALL = [f"train-{i}" for i in range(4)]


@pytest.mark.parametrize("generation", ["embedded", "both", "bytes"])
def test_every_generation_gets_the_group_that_takes_the_whole_gang_in_one_rack(client, server, generation):
    options = [option("part", ALL[:3], 3), option("far", ALL, 4),
               option("rack", ALL, 4, topology_kubernetes_io__rack="r7")]
    answer = ask(client, server, "-generation", generation, options=options)
    assert (answer["error"], answer["groups"]) == ("", ["rack"])


def test_a_part_of_a_gang_alone_is_not_bought(client, server):
    answer = ask(client, server, options=[option("a", ALL[:3], 3), option("b", ALL[1:], 3)])
    assert (answer["error"], answer["groups"]) == ("", [])


def test_a_caller_without_tls_gets_no_answer(client, server):
    answer = ask(client, Server(server.words[:2], server.pid), options=[option("a", ALL, 4)])
    assert answer["error"].startswith("Unavailable: "), answer


def test_malformed_pods_fail_the_call_so_that_the_next_expander_decides(client, server):
    answer = ask(client, server, "-garbage", options=[option("a", ALL, 4)])
    assert answer["error"].startswith("InvalidArgument: ") and "pod 0" in answer["error"], answer


def test_a_hundred_megabytes_are_answered_in_time(client, server):
    answer = ask(client, server, "-padding", 25 << 20, options=[option("a", ALL, 4)])
    assert (answer["error"], answer["groups"]) == ("", ["a"])
    print(f"{answer['bytes'] >> 20} MiB: {answer['seconds']:.2f} s")


def test_a_thousand_options_of_a_thousand_pods_are_answered_in_time(client, server):
    before = server.cpu_seconds()
    answer = ask(client, server, "-many", 1000, "-deadline", "100s")
    assert answer["error"] == "" and len(answer["groups"]) == 1000
    used = server.cpu_seconds() - before
    print(f"1,000 x 1,000, {answer['bytes'] >> 20} MiB: {answer['seconds']:.2f} s, of Muster {used:.2f} s on CPU")
    # Beside other programs the machine may be slow; Cluster Autoscaler waits 5 s.
    assert used < 5
