# SPDX-License-Identifier: Apache-2.0
"""Only a machine that may run no containers goes without the tests on kind; whatever else keeps them from running fails."""

import os
import subprocess

import pytest

from harness.cluster import REPO


@pytest.fixture
def machine(tmp_path):
    """Runs the tests on kind where these programs end with these statuses, and no Docker engine answers."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def program(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    program("docker", "exit 1")
    program("id", "echo 0")
    # What containers need and no machine of tests is changed for.
    for name in ("mount", "mountpoint", "unshare"):
        program(name, "exit 0")

    def run(**programs):
        for name, script in programs.items():
            program(name, script)
        env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path), "DOCKER_HOST": ""}
        # The fakes are for the engine alone.
        return subprocess.run([REPO / "scripts/test", "kind_if_possible"], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)

    return run


def test_a_machine_that_may_make_no_namespaces_is_named_and_fails_nothing(machine):
    done = machine(unshare="echo unshare failed: Operation not permitted; exit 1")
    assert done.returncode == 0, done.stdout
    assert "NOT TESTED: kind" in done.stdout and "mounting is not permitted" in done.stdout


def test_whoever_is_not_root_and_has_no_engine_is_told(machine):
    done = machine(id="echo 1000", sudo='exec "$@"')
    assert done.returncode == 0, done.stdout
    assert "NOT TESTED: kind" in done.stdout and "only root" in done.stdout


def test_an_engine_that_does_not_start_is_a_failure(machine):
    done = machine(dockerd="echo no space left on device; exit 1")
    assert done.returncode != 0, done.stdout
    assert "dockerd did not start" in done.stdout and "no space left on device" in done.stdout
    assert "NOT TESTED" not in done.stdout
