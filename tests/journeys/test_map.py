"""The map in a real browser: nothing of it before it is asked for, one choice for list and map, no trap for a thumb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from tests.booking.test_driver_find import another_station
from tests.factories.booking import Town
from tests.journeys.tile_archive import archive

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LISBON = "/?lat=38.7300&lon=-9.1400"
# Canal Street is the nearest and the soonest, then Alfama Gate; far enough apart for a pin of its own each.
CANAL_STREET = {"latitude": 38.7350, "longitude": -9.1450}
ALFAMA_GATE = {"latitude": 38.6950, "longitude": -9.2050}
MIDDLE_OF_A_TILE = """() => {
    const tile = document.querySelector("canvas.leaflet-tile-loaded");
    return [...tile.getContext("2d").getImageData(128, 128, 1, 1).data];
}"""


@pytest.fixture
def town() -> Town:
    town = Town(packs=1, name="Canal Street", **CANAL_STREET)
    another_station(town, name="Alfama Gate", **ALFAMA_GATE)
    return town


def watched(page: Page) -> tuple[list[str], list[str]]:
    """Addresses that the page asks for, and what its console complains about, from now on."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return asked, complaints


def open_map(page: Page) -> None:
    page.goto(LISBON)
    page.get_by_role("button", name="Show map").click()
    expect(pin(page, "Canal Street")).to_be_visible()


def pin(page: Page, name: str) -> Locator:
    return page.locator(".map-pin").filter(has_text=name)


def card(page: Page, name: str) -> Locator:
    """Other cards name the nearest station as well, to say why they stand before or behind it."""
    named = ", ".join(f'[data-on-map]:has({part}:text-is("{name}"))' for part in (".card-link", ".plate-more strong"))
    return page.locator(named)


def swipe_down(page: Page, *, x: float, y: float) -> None:
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in range(10, 160, 10):
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y + moved}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_nothing_of_the_map_is_loaded_before_it_is_asked_for_and_then_only_from_us(
    phones: Any, server: Any, town: Town
) -> None:
    phone = phones()
    asked, complaints = watched(phone)
    phone.goto(LISBON)
    expect(phone.get_by_role("button", name="Show map")).to_be_visible()
    before = [url for url in asked if any(word in url for word in ("leaflet", "/map.", "/ground/", "map-pins"))]

    phone.get_by_role("button", name="Show map").click()
    expect(phone.locator(".map-land")).to_be_attached()

    assert before == []
    assert any("/ground/30_-10.json" in url for url in asked)
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
    assert complaints == []


def test_without_script_there_is_no_button_that_does_nothing(phones: Any, town: Town) -> None:
    phone = phones(script=False)

    phone.goto(LISBON)

    expect(card(phone, "Alfama Gate")).to_be_visible()
    expect(phone.locator("[data-map-toggle]")).to_be_hidden()


def test_the_map_chooses_in_the_list_and_the_list_on_the_map(phones: Any, town: Town) -> None:
    phone = phones()
    open_map(phone)

    pin(phone, "Alfama Gate").click()

    expect(card(phone, "Alfama Gate")).to_contain_class("is-chosen")
    below = phone.locator("[data-map-chosen]")
    expect(below.get_by_role("heading", name="Alfama Gate")).to_be_visible()
    expect(below.get_by_role("link", name="Reserve")).to_be_in_viewport()
    card(phone, "Canal Street").get_by_role("button", name="On the map").click()
    expect(pin(phone, "Canal Street")).to_have_attribute("aria-pressed", "true")
    expect(pin(phone, "Canal Street")).to_be_focused()
    expect(pin(phone, "Canal Street")).to_be_in_viewport()
    expect(below.get_by_role("heading", name="Canal Street")).to_be_visible()
    expect(card(phone, "Alfama Gate")).not_to_contain_class("is-chosen")


def test_a_keyboard_goes_through_the_pins_in_the_lists_order_and_out_again(phones: Any, town: Town) -> None:
    phone = phones()
    phone.goto(LISBON)
    toggle = phone.locator("[data-map-toggle]")
    toggle.focus()
    phone.keyboard.press("Enter")
    expect(pin(phone, "Canal Street")).to_be_visible()

    phone.keyboard.press("Tab")
    expect(phone.locator("[data-map-view]")).to_be_focused()
    phone.keyboard.press("Tab")
    expect(pin(phone, "Canal Street")).to_be_focused()
    phone.keyboard.press("Tab")
    expect(pin(phone, "Alfama Gate")).to_be_focused()
    phone.keyboard.press("Enter")
    expect(pin(phone, "Alfama Gate")).to_have_attribute("aria-pressed", "true")
    phone.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    phone.keyboard.press("Enter")
    expect(phone.locator("[data-map-view]")).to_be_hidden()
    expect(phone.get_by_role("button", name="Show map")).to_be_visible()


def test_who_chooses_a_pin_by_ear_hears_which_and_where_its_card_is(phones: Any, town: Town) -> None:
    phone = phones()
    open_map(phone)
    pin(phone, "Alfama Gate").focus()

    phone.keyboard.press("Enter")

    expect(phone.locator("[data-map-tells]")).to_contain_text("Alfama Gate is chosen.")
    phone.keyboard.press("Enter")
    expect(phone.locator("[data-map-chosen] a").first).to_be_focused()
    assert phone.locator("[data-map-body]").get_by_role("heading").evaluate_all(
        "all => all.map(one => one.tagName)"
    ) == [
        "H2",
        "H3",
    ]


