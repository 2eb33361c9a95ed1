import concurrent.futures
import os
import pathlib
import sys

import pytest
import urllib3

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lab.control_plane import ControlPlane  # noqa: E402
from lab.observer import Observer  # noqa: E402
from lab.processes import wait_until  # noqa: E402

urllib3.disable_warnings()


class Cluster:
    """A control plane as one test uses it: empty at the start, observed throughout."""

    def __init__(self, plane):
        self.plane = plane
        self.core = plane.core
        self.observer = Observer(plane)

    def create_nodes(self, *nodes):
        for node in nodes:
            self.core.create_node(node)
            self.core.patch_node_status(node["metadata"]["name"], {"status": node["status"]})

    def create_pods(self, pods, interleaved=False):
        if not interleaved:
            for pod in pods:
                self.core.create_namespaced_pod("default", pod)
            return
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pod: self.core.create_namespaced_pod("default", pod), pods))

    def delete_pods(self, names):
        for name in names:
            self.core.delete_namespaced_pod(name, "default", grace_period_seconds=0)

    def bound(self, prefix=""):
        pods = self.core.list_namespaced_pod("default").items
        return {p.metadata.name: p.spec.node_name for p in pods if p.spec.node_name and p.metadata.name.startswith(prefix)}

    def wait_bound(self, prefix, count, seconds=30):
        return wait_until(lambda: (b := self.bound(prefix)) and len(b) >= count and b, seconds, f"{count} pods {prefix}* bound")

    def wait_refused(self, gang, part, seconds=20):
        def refusal():
            report = self.plane.gang(gang)
            return report and report["outcome"] == "refused" and part in report["refusal"]["text"] and report
        return wait_until(refusal, seconds, f"gang {gang} refused with '{part}'")

    def messages(self, pod):
        events = self.core.list_namespaced_event("default", field_selector=f"involvedObject.name={pod}").items
        return [e.message or "" for e in events]

    def clear(self):
        self.core.delete_collection_namespaced_pod("default", grace_period_seconds=0)
        wait_until(lambda: not self.core.list_namespaced_pod("default").items, 20, "pods deleted")
        self.core.delete_collection_node()
        self.core.delete_collection_namespaced_event("default")


def _plane(tmp_path_factory, **options):
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), **options)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    yield from _plane(tmp_path_factory)


@pytest.fixture(scope="module")
def native_plane(tmp_path_factory):
    yield from _plane(tmp_path_factory, native_gangs=True)


def _cluster(request, plane):
    cluster = Cluster(plane)
    yield cluster
    cluster.observer.stop()
    plane.proxy.release()
    for process in (plane.muster, plane.scheduler):
        if process.running is None:
            process.start()
    cluster.clear()
    report = getattr(request.node, "report", None)
    if report is not None and report.failed:
        print(plane.logs())


@pytest.fixture
def cluster(request, plane):
    yield from _cluster(request, plane)


@pytest.fixture
def native_cluster(request, native_plane):
    yield from _cluster(request, native_plane)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report = outcome.get_result()
