"""Copies the browser libraries we ship from npm's packages into static/vendor: who runs Swapline needs no Node.

Run it after changing vendor/package.json:  python scripts/vendor.py
What was copied, from which version, under which licence and with which SHA-256 stands in static/vendor/MANIFEST.json;
`python scripts/vendor.py --check` compares the files with it and needs no network.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "vendor"
TARGET = ROOT / "static" / "vendor"
MANIFEST = TARGET / "MANIFEST.json"

# (package, file in it, name of the copy)
FILES = [
    ("htmx.org", "dist/htmx.min.js", "htmx.min.js"),
    ("htmx.org", "LICENSE", "htmx.LICENSE"),
    ("leaflet", "dist/leaflet.js", "leaflet.js"),
    ("leaflet", "dist/leaflet.css", "leaflet.css"),
    ("leaflet", "LICENSE", "leaflet.LICENSE"),
    ("protomaps-leaflet", "dist/protomaps-leaflet.js", "protomaps-leaflet.js"),
    ("protomaps-leaflet", "LICENSE", "protomaps-leaflet.LICENSE"),
    # It was built with these, so their licences come along (pmtiles and @protomaps/basemaps share its own).
    ("@mapbox/point-geometry", "LICENSE", "point-geometry.LICENSE"),
    ("@mapbox/vector-tile", "LICENSE.txt", "vector-tile.LICENSE"),
    ("color2k", "LICENSE", "color2k.LICENSE"),
    ("fflate", "LICENSE", "fflate.LICENSE"),
    ("pbf", "LICENSE", "pbf.LICENSE"),
    ("potpack", "LICENSE", "potpack.LICENSE"),
    ("quickselect", "LICENSE", "quickselect.LICENSE"),
    ("rbush", "LICENSE", "rbush.LICENSE"),
    # scripts/ground.py cuts the map's own ground out of this package's data, which stays out of the site.
    ("world-atlas", "LICENSE", "world-atlas.LICENSE"),
]
SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*$\n?", re.MULTILINE)
# Leaflet's pictures of markers and layers: we draw ours, and hashed static files would miss them.
PICTURE = re.compile(rb"url\(images/[^)]*\)")


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return check()
    install()
    TARGET.mkdir(parents=True, exist_ok=True)
    entries = [copy(*file) for file in FILES]
    MANIFEST.write_text(json.dumps({"files": entries}, indent=2) + "\n")
    return 0


def install() -> None:
    """Exact versions from the lock file, and nothing of theirs is executed."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch the libraries; install Node.js.")
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=SOURCE, check=True)


def copy(package: str, path: str, name: str) -> dict[str, str]:
    """One manifest entry. Addresses of source maps and pictures go: hashed static files would miss them."""
    folder = SOURCE / "node_modules" / package
    described = json.loads((folder / "package.json").read_text())
    content = PICTURE.sub(b"none", SOURCE_MAP.sub(b"", (folder / path).read_bytes()))
    (TARGET / name).write_bytes(content)
    return {
        "file": name,
        "package": package,
        "version": described["version"],
        "source": path,
        "licence": described["license"],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def check() -> int:
    entries = json.loads(MANIFEST.read_text())["files"]
    changed = [entry["file"] for entry in entries if fingerprint(entry["file"]) != entry["sha256"]]
    strangers = {path.name for path in TARGET.iterdir()} - {entry["file"] for entry in entries} - {MANIFEST.name}
    for name in changed:
        sys.stdout.write(f"{name}: not what the manifest says\n")
    for name in sorted(strangers):
        sys.stdout.write(f"{name}: not in the manifest\n")
    return 1 if changed or strangers else 0


def fingerprint(name: str) -> str:
    path = TARGET / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
