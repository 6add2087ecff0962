"""Makes the typefaces of PDF receipts from npm's packages: cut to what a receipt can say, into vendor/fonts.

A PDF must not depend on what is installed on the server, so it takes its letters from these files alone. Run it after
changing vendor/package.json:  python -m scripts.fonts
`python -m scripts.fonts --check` compares the files with vendor/fonts/MANIFEST.json and needs no network.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from itertools import product

from fontTools import subset  # type: ignore[import-untyped]  # ships no types

from scripts.vendor import SOURCE, install

TARGET = SOURCE / "fonts"
MANIFEST = TARGET / "MANIFEST.json"

# Spaces, digits and signs stand in every face, so that a run of one script does not change faces at each blank.
SIGNS = [*range(0x20, 0x7F), 0xA0, 0xB7, 0x2009, 0x200B, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x202F]
LATIN = [*range(0xA1, 0x180), *range(0x2010, 0x2040), *range(0x2080, 0x208A), *range(0x20A0, 0x20C0), 0x2212]
THAI = range(0x0E00, 0x0E80)
# (package, name of the file in it and here, what is kept of it)
FACES = [
    ("@expo-google-fonts/noto-sans", "NotoSans", LATIN),
    ("@expo-google-fonts/noto-sans-thai", "NotoSansThai", THAI),
    ("@expo-google-fonts/noto-sans-sc", "NotoSansSC", None),
]
WEIGHTS = ("400Regular", "700Bold")


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return check()
    install()
    TARGET.mkdir(parents=True, exist_ok=True)
    entries = []
    for (package, stem, letters), weight in product(FACES, WEIGHTS):
        entries.append(cut(package, stem, weight, letters or simplified_chinese()))
    for package, stem, _letters in FACES:
        licence = SOURCE / "node_modules" / package / "LICENSE_FONT"
        shutil.copyfile(licence, TARGET / f"{stem}.LICENSE")
    MANIFEST.write_text(json.dumps({"files": entries}, indent=2) + "\n")
    return 0


def cut(package: str, stem: str, weight: str, letters: list[int] | range) -> dict[str, str]:
    """One manifest entry. Hinting is for screens of the nineties; what shapes Thai (its layout features) stays."""
    folder = SOURCE / "node_modules" / package
    options = subset.Options(hinting=False, layout_features=["*"], notdef_outline=True)
    source = f"{weight}/{stem}_{weight}.ttf"
    font = subset.load_font(folder / source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*SIGNS, *letters])
    cutter.subset(font)
    # Otherwise every run would write another date into the file.
    font.recalcTimestamp = False
    name = f"{stem}-{weight[3:]}.ttf"
    subset.save_font(font, TARGET / name, options)
    return {
        "file": name,
        "package": package,
        "version": json.loads((folder / "package.json").read_text())["version"],
        "source": source,
        "licence": "OFL-1.1",
        "sha256": fingerprint(name),
    }


def simplified_chinese() -> list[int]:
    """The letters of GB 2312: 6,763 characters, which write nearly every address and name in China."""
    return sorted(_gb2312())


def _gb2312() -> Iterator[int]:
    for row, cell in product(range(0xA1, 0xF8), range(0xA1, 0xFF)):
        try:
            yield ord(bytes((row, cell)).decode("gb2312"))
        except UnicodeDecodeError:
            continue


def check() -> int:
    entries = json.loads(MANIFEST.read_text())["files"]
    changed = [entry["file"] for entry in entries if fingerprint(entry["file"]) != entry["sha256"]]
    strangers = {path.name for path in TARGET.glob("*.ttf")} - {entry["file"] for entry in entries}
    for name in [*changed, *sorted(strangers)]:
        sys.stdout.write(f"{name}: not what the manifest says\n")
    return 1 if changed or strangers else 0


def fingerprint(name: str) -> str:
    path = TARGET / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
