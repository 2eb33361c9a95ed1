# SPDX-License-Identifier: Apache-2.0
"""One control plane for all tests; each test begins with a cluster without nodes and pods."""

import pytest

from harness.cluster import Cluster

_LOG_LINES = 40


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if report.failed and cluster is not None:
        for process in cluster.processes[:3]:
            report.sections.append((f"end of {process.log}", process.log_end(_LOG_LINES)))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("control-plane"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def cluster(control_plane):
    control_plane.reset()
    return control_plane
