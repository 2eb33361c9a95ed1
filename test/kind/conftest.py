# SPDX-License-Identifier: Apache-2.0
"""One cluster of kind for all tests, in the order in which they stand: an operator's life with Muster."""

import os
import pathlib
import time

import pytest

import jobs
from harness.observer import Observer
from nodes import GPU, NAME, WORKERS, Nodes, docker, run
from release import NAMESPACE, RESTRICTED, Release

REPO = pathlib.Path(__file__).resolve().parents[2]
IMAGE, NEXT_IMAGE = "muster:kind", "muster:kind-next"
# What most examples name, and what runs here instead of it.
EXAMPLES_IMAGE = "busybox:1.36"
TEAM = "team"


@pytest.fixture(scope="session")
def log(request):
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    began = time.monotonic()

    def write(what, since=began):
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"  {what}: {time.monotonic() - since:.0f} s")

    return write


@pytest.fixture(scope="session")
def nodes(tmp_path_factory, log):
    cluster = Nodes(tmp_path_factory.mktemp("kind"), log)
    try:
        cluster.start()
        began = time.monotonic()
        cluster.will_replace(IMAGE, NEXT_IMAGE, jobs.IMAGE, EXAMPLES_IMAGE)
        run(REPO / "scripts/image", "--program", os.environ["MUSTER_BIN"], IMAGE)
        docker("tag", IMAGE, NEXT_IMAGE)
        cluster.worker_image(jobs.IMAGE, EXAMPLES_IMAGE)
        cluster.load(IMAGE, NEXT_IMAGE, jobs.IMAGE, EXAMPLES_IMAGE)
        log("images made and loaded", began)
        for namespace in (NAMESPACE, TEAM):
            cluster.core.create_namespace({"metadata": {"name": namespace, "labels": RESTRICTED}})
        yield cluster
    finally:
        if not os.environ.get("KEEP_CLUSTER"):
            cluster.stop()


@pytest.fixture(scope="session")
def release(nodes, log):
    """Muster, installed, and the cluster's kube-scheduler told of it."""
    began = time.monotonic()
    muster = Release(nodes, IMAGE)
    muster.install()
    muster.configure_scheduler()
    muster.until_led()
    log("Muster installed, kube-scheduler configured", began)
    return muster


@pytest.fixture(scope="session")
def observer(nodes):
    watch = Observer(nodes.core)
    yield watch
    watch.stop()


@pytest.fixture
def team(nodes, release, observer):
    """Jobs of a namespace under restricted Pod Security; afterwards nothing of them is left."""
    observer.forget()
    yield jobs.Jobs(nodes, TEAM)
    nodes.kubectl("-n", TEAM, "delete", "jobs,resourcequotas", "--all", "--cascade=foreground", "--timeout=60s")
    over = observer.over_capacity(int(WORKERS[f"{NAME}-worker"]["devices"][GPU]))
    assert over == [], f"nodes with more than their GPUs in use: {over}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    release = getattr(item, "funcargs", {}).get("release")
    if report.failed and release is not None:
        for pod in release.pods():
            text = release._nodes.kubectl("-n", release.namespace, "logs", pod.metadata.name, "--tail=40", check=False)
            report.sections.append((f"end of the log of {pod.metadata.name} on {pod.spec.node_name}", text))
