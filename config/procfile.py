"""Runs the Procfile's processes by honcho and starts again whichever ends.

One honcho per process: a honcho stops everything when one of its processes ends, and a worker that dies must not take
the pages with it.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from config.embedded import CHECKOUT

STOP_SECONDS = 8.0
PAUSE_SECONDS = 1.0
# Set in everything we start, so that it can be found again when its launcher was killed, and be told from
# everybody else's processes.
MARK = "SWAPLINE_PROCESS"
# Threads share a pool; Celery's forked processes must not.
OWN_VARIABLES = {"web": {"DATABASE_POOL_SIZE": "10"}}


class Procfile:
    """The Procfile's processes, of which the launcher with this folder is the only one."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self._managers: dict[str, subprocess.Popen[bytes]] = {}
        self._started_at: dict[str, float] = {}

    def start(self, name: str) -> None:
        mark = str(self._folder / name)
        _end(mark, patience_seconds=STOP_SECONDS)
        self._started_at[name] = time.monotonic()
        self._managers[name] = subprocess.Popen(
            [sys.executable, "-m", "honcho", "--env", os.devnull, "start", name],
            cwd=CHECKOUT,
            env=self._variables | OWN_VARIABLES.get(name, {}) | {MARK: mark},
            stdin=subprocess.DEVNULL,
            # A session of its own: Ctrl-C reaches the launcher alone, which then stops things in order.
            start_new_session=True,
        )

    def revive(self) -> None:
        """Start again whatever has ended, no matter why."""
        for name, manager in self._managers.items():
            # The pause keeps a process that cannot start from keeping the machine busy.
            if manager.poll() is not None and time.monotonic() > self._started_at[name] + PAUSE_SECONDS:
                sys.stderr.write(f"{name} has ended; starting it again\n")
                self.start(name)

    def stop(self) -> None:
        for manager in self._managers.values():
            _ask_to_end(manager.pid)
        for manager in self._managers.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                manager.wait(STOP_SECONDS)
        end_all(self._folder)


def _ask_to_end(manager: int) -> None:
    # honcho would signal whole families, and Celery's tasks would break off instead of finishing. Asked this way, the
    # command ends as it wants to, and its honcho after it.
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        for process in psutil.Process(manager).children(recursive=True):
            if os.getsid(process.pid) == process.pid:
                process.terminate()


def end_all(folder: Path) -> None:
    """End everything that was ever started from this folder's Procfile, also what a killed launcher left."""
    _end(f"{folder}{os.sep}", patience_seconds=STOP_SECONDS)


def _end(mark: str, *, patience_seconds: float) -> None:
    left = _marked(mark)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=patience_seconds)
    # Again from the start: what was asked to end may have started something meanwhile.
    for process in {*stubborn, *_marked(mark)}:
        with contextlib.suppress(psutil.Error):
            process.kill()
            process.wait(patience_seconds)


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            value = process.environ().get(MARK, "")
            if value == mark or (mark.endswith(os.sep) and value.startswith(mark)):
                found.append(process)
    return found
