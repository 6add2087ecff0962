"""Files as production serves them: under hashed names, modules among themselves as well, and asked for in one go."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.test import Client

from config.static_files import HashedStorage
from tests.factories.booking import Town

JS = settings.BASE_DIR / "static" / "js"
IMPORT = re.compile(r"""(?:^import .* from |\bimport\()"\./([\w.-]+)\"""", re.MULTILINE)
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.js$)")


def imported_by(module: Path) -> set[str]:
    return set(IMPORT.findall(module.read_text()))


def with_all_imports(names: set[str]) -> set[str]:
    further = set().union(*(imported_by(JS / name) for name in names)) - names
    return with_all_imports(names | further) if further else names


@pytest.fixture
def collected(tmp_path: Path) -> HashedStorage:
    shutil.copytree(JS, tmp_path / "js")
    storage = HashedStorage(location=str(tmp_path), base_url="/static/")
    files = {f"js/{path.name}": (FileSystemStorage(str(tmp_path)), f"js/{path.name}") for path in JS.glob("*.js")}
    assert all(done for _name, _hashed, done in storage.post_process(files))
    return storage


def test_modules_import_each_other_by_hashed_names(collected: HashedStorage) -> None:
    plain = {path.name: imported_by(path) for path in JS.glob("*.js")}

    hashed = {name: imported_by(Path(collected.path(collected.stored_name(f"js/{name}")))) for name in plain}

    assert plain["live.js"] == {"clock.js", "link.js", "place.js", "spoken.js"}
    for name, modules in plain.items():
        assert {HASH.sub("", module) for module in hashed[name]} == modules
        assert all(HASH.search(module) for module in hashed[name])
        assert all(collected.exists(f"js/{module}") for module in hashed[name])


@pytest.mark.django_db
def test_a_page_asks_at_once_for_all_modules_that_it_will_want(client: Client) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    client.force_login(asha.driver)

    for path in (f"/b/{asha.public_id}/", f"/b/{asha.public_id}/late/", "/?lat=38.73&lon=-9.14"):
        page = client.get(path).content.decode()
        run = set(re.findall(r'<script type="module" src="/static/js/([\w.-]+)"', page))
        told = set(re.findall(r'<link rel="modulepreload" href="/static/js/([\w.-]+)"', page))

        assert run, path
        assert told == with_all_imports(run) - run, path
