# SPDX-License-Identifier: Apache-2.0
"""One control plane with the controllers of other projects; each test begins without jobs, pods and nodes."""

import pytest

from controllers import Controllers
from harness.cluster import Cluster

_LOG_LINES = 30


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if report.failed and cluster is not None:
        for log in sorted(cluster.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
            report.sections.append((f"end of {log.name}", "\n".join(lines)))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("ecosystems"))
    cluster.controllers = Controllers(cluster)
    try:
        cluster.start()
        cluster.controllers.install()
        cluster.muster_sees_new_kinds()
        yield cluster
    finally:
        cluster.controllers.stop()
        cluster.stop()


@pytest.fixture
def cluster(control_plane):
    control_plane.reset()
    yield control_plane
    control_plane.controllers.check_running()
