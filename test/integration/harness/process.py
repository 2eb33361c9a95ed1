# SPDX-License-Identifier: Apache-2.0
"""One program that is started, stopped, killed and started again."""

import ctypes
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    # An interrupted test run must not leave a control plane behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program whose output is appended to one log file, across its restarts."""

    def __init__(self, name, command, log, env=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = log
        self._env = env
        self._popen = None

    def start(self):
        assert not self.running, f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=self._env, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def running(self):
        return self._popen is not None and self._popen.poll() is None

    def check_running(self):
        assert self.running, f"{self.name} ended by itself; the end of {self.log}:\n{self.log_end()}"

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL if it does not end. Returns the exit status."""
        if self._popen is None:
            return None
        self._popen.terminate()
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        """SIGKILL: no goodbye. Returns the exit status."""
        if self._popen is None:
            return None
        self._popen.kill()
        return self._popen.wait()

    def log_end(self, lines=40):
        try:
            with open(self.log, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except FileNotFoundError:
            return "(nothing)"
