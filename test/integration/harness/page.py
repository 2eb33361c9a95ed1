# SPDX-License-Identifier: Apache-2.0
"""What docs/operations.md tells people to type, so that a test types it."""

import os
import re
import subprocess
import textwrap

from .cluster import REPO

PAGE = REPO / "docs/operations.md"


def commands(chapter, part):
    """The one block of commands below `## chapter` that contains `part`."""
    text = re.search(rf"^## {re.escape(chapter)}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    assert text, f"no chapter {chapter}"
    blocks = [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text.group(1), re.M | re.S)]
    [found] = [block for block in blocks if part in block]
    return found


def typed(script, path, kubeconfig, folder):
    """Runs commands as a person does, with the programs in `path` first, in `folder`. Returns what they print."""
    env = {**os.environ, "KUBECONFIG": str(kubeconfig), "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]])}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout
