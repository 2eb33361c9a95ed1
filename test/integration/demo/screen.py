# SPDX-License-Identifier: Apache-2.0
"""How the demo shows nodes and what it claims."""

import os
import sys

_COLOURS = {"grey": "90", "green": "1;32", "yellow": "1;33", "red": "1;31", "bold": "1"}
_COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(colour, text):
    return f"\033[{_COLOURS[colour]}m{text}\033[0m" if _COLOURED else text


def step(text):
    print(f"{paint('bold', '==>')} {text}", flush=True)


def picture(racks, used, letters):
    """Prints one line per rack, one letter per GPU.

    racks: rack -> node names; used: node -> {owner: GPUs}; letters: owner -> (letter, colour).
    """
    print()
    for rack, nodes in racks.items():
        cells = []
        for node in nodes:
            cell, free = "", 8
            for owner, gpus in sorted(used.get(node, {}).items()):
                letter, colour = letters[owner]
                cell += paint(colour, letter * gpus)
                free -= gpus
            cells.append(cell + paint("grey", "." * free))
        print(f"  {rack:<7}", " ".join(cells))
    legend = [f"{paint(colour, letter)} {owner}" for owner, (letter, colour) in letters.items()]
    print(f"\n  one letter is one GPU: {',  '.join(legend)},  {paint('grey', '.')} free\n", flush=True)


class Claims:
    """What the demo says came true, checked; the exit status says whether all of it did."""

    def __init__(self):
        self.failed = False

    def check(self, true, text):
        self.failed |= not true
        print(f"  {paint('green', 'yes') if true else paint('red', 'NO ')}  {text}", flush=True)