def test_no_picture_of_the_map_is_without_a_name(phones: Any, town: Town) -> None:
    phone = phones()
    open_map(phone)
    expect(phone.locator(".map-land")).to_be_attached()

    drawn = phone.locator(".map-view svg:not([aria-hidden=true], [aria-hidden=true] *)")

    expect(drawn).to_have_count(0)


def test_a_pin_that_stands_for_several_is_read_in_forced_colours(phones: Any, town: Town) -> None:
    another_station(town, name="Next Door", latitude=38.7352, longitude=-9.1452)
    phone = phones(forced_colors="active", color_scheme="dark")
    open_map(phone)

    badge = phone.locator("[data-map-count]:not([hidden])").first
    ink, ground = badge.evaluate("badge => [getComputedStyle(badge).color, getComputedStyle(badge).backgroundColor]")

    assert ink != ground


STANDS_AT = "left => Math.abs(document.querySelector('.map-here').getBoundingClientRect().x - left) < 2"


def test_arrows_move_the_map_and_plus_and_minus_zoom_it(phones: Any, town: Town) -> None:
    phone = phones(reduced_motion="reduce")
    open_map(phone)
    phone.locator("[data-map-view]").focus()
    left = phone.locator(".map-here").bounding_box()["x"]

    phone.keyboard.press("ArrowRight")

    phone.wait_for_function(STANDS_AT, arg=left - 90)
    scale = phone.locator("[data-map-scale]")
    length = scale.inner_text()
    for _time in range(8):
        phone.keyboard.press("+")
    expect(scale).not_to_have_text(length)
    for _time in range(8):
        phone.keyboard.press("-")
    phone.locator("[data-map-fit]").click()
    expect(pin(phone, "Alfama Gate")).to_be_in_viewport()


# How far the map is told to be, in the same turn of the browser's loop as the key: a glide has not begun by then.
MOVED_AT_ONCE = """key => {
    const pane = document.querySelector(".leaflet-map-pane");
    const place = () => new DOMMatrix(pane.style.transform).m41;
    const was = place();
    pane.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    return Math.round(place() - was);
}"""


@pytest.mark.parametrize(("wish", "moved"), [("reduce", -90), ("no-preference", 0)])
def test_for_who_wants_no_motion_the_map_does_not_glide(phones: Any, town: Town, wish: str, moved: int) -> None:
    phone = phones(reduced_motion=wish)
    open_map(phone)

    assert phone.evaluate(MOVED_AT_ONCE, "ArrowRight") == moved


def test_one_finger_on_the_map_scrolls_the_page(phones: Any, town: Town) -> None:
    phone = phones(has_touch=True, is_mobile=True)
    open_map(phone)
    view = phone.locator("[data-map-view]")
    view.evaluate("view => view.scrollIntoView({ block: 'center' })")
    box = view.bounding_box()
    here = "() => document.querySelector('.leaflet-map-pane').style.transform"
    scrolled, stood = phone.evaluate("scrollY"), phone.evaluate(here)

    swipe_down(phone, x=box["x"] + 20, y=box["y"] + 60)

    phone.wait_for_function("before => scrollY < before", arg=scrolled)
    assert phone.evaluate(here) == stood


def test_tiles_that_do_not_come_leave_the_ground_to_be_seen(
    phones: Any, server: Any, town: Town, settings: Settings
) -> None:
    settings.MAP_TILES, settings.MAP_ATTRIBUTION = server.url + "/no-such-tile/{z}/{x}/{y}.png", "© Somebody"
    phone = phones()
    asked, _complaints = watched(phone)

    open_map(phone)

    expect(phone.locator(".map-land")).to_be_visible()
    expect(phone.get_by_text("© Somebody")).to_be_visible()
    phone.wait_for_function("() => document.querySelectorAll('img.leaflet-tile').length > 0")
    assert any("/no-such-tile/" in url for url in asked)
    assert phone.locator("img.leaflet-tile-loaded").count() == 0


def test_vector_tiles_of_our_own_archive_are_drawn_in_the_pages_colours(
    phones: Any, town: Town, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "world.pmtiles").write_bytes(archive())
    settings.MAP_TILES = str(tmp_path / "world.pmtiles")
    phone = phones(color_scheme="dark")
    _asked, complaints = watched(phone)

    open_map(phone)

    expect(phone.locator("canvas.leaflet-tile-loaded").first).to_be_visible()
    red, green, blue, alpha = phone.evaluate(MIDDLE_OF_A_TILE)
    assert alpha == 255
    # Water by night: dark, and bluer than anything else.
    assert max(red, green) < blue < 100
    phone.evaluate("() => { document.documentElement.dataset.theme = 'light'; }")
    phone.wait_for_function(f"() => ({MIDDLE_OF_A_TILE})()[2] > 200")
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_map_has_nothing_that_keeps_somebody_out(phones: Any, town: Town, theme: str) -> None:
    phone = phones(color_scheme=theme)
    open_map(phone)
    pin(phone, "Alfama Gate").click()
    expect(phone.locator("[data-map-chosen] li")).to_be_visible()

    found = Axe().run(phone, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})

    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found.response["violations"]] == []


def test_a_map_that_does_not_arrive_says_so_and_can_be_tried_again(phones: Any, town: Town) -> None:
    phone = phones()
    phone.goto(LISBON)
    phone.route("**/leaflet*.js", lambda route: route.abort())
    toggle = phone.get_by_role("button", name="Show map")

    toggle.click()

    expect(phone.get_by_text("The map could not be loaded.")).to_be_visible()
    phone.unroute("**/leaflet*.js")
    toggle.click()
    expect(pin(phone, "Canal Street")).to_be_visible()
    expect(phone.get_by_text("The map could not be loaded.")).to_be_hidden()
