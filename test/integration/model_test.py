# SPDX-License-Identifier: Apache-2.0
"""The scripts that hold the simulation's model of kube-scheduler to the real one."""

import json
import pathlib

import pytest

from harness.script import ScriptPlayer

SCRIPTS = sorted((pathlib.Path(__file__).resolve().parents[1] / "simulation/scripts").glob("*.json"))


@pytest.fixture(scope="module")
def player(control_plane):
    player = ScriptPlayer(control_plane)
    yield player
    player.close()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_kube_scheduler_does_as_the_script_says(cluster, player, script):
    try:
        player.play(json.loads(script.read_text()))
    finally:
        player.clean()
