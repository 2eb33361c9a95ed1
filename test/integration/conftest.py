# SPDX-License-Identifier: Apache-2.0
"""One control plane for all tests; each test begins with a cluster without nodes and pods."""

import pytest

from harness.cluster import Cluster
from harness.reporting import add_logs


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    add_logs(item, outcome.get_result(), lambda cluster: [process.log for process in cluster.processes[:3]])


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
