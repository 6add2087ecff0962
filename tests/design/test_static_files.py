"""What can be proven about the visual system without a browser: contrast, weight, icons, policy, vendored files."""

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CSS = ROOT / "static" / "css"
LARGEST_CSS_BYTES = 15 * 1024
LEAST_TEXT_CONTRAST = 7.0
LEAST_EDGE_CONTRAST = 3.0

# What is written on what; each pair occurs in components.css or console.css.
TEXT_PAIRS = [
    *product(("ink", "ink-soft", "link"), ("paper", "ground", "sunk")),
    ("sure-ink", "sure"),
    ("ink", "sure-soft"),
    ("plate-ink", "plate"),
    ("plate-soft", "plate"),
    ("sure", "plate"),
    ("act-ink", "act"),
]
COLOURED_TEXT_PAIRS = [("warn", "warn-soft"), ("bad", "bad-soft"), ("bad", "paper"), ("bad-fill-ink", "bad-fill")]
EDGE_PAIRS = [("edge", "paper"), ("edge", "ground"), ("line", "paper"), ("line", "ground"), ("focus", "paper")]


def colours(theme: str) -> dict[str, str]:
    """The hexadecimal custom properties of a theme; night replaces only some of the day's."""
    text = (CSS / "tokens.css").read_text()
    day = text[: text.index("/* Night.")]
    night = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', text, re.DOTALL)
    assert night is not None
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", day))
    if theme == "night":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", night.group(1)))
    return found


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize(
    ("written", "on", "least"),
    [(*pair, LEAST_TEXT_CONTRAST) for pair in TEXT_PAIRS]
    + [(*pair, 4.5) for pair in COLOURED_TEXT_PAIRS]
    + [(*pair, LEAST_EDGE_CONTRAST) for pair in EDGE_PAIRS],
)
def test_colours_that_meet_can_be_told_apart_in_the_sun(theme: str, written: str, on: str, least: float) -> None:
    known = colours(theme)

    measured = contrast(known[written], known[on])

    assert measured >= least, f"{written} on {on} by {theme}: {measured:.2f}"


def test_night_by_choice_and_night_by_system_are_the_same() -> None:
    text = (CSS / "tokens.css").read_text()

    nights = re.findall(
        r'(?::root:not\(\[data-theme="light"\]\)|:root\[data-theme="dark"\]) \{(.*?)\}', text, re.DOTALL
    )

    by_system, by_choice = ({line.strip() for line in night.splitlines() if line.strip()} for night in nights[:2])
    assert by_system == by_choice


def test_a_driver_page_loads_at_most_fifteen_kilobytes_of_style() -> None:
    sheets = [CSS / name for name in ("tokens.css", "base.css", "components.css")]

    total = sum(len(brotli.compress(sheet.read_bytes())) for sheet in sheets)

    assert total <= LARGEST_CSS_BYTES


def test_every_icon_that_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', (ROOT / "static" / "icons" / "sprite.svg").read_text()))

    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'(?:_icon\.html" with (?:big=True )?name|icon)="([a-z-]+)"', template.read_text())
    }

    assert named
    assert named <= drawn


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_holds_what_the_content_security_policy_refuses(template: Path) -> None:
    text = template.read_text()

    assert not re.search(r"<[^>]*\sstyle=", text), "an inline style"
    assert not re.search(r"<[^>]*\son[a-z]+=", text), "an inline handler"
    assert not re.search(r"<style[\s>]", text), "a style element"
    for script in re.findall(r"<script[^>]*>", text):
        assert "nonce=" in script, script


def test_vendored_files_are_what_the_manifest_says() -> None:
    script = ROOT / "scripts" / "vendor.py"

    checked = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_what_the_map_loads_at_a_tap_stays_small() -> None:
    static = ROOT / "static"
    drawn = [static / "vendor" / "leaflet.js", static / "vendor" / "leaflet.css", CSS / "map.css"]
    modules = sorted((static / "js").glob("map*.js"))
    cells = sorted((static / "ground").glob("*.json"))

    sketch = sum(len(brotli.compress(file.read_bytes())) for file in [*drawn, *modules])
    streets = len(brotli.compress((static / "vendor" / "protomaps-leaflet.js").read_bytes()))
    heaviest = len(brotli.compress(max(cells, key=lambda cell: cell.stat().st_size).read_bytes()))

    assert sketch <= 52 * 1024
    assert sketch + streets <= 85 * 1024
    assert heaviest <= 32 * 1024
    assert len(brotli.compress((static / "js" / "map-opener.js").read_bytes())) <= 2 * 1024


def test_the_maps_libraries_are_not_evaluated_and_name_no_other_file() -> None:
    vendor = ROOT / "static" / "vendor"
    script = "".join((vendor / name).read_text() for name in ("leaflet.js", "protomaps-leaflet.js"))
    style = (vendor / "leaflet.css").read_text()

    assert not re.search(r"\beval\(|new Function|sourceMappingURL", script)
    assert not re.search(r"url\((?!#)", style)
