"""Google's Lighthouse, fetched when it is asked for, and one run of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "scripts" / "lighthouse"
FOLDER = ROOT / "build" / "lighthouse"
TOOL = FOLDER / "tool"
LIGHTHOUSE = TOOL / "node_modules" / "lighthouse" / "cli" / "index.js"
ATTEMPTS = 3
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Lighthouse:
    """What is needed is looked for at once, so that nobody waits for minutes to hear that it is missing."""

    def __init__(self) -> None:
        self.node = _needed("node", why="Lighthouse is written for Node.js 18 or later: https://nodejs.org")
        self.npm = _needed("npm", why="It comes with Node.js, or as a package of its own.")
        self.chromium = _needed(*BROWSERS, why="Debian, Ubuntu: apt install chromium")

    def install(self) -> None:
        """Exact versions from the lock file, and nothing of theirs is executed by installing it."""
        lock = (PINNED / "package-lock.json").read_bytes()
        installed = TOOL / "package-lock.json"
        if LIGHTHOUSE.exists() and installed.exists() and installed.read_bytes() == lock:
            return
        TOOL.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PINNED / name, TOOL / name)
        subprocess.run([self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=TOOL, check=True)

    def judge(self, url: str, *, report: str, options: list[str]) -> dict[str, Any]:
        """One run; its whole report stays under build/ for who wants to know why."""
        file = FOLDER / f"{report}.json"
        for _attempt in range(ATTEMPTS):
            try:
                said = self._run(url, file, options)
            except subprocess.CalledProcessError as failure:
                # Chromium's trace had no beginning, or the like: it says so itself, and asks to be run again.
                troubles = [str(failure)]
                continue
            troubles = _troubles(said)
            if not troubles:
                return said
        sys.exit(f"Lighthouse could not judge {url} ({file}): {'; '.join(troubles)}")

    def _run(self, url: str, file: Path, options: list[str]) -> dict[str, Any]:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        flags = " ".join(["--headless=new", "--disable-gpu", "--disable-background-networking", *sandbox])
        subprocess.run(
            [
                *(self.node, LIGHTHOUSE, url, "--quiet", "--no-enable-error-reporting", f"--chrome-flags={flags}"),
                *("--output=json", f"--output-path={file}", *options),
            ],
            env=os.environ | {"CHROME_PATH": self.chromium},
            check=True,
        )
        said: dict[str, Any] = json.loads(file.read_text())
        return said


def _troubles(said: dict[str, Any]) -> list[str]:
    """On a machine with a lot else to do, some figures cannot be told now and then."""
    if "runtimeError" in said:
        return [said["runtimeError"]["message"]]
    return [audit["errorMessage"] for audit in said["audits"].values() if "errorMessage" in audit]


def _needed(*names: str, why: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        sys.exit(f"make lighthouse needs {names[0]}, which is not here. {why}")
    return found
