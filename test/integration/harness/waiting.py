# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, and free ports."""

import socket
import time


def until(condition, seconds, what, every=0.05):
    """Returns the first true value of condition(); fails after the deadline, naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


def always(condition, seconds, what, every=0.1):
    """Fails as soon as condition() is false during the given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), what() if callable(what) else what
        time.sleep(every)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
