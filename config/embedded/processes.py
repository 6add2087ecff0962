"""Starting, awaiting and ending the services' processes, those of a killed predecessor included."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from config.embedded.place import CannotStartError, Place

START_SECONDS = 30
STOP_SECONDS = 20
# Nothing of the caller's environment may change how the services behave.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def start(place: Place, command: list[str | Path], *, name: str) -> subprocess.Popen[bytes]:
    """Start a command in its folder, with its output in `name`.log."""
    other = os.geteuid() == 0
    with _log(place, name).open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=place.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A session of its own, or Ctrl-C would stop the database before those who use it.
            start_new_session=True,
            user=place.account.uid if other else None,
            group=place.account.gid if other else None,
            extra_groups=[] if other else None,
        )


def finish(place: Place, command: list[str | Path], *, name: str) -> None:
    """Run a command to its end."""
    if start(place, command, name=name).wait() != 0:
        raise CannotStartError(f"{command[0]} failed:\n{_last_lines(place, name)}")


def await_answer(place: Place, process: subprocess.Popen[bytes], answers: Callable[[], bool], *, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None:
            raise CannotStartError(f"{name} ended while starting:\n{_last_lines(place, name)}")
        if time.monotonic() > deadline:
            stop(process, how=signal.SIGTERM)
            raise CannotStartError(f"{name} gives no answer within {START_SECONDS} s:\n{_last_lines(place, name)}")
        time.sleep(0.03)


def stop(process: psutil.Process | subprocess.Popen[bytes], *, how: signal.Signals) -> None:
    """Ask a process to end, and end it when it does not."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            process.kill()
            process.wait(STOP_SECONDS)


def end_predecessors(programs: Iterable[str], *, folder: Path, how: signal.Signals) -> None:
    """End what a killed run left running in `folder`.

    A number in a pid file may by now belong to anybody, so each process is asked what it is and where it works.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() in programs and process.cwd() == str(folder):
                stop(process, how=how)


def _log(place: Place, name: str) -> Path:
    return place.folder / f"{name}.log"


def _last_lines(place: Place, name: str) -> str:
    return _log(place, name).read_text(errors="replace")[-2000:]
