"""Keeps one command of the Procfile running: starts it again whenever it ends.

honcho stops everything when one of its processes ends. A worker that dies must instead be back a second later,
and must not outlive the one who started it.
"""

import os
import signal
import subprocess
import sys
import time
from types import FrameType

PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 4.0


class Stopped(Exception):
    """Somebody asked us to end."""


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    parent = os.getppid()
    try:
        while True:
            child = subprocess.Popen(command)
            try:
                _wait(child, parent)
            finally:
                _end(child)
            sys.stderr.write(f"{command[0]} ended with {child.returncode}; starting it again\n")
            time.sleep(PAUSE_SECONDS)
    except Stopped:
        return 0


def _wait(child: subprocess.Popen[bytes], parent: int) -> None:
    while child.poll() is None:
        if os.getppid() != parent:
            raise Stopped
        time.sleep(0.2)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _stop(number: int, frame: FrameType | None) -> None:
    # Asked once is enough; a second signal must not interrupt the ending.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
