# SPDX-License-Identifier: Apache-2.0
"""One control plane with the controllers of other projects; each test begins without jobs, pods and nodes."""

import pytest

from controllers import Controllers
from harness.cluster import Cluster
from harness.reporting import add_logs

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    add_logs(item, outcome.get_result(), lambda cluster: sorted(cluster.folder.glob("*.log")))


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
